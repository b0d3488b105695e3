#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 12: version N swapped for another one of the same writer, well signed, below
# a cut: for a client that has seen neither.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
other = team.fork()
team.push(team.writer, "production", "right")
other.push(team.writer, "production", "WRONG")
team.revoke(team.writer)
lie = other.with_log_of(team)
hostile.show(lie)
Victim(team.reader, team).refuses("record_cut", 5, n=2)

# ... and further down, where the next version hangs on the true one
team.push(team.admin, "production", "right again")
lie = team.fork()
lie.records["production"][1] = other.records["production"][1]
lie.blobs["production", 2] = other.blobs["production", 2]
hostile.show(lie)
victim = Victim(team.reader, team)
victim.refuses("record_cut", 5, "pull", "--version", "2", n=2)
hostile.honest()
victim.reads("right again")
done()
