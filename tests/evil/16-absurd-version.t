#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 16: version 2^53-1 is shown to an admin without pins, who would cut there and
# so end the environment. A head has to be linked to the last cut or to version 1.
import base64
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
lie = team.fork()
body, _ = lie.record(team.writer, "production", "WRONG", version=MAX_NUM, prev=sha(b"x"))
lie.records["production"].append(body["record"])
hostile.show(lie)
boss = Victim(team.admin, team)
revoke = "revoke-device", "--id", team.reader.id, "--yes"
boss.refuses("record_link", 5, *revoke)
hostile.lie("secrets/records", lambda call: call.reply.update(
    {name: call.reply[name][-1:] for name in ("records", "secrets")}))
boss.refuses("record_link", 5, *revoke)
# a colleague's commit says that he has seen it: that links it to nothing
write(boss.dir + "/.vault-heads", "vault-heads-v2 %s\nlog 1 %s\nenv production %d %s\n" % (
    team.id, team.log.hashes[1].hex(), MAX_NUM, sha(base64.b64decode(body["record"])[:-64]).hex()))
boss.refuses("record_link", 5, *revoke)
same(len(lie.texts), len(team.texts), "no entry was signed")
os.unlink(boss.dir + "/.vault-heads")
hostile.honest()
boss.must(*revoke)
team.catch_up()
same(team.log.cuts["production"][0][1], 1, "the true server's version is cut at")
done()
