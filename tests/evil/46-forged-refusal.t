#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 46: "revoked" or "VAULT_KEY was replaced" forged, so that caches are wiped or
# people ask for a new key. Only the log proves either.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
for status, code in (403, "device_removed"), (401, "vault_key_replaced"):
    def without_mac(call):
        call.answer(status, {"error": "x", "code": code})
        call.mac = ""

    hostile.lie(".*", without_mac)
    print("# %s by somebody on the way" % code)
    victim.reads("right", said=", from its cache")
    Victim(team.reader, team).refuses("reply_mac", 4)
    hostile.honest()
    print("# %s by the server, which shows no proof" % code)
    for log in None, [], team.texts:
        hostile.lie("secrets/pull", lambda call: call.answer(status, dict(
            {"error": "x", "code": code}, **({} if log is None else dict(
                log=log[call.body["log_have"]:], log_count=len(team.texts), more=False)))))
        victim.says(3, r"refuses \(%s\) and shows no proof" % code)
        hostile.honest()
    ok(os.path.exists(victim.cache()), "the cache is kept")
    hostile.lie(".*", hang_up)
    victim.reads("right", said=", from its cache")
    hostile.honest()

print("# what only this machine can find out, said by the server: the next VAULT_KEY, of "
      "which there is one copy")
admin = Victim(team.admin, team)
admin.must("rotate-key", "--prepare")
secret = read(admin.path("next"))
hostile.lie("log/read", lambda call: call.answer(403, {"error": "x", "code": "key_replaced"}))
admin.says(3, "refused", "rotate-key", "--yes")
ok(os.path.exists(admin.path("next")) and read(admin.path("next")) == secret,
   "it is kept, whatever the server says")
hostile.honest()

print("# a refusal is none that the cache stands in for")
hostile.lie("secrets/pull", lambda call: call.answer(403, {"error": "x", "code": "key_replaced"}))
victim.says(3, "refused")
ok("key_replaced" not in victim.load().stderr, "nor is it told as proven")
hostile.honest()

done()
