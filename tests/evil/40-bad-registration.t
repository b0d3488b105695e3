#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 40: a registration whose name plays with the admin's terminal, with another
# device's request id, and with a replaced VAULT_KEY.
from evil import *

team = EvilTeam()
for name in "a\x1b[2Jb", "a\nb", "a\u009bb", "a\u202eb", "a\u200bb":
    d = team.machine(name)
    same(team.code(d, "devices/register", team.joining(d)), "400 bad_form",
         "the name %s" % ascii(name))

# Another's request id: a secret with the same request key there is not, so it is
# the statement that lies, or the key given.
thief = team.machine("thief")
stolen = dict(team.joining(thief), request_key=team.writer.key(team.vk).hex())
same(team.code(thief, "devices/register", stolen, key=team.writer.key(team.vk)),
     "400 register_request_key", "a registration with another's request key")
thief.key = lambda vk: team.writer.key(vk)
thief.request_key = lambda vk, url: team.writer.request_key(vk, url)
same(team.code(thief, "devices/register", team.joining(thief)), "400 register_request_key",
     "... which its statement names as well")
team.push(team.writer, "production", "right")
same(team.value(team.writer, "production"), "right", "... whose it remains")

old = team.vk
team.rotate()
late = team.machine("late")
status, reply = team.send(late, "devices/register", team.joining(late, vk=old), vk=old)
same((status, reply.get("code"), "log" in reply), (401, "vault_key_replaced", False),
     "a registration with a replaced VAULT_KEY, which is shown no log")
Victim(late, team, key=team.key_text(old)).says(
    3, r"refuses \(vault_key_replaced\) and shows no proof", "register-device")
done()
