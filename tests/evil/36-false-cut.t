#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 36: an admin cuts at version 0, below an earlier cut, or beside it.
from evil import *

team = EvilTeam()
mates = [team.admit(name, READER, ["*"]) for name in ("mate", "mate 2")]
team.push(team.writer, "production", "one")
team.push(team.writer, "production", "right")
one = sha(split(team.records["production"][0])[0])
team.revoke(mates[0])
victim = Victim(team.reader, team)
victim.reads("right")
for what, code, cut in (("version 0", "bad_form", (0, ZERO)), ("below", "log_cut", (1, one)),
                        ("beside", "log_cut", (2, one))):
    print("# " + what)
    lie = team.fork()
    lie.force(team.admin, REVOKE, device=mates[1].id, cuts=[("production",) + cut])
    hostile.show(lie)
    victim.refuses(code, 5, seq=len(team.texts))
hostile.honest()
victim.reads("right")
done()
