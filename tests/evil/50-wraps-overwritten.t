#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 50: who read a writer's registration in open TLS has its request key, and
# puts rubbish in place of everybody's wraps. A wrap that is there stays.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
stolen = bytes.fromhex(team.joining(team.writer)["request_key"])
kid = key_id(team.id, "production", team.data["production"]).hex()
rubbish = [dict(key_id=kid, device_id=d.id, wrap=b64(secrets.token_bytes(80)))
           for d in (team.admin, team.writer, team.reader)]
status, reply = team.send(None, "keys/add", dict(environment="production", wraps=rubbish),
                          key=stolen)
same((status, reply), (200, {"added": 0}), "not one is replaced")
for d in team.admin, team.writer, team.reader:
    same(team.value(d, "production"), "right", d.name + " reads on")
rubbish[0]["key_id"] = "ab" * 32
same(team.code(None, "keys/add", dict(environment="production", wraps=rubbish[:1]), key=stolen)[:3],
     "400", "nor is one kept for a key that no record names")
done()
