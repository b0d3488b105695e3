#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 31: entries by an admin's device secret alone: revoke all, admit, rotate.
# VAULT_KEY has to sign each as well.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
false = team.new_key()
for kind, fields in ((ADMIT, team.block(team.machine("WRONG"), ADMIN, ["*"])),
                     (REVOKE, dict(device=team.reader.id, cuts=team.cut("production"))),
                     (CHANGE, dict(device=team.reader.id, role=WRITER, envs=["*"], expires=0,
                                   cache_s=0, fresh_s=0, cuts=[])),
                     (ROTATE, dict(join=false.join, old_psk=bytes(60), cuts=team.cut("production")))):
    entry = team.entry(team.admin, kind, second=false, **fields)
    same(team.code(team.admin, "log/append", dict(entry=entry, wraps=[])), "400 log_join",
         "the true server refuses kind %d" % kind)
    lie = team.fork()
    lie.force(team.admin, kind, second=false, **fields)
    hostile.show(lie)
    victim.refuses("log_join", 5, seq=len(team.texts))
hostile.honest()
victim.reads("right")
done()
