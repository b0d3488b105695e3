#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 39: the server invents a device that waits for approval, or exchanges the keys
# or the name of a true one. Both signatures and the id tell: it is not listed.
from evil import *

team = EvilTeam()
laptop, invented = team.machine("laptop"), team.machine("WRONG invented")
team.must(laptop, "devices/register", team.joining(laptop))
boss = Victim(team.admin, team)
ok("laptop" in boss.must("list-devices"), "a true one is listed")
true = unb64(team.joining(laptop)["registration"])
s, sigs = decode(REGISTER, true[:-128], "vault-register-v2"), true[-128:]


def again(**fields):
    return b64(encode(REGISTER, dict(s, **fields)) + sigs)


def shown_as(text, **fields):
    return lambda devices: [dict(d, registration=text, **fields) if d["status"] == "pending" else d
                            for d in devices]


for what, code, text, fields in (
        ("invented whole", "register_join", team.joining(invented, vk=team.new_key())[
            "registration"], dict(id=invented.id)),
        ("another's keys", "register_device_id", again(sign=invented.sign, box=invented.box), {}),
        ("another name", "register_signature", again(name="WRONG name"), {}),
        ("another's id", "register_device_id", again(device=invented.id), dict(id=invented.id))):
    print("# " + what)
    hostile.lie("devices/list", edit("devices", shown_as(text, **fields)))
    listed = boss.must("list-devices")
    ok("pending" not in listed, "it is not listed", listed)
    boss.refuses(code, 3, "approve-device", "--id", fields.get("id", laptop.id), "--role", "reader",
                 "--env", "*")
    hostile.honest()
team.catch_up()
same(len(team.texts), 3, "nobody was admitted")
done()
