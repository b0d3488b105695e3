#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 2: an older version to a client with pins; one below a cut to a client
# without any.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "WRONG, the old one")
old = team.fork()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
hostile.show(old)
victim.refuses("record_rollback", 5, got=1, seen=2)

team.revoke(team.writer)
hostile.show(old.with_log_of(team))
Victim(team.reader, team).refuses("record_rollback", 5, got=1, seen=2)
victim.refuses("record_rollback", 5, got=1, seen=2)
hostile.honest()
victim.reads("right")
done()
