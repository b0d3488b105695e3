#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 20: the server keeps the wraps of a push that it refused, for a device that is
# removed meanwhile. Each attempt makes a data key of its own.
from evil import *

team = EvilTeam()
leaver = team.admit("leaver", READER, ["*"])
other = team.admit("other", READER, ["*"])
team.push(team.writer, "production", "one")
team.revoke(other)                  # so the next push takes a new data key
attempts = []


def first_removed_then_asked(call):
    attempts.append(call.body)
    if len(attempts) == 1:
        team.revoke(leaver)


hostile.lie("secrets/push", first_removed_then_asked)
victim = Victim(team.writer, team)
victim.env_file("A=right")
victim.must("push", "--replace", "--yes")
hostile.honest()
same(len(attempts), 2, "the first attempt came too late")
team.catch_up()
kept, final = attempts
wraps = {w["device_id"]: w["wrap"] for w in kept["wraps"]}
ok(leaver.id in wraps, "its wraps were for the device that is removed, too")
same(sorted(w["device_id"] for w in final["wraps"]), sorted(team.log.readers("production")),
     "those of the second are for who is left")
s = decode(RECORD, split(kept["record"])[0], "vault-record-v2")
data = hpke_open(leaver.box_secret, wrap_info(team.id, "production", s["key_id"], leaver.id),
                 team.vk.psk, team.vk.join, b"", unb64(wraps[leaver.id]))
try:
    unseal(content_key(team.id, "production", data), blob_aad(
        team.id, "production", 2, s["key_id"]), unb64(final["secrets"]), "blob_open")
    ok(False, "it opens what was stored")
except Refused:
    ok(True, "what it was given opens nothing that was stored")
Victim(team.reader, team).reads("right")
done()
