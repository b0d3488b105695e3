#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 4: the same version with another content, signed by a writer who may.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
other = team.fork()
team.push(team.writer, "production", "right")
other.push(team.writer, "production", "WRONG")
victim = Victim(team.reader, team)
victim.reads("right")
hostile.show(other)
victim.refuses("record_fork", 5, n=2)
other.push(team.writer, "production", "WRONG as well")
victim.refuses("record_fork", 5, n=2)
hostile.honest()
victim.reads("right")
done()
