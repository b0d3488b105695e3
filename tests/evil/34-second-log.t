#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 34: a second history from the same root, by an admin who plays with the
# server.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
other = team.fork()
team.admit("mate", READER, ["*"])
other.admit("other mate", READER, ["*"])
other.push(team.admin, "production", "WRONG")
victim = Victim(team.reader, team)
victim.reads("right")
hostile.show(other)
victim.refuses("record_log", 5, n=2)
other.admit("one more", READER, ["*"])
victim.refuses("log_fork", 5, seq=3)
hostile.honest()
victim.reads("right")
done()
