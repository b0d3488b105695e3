#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 17: a version made up in a removed writer's name is shown to an admin, to be
# cut at. The signature is looked at before the rights.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
team.revoke(team.writer)
boss = Victim(team.admin, team)
revoke = "revoke-device", "--id", team.reader.id, "--yes"
lie = team.fork()
lie.push(team.reader, "production", "WRONG", author=team.writer.id, new_key=True)
hostile.show(lie)
boss.refuses("record_signature", 5, *revoke, n=2)
same(len(lie.texts), len(team.texts), "no entry was signed")
hostile.honest()
boss.must(*revoke)
done()
