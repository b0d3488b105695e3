#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 49: who can write to the database gives the reader's request key to the
# writer. It is sealed for one device: the server says so and answers nobody by it.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
key = request_id(team.reader.key(team.vk)).hex()
sql("update vault.member_keys set member_id = '%s' where project_id = '%s' and key_id = '\\x%s'"
    % (team.writer.id, team.id, key))
body = team.record(team.writer, "production", "WRONG")[0]
for path, what in ("secrets/push", body), ("secrets/pull", dict(environment="production", log_have=0)):
    same(team.code(team.reader, path, what), "503 server_key_replaced", path + " by the moved key")
Victim(team.reader, team).says(4, "Server key replaced")
ok(team.id in read(FOLDER + "/log/vault.log"), "the operator finds it in the log")
same(team.value(team.writer, "production"), "right", "the others go on")
done()
