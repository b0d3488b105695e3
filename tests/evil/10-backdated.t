#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 10: a version by a revoked writer, backdated to before its revocation; one
# that it signed before, and published after.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
signed, made = team.record(team.writer, "production", "WRONG, signed before", new_key=True)
before = dict(log_seq=len(team.texts) - 1, log_hash=team.log.hashes[-1])
victim = Victim(team.reader, team)
victim.reads("one")
team.revoke(team.writer)

late = team.fork()
late.stored("production", signed, made)
hostile.show(late)
victim.refuses("record_cut", 5, n=2)
Victim(team.reader, team).refuses("record_cut", 5, n=2)

lie = team.fork()
lie.push(team.writer, "production", "WRONG, backdated", new_key=True, at=now() - DAY, **before)
hostile.show(lie)
victim.refuses("record_cut", 5, n=2)
Victim(team.reader, team).refuses("record_cut", 5, n=2)
hostile.honest()
team.push(team.admin, "production", "right")
victim.reads("right")
done()
