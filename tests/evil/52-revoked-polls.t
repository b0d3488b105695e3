#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 52: a revoked device asks on, to learn who joins. The log that it is shown ends
# at its own revocation, and its cache is wiped.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
team.revoke(team.reader)
end = len(team.texts)
team.admit("newcomer", READER, ["*"])
for path, body in (("log/read", {"log_have": 0}), ("secrets/heads", {"log_have": 0}),
                   ("secrets/current-version", {"environment": "production"}),
                   ("secrets/pull", {"environment": "production", "log_have": 1})):
    status, reply = team.send(team.reader, path, body)
    same((status, reply["code"], reply["log_count"], reply["log"]), (
        403, "device_removed", end, team.texts[body.get("log_have", 0):end]), path)
old = team.vk
team.rotate()
status, reply = team.send(team.reader, "log/read", {"log_have": 0}, vk=old)
same((status, reply["code"], reply["log"]), (401, "vault_key_replaced", team.texts[:end]),
     "... nor does it end later when VAULT_KEY was replaced since")
victim.refuses("device_revoked", 3)
same(read(victim.path("log")).splitlines(), team.texts[:end], "its log ends there")
ok(not os.path.exists(victim.cache()), "its cache is gone")
victim.refuses("device_revoked", 3)
done()
