#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 30: entries by a writer, a reader, a stranger and a revoked admin.
from evil import *

team = EvilTeam()
left = team.admit("left", ADMIN, ["*"])
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
team.revoke(left)
for by in team.writer, team.reader, team.machine("stranger"), left:
    for kind, fields in ((ADMIT, team.block(team.machine("WRONG"), ADMIN, ["*"])),
                         (REVOKE, dict(device=team.admin.id, cuts=[])),
                         (ROTATE, dict(join=bytes(32), old_psk=bytes(60), cuts=[]))):
        lie = team.fork()
        lie.force(by, kind, **fields)
        hostile.show(lie)
        print("# kind %d by %s" % (kind, by.name))
        victim.refuses("log_author", 5, seq=len(team.texts))
Victim(team.reader, team).refuses("log_author", 5, seq=len(team.texts))
hostile.honest()
victim.reads("right")
done()
