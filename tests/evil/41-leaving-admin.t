#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 41: a leaving admin uses the secret of a machine that it had printed for it.
# Whoever removes an admin removes what that admin admitted, and replaces VAULT_KEY.
from evil import *

team = EvilTeam()
leaving = team.admit("leaving", ADMIN, ["*"])
team.push(team.writer, "production", "right")
ci = team.admit("ci", READER, ["*"], by=leaving)
other = team.admit("other", READER, ["*"], by=leaving)
old = team.vk
Victim(ci, team).reads("right")
for d in leaving, ci:
    team.revoke(d)
team.rotate()
ask = dict(environment="production", log_have=0)
same(team.code(ci, "secrets/pull", ask, vk=old), "401 vault_key_replaced", "by the old VAULT_KEY")
same(team.code(ci, "devices/register", team.joining(ci, vk=old), vk=old), "401 vault_key_replaced",
     "... also by a new registration")
team.send(ci, "devices/register", team.joining(ci))
same(team.code(ci, "secrets/pull", ask), "403 device_removed",
     "by the new one, should it have that")
Victim(ci, team, key=team.key_text(old)).refuses("device_revoked", 3)
same(team.code(other, "secrets/pull", ask, vk=old), "401 vault_key_replaced",
     "one that was forgotten has the old VAULT_KEY only")
done()
