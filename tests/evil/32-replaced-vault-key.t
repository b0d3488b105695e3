#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 32: entries by a VAULT_KEY that was replaced; a rotation signed by the new
# one only.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
old, before = team.vk, team.fork()
team.rotate()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
for kind, fields in ((ADMIT, team.block(team.machine("WRONG"), ADMIN, ["*"])),
                     (REVOKE, dict(device=team.reader.id, cuts=team.cut("production")))):
    lie = team.fork()
    lie.force(team.admin, kind, second=old, **fields)
    hostile.show(lie)
    print("# kind %d by the replaced VAULT_KEY" % kind)
    victim.refuses("log_join", 5, seq=len(team.texts))

mine = team.new_key()
lie = team.fork()
lie.force(team.admin, ROTATE, second=mine, join=mine.join, old_psk=bytes(60),
          cuts=team.cut("production"))
hostile.show(lie)
victim.refuses("log_join", 5, seq=len(team.texts))
# who has the new key already, and never saw the old one
before.force(team.admin, ROTATE, second=team.vk, join=team.vk.join, old_psk=bytes(60),
             cuts=before.cut("production"))
hostile.show(before)
Victim(team.reader, team).refuses("log_join", 5, seq=len(before.texts) - 1)
hostile.honest()
victim.reads("right")
done()
