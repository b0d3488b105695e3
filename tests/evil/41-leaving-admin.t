#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 41: a leaving admin uses the secret of a machine that it had printed for it.
# Whoever removes an admin removes what that admin let in, and replaces VAULT_KEY.
from evil import *

team = EvilTeam()
leaving = team.admit("leaving", ADMIN, ["*"])
team.push(team.writer, "production", "right")
printed = Victim(leaving, team).must("enroll", "--env", "production", "--name", "ci", "--yes")
ci = team.machine("ci", secret=re.search("VAULT_DEVICE_SECRET=([0-9a-f]{64})", printed)[1])
team.catch_up()
victim = Victim(ci, team)
victim.reads("right")
boss, old = Victim(team.admin, team), team.vk
boss.must("revoke-device", "--id", leaving.id, "--admitted-by", leaving.id, "--yes")
new = re.search("^VAULT_KEY=(.*)$", read(boss.dir + "/.env"), re.M)[1].strip("'\"")
ok(new.split("_")[2] != old.secret.hex(), "VAULT_KEY was replaced")
team.vk = VaultKey(new)
team.catch_up()
ask = dict(environment="production", log_have=0)
for d in leaving, ci:
    same(team.code(d, "secrets/pull", ask, vk=old), "401 vault_key_replaced", "by the old VAULT_KEY")
    same(team.code(d, "devices/register", team.joining(d, vk=old), vk=old),
         "401 vault_key_replaced", "... also by a new registration")
    team.send(d, "devices/register", team.joining(d))
    same(team.code(d, "secrets/pull", ask), "403 device_removed",
         "by the new one, should it have that")
victim.refuses("device_revoked", 3)
ok(not os.path.exists(victim.cache()), "its cache is gone")
done()
