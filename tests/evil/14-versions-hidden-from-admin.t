#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 14: the newest versions are hidden from the admin who revokes, so the cut is
# too low. Whoever has pinned them sees it.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
old = team.fork()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
old.revoke(team.writer)             # what the admin's client made of what it saw
lie = team.with_log_of(old)
hostile.show(lie)
victim.refuses("record_cut", 5, truth=lie, n=2)
old.push(team.admin, "production", "WRONG, after the false cut")
hostile.show(old)
r = victim.refuses("record_fork", 5, truth=lie, n=2)

hostile.honest()
print("# what the device could read cannot be found out: that is not nothing")
team = EvilTeam()
team.push(team.writer, "production", "right")
boss = Victim(team.admin, team)
boss.must("verify")
hostile.lie("keys/read", lambda call: call.answer(403, {"error": "x", "code": "x"}))
r = boss.run("revoke-device", "--id", team.reader.id, "--yes", "--json")
ok(r.returncode == 3 and '"exposed":null' in r.stdout, "exit code 3, and no empty list",
   r.returncode, r.stdout, r.stderr)
hostile.honest()
team.catch_up()
ok(team.log.devices[team.reader.id]["revoked"], "it is revoked all the same")

print("# an admin is removed, and the rest then fails: VAULT_KEY is replaced all the same")
team = EvilTeam()
team.push(team.writer, "production", "right")
mate = team.admit("mate", ADMIN, ["*"])
boss = Victim(team.admin, team)
key = read(boss.dir + "/.env")
left = [1]


def fails_once(call):
    if left and any(c.path == "log/append" for c in hostile.calls):
        left.pop()
        call.answer(403, {"error": "x", "code": "x"})


hostile.lie("secrets/heads", fails_once)
r = boss.run("revoke-device", "--id", mate.id, "--yes")
ok(r.returncode == 3 and not left, "exit code 3", r.returncode, r.stdout, r.stderr)
ok(read(boss.dir + "/.env").split("VAULT_URL")[0] != key.split("VAULT_URL")[0],
   "VAULT_KEY is another one")
hostile.honest()
r = boss.run("revoke-device", "--id", mate.id, "--yes")
ok(r.returncode == 0 and "run: vault-env rotate-key --leaked" in r.stderr,
   "run again, it says what may be left", r.returncode, r.stdout, r.stderr)
done()
