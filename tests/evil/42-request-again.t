#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 42: a request sent again on another path, with another body or method; a
# write on the same path, which is done once.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
key, at, nonce = team.writer.key(team.vk), now(), secrets.token_bytes(16)
body, made = team.record(team.writer, "production", "WRONG")
text = json.dumps(dict(body, project_id=team.id, environment="production", log_have=0))
header = request_header(key, "POST", "/api/v2/secrets/push", at, nonce, text)
again = dict(header=header, key=key)
same(team.code(team.writer, "secrets/pull", text, **again), "401 request_mac", "on another path")
same(team.code(team.writer, "secrets/push", text.replace("{", "{ ", 1), **again),
     "401 request_mac", "with another body")
same(team.code(team.writer, "secrets/push", text, method="PUT", **again), "405 method_not_allowed",
     "with another method")
header = request_header(key, "PUT", "/api/v2/secrets/push", at, nonce, text)
same(team.code(team.writer, "secrets/push", text, header=header, key=key), "401 request_mac",
     "... the MAC being another method's")

body, made = team.record(team.writer, "production", "right again")
same(team.must(team.writer, "secrets/push", body, at=at, nonce=nonce), {"version": 2}, "a push")
for _ in range(3):
    same(team.must(team.writer, "secrets/push", body, at=at, nonce=nonce), {"version": 2},
         "the same bytes again: the first answer")
same(sql("select count(*) from vault.records where project_id = '%s'" % team.id), "2",
     "... and nothing is stored")
done()
