#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 11: the server hides a revocation for a while; the victim takes a version of
# the revoked writer, as it must. As soon as it sees the revocation it refuses what
# it has pinned itself, from the server and from its cache.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
frozen = team.fork()
team.revoke(team.writer)
frozen.push(team.writer, "production", "of the revoked writer")
victim = Victim(team.reader, team)
hostile.show(frozen)
r = victim.load()
same((r.returncode, "A=of the revoked writer" in victim.child()), (0, True),
     "in the freeze it reads what the writer says")
seen = frozen.with_log_of(team)
hostile.show(seen)
victim.refuses("record_cut", 5, truth=seen, n=2)
victim.refuses("record_cut", 5, "run", "--offline", "--", "sh", "-c", "env >child",
               truth=seen, where="The cache", n=2)
done()
