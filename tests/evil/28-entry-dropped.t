#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 28: entries of the list of devices dropped, doubled, exchanged.
from evil import *

team = EvilTeam()
other = team.fork()
team.admit("mate", READER, ["*"])
other.admit("false mate", READER, ["*"])
team.push(team.writer, "production", "right")
tail = team.entry(team.admin, ADMIT, **team.block(team.machine("x"), READER, ["*"]))
victim = Victim(team.reader, team)
for what, code, change in (
        ("dropped", "log_gap", lambda log: log[:1] + log[2:]),
        ("doubled", "log_gap", lambda log: log[:2] + log[1:]),
        ("exchanged", "log_gap", lambda log: [log[0], log[2], log[1]] + log[3:]),
        ("without the first", "log_gap", lambda log: log[1:]),
        ("of another history", "log_link", lambda log: log[:3] + other.texts[3:] + [tail])):
    print("# " + what)
    hostile.lie("secrets/pull", edit("log", change))
    victim.refuses(code, 5)
    hostile.honest()
victim.reads("right")
done()
