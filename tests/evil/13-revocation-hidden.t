#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 13: a revocation is hidden, and a version by somebody who had seen it is
# shown.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
victim = Victim(team.reader, team)
victim.reads("one")
before = team.fork()
team.revoke(team.writer)
team.push(team.admin, "production", "WRONG without its list of devices")
hostile.show(team.with_log_of(before))
victim.refuses("record_log", 5, n=2)
Victim(team.reader, team).refuses("record_log", 5, n=2)
done()
