#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 35: an admin admits a revoked device again, gives an id other keys, revokes
# the last admin.
from evil import *

team = EvilTeam()
left = team.admit("left", READER, ["*"])
team.revoke(left)
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
stranger = team.machine("stranger")
for what, code, kind, fields in (
        ("revoked is final", "log_device_known", ADMIT, team.block(left, READER, ["*"])),
        ("an admin twice", "log_device_known", ADMIT, team.block(team.writer, ADMIN, ["*"])),
        ("other keys", "log_device_id", ADMIT, dict(team.block(stranger, READER, ["*"]),
                                                    box=left.box)),
        ("revoked twice", "log_device_unknown", REVOKE, dict(device=left.id, cuts=[])),
        ("an admin with an end", "log_scope", ADMIT, team.block(stranger, ADMIN, ["*"], now())),
        ("no admin is left", "log_last_admin", REVOKE, dict(device=team.admin.id, cuts=team.cut(
            "production")))):
    print("# " + what)
    entry = team.entry(team.admin, kind, **fields)
    same(team.code(team.admin, "log/append", dict(entry=entry, wraps=[])), "400 " + code,
         "the true server refuses it")
    lie = team.fork()
    lie.force(team.admin, kind, **fields)
    hostile.show(lie)
    victim.refuses(code, 5, seq=len(team.texts))
hostile.honest()
victim.reads("right")
done()
