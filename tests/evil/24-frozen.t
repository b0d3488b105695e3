#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 24: an environment is frozen for a device that wants fresh versions; a writer
# dates one ahead so that it stays fresh.
from evil import *

team = EvilTeam()
picky = team.admit("picky", READER, ["*"], fresh_s=3600)
team.push(team.writer, "production", "right")
victim = Victim(picky, team)
victim.reads("right")
for at, what in (now() - 3700000, "an hour old"), (now() + 400000, "dated ahead"):
    lie = team.fork()
    lie.push(team.writer, "production", "WRONG by now", at=at)
    hostile.show(lie)
    print("# " + what)
    victim.refuses("record_stale", 3)
hostile.honest()
victim.reads("right")
done()
