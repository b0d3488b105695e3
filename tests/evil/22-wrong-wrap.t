#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 22: the wrap of another device, data key, environment or generation; an
# ephemeral key of low order.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
team.push(team.writer, "staging", "another")
old = team.vk
team.rotate()
team.push(team.writer, "production", "right")
env, data, me = "production", team.data["production"], team.reader
kid = key_id(team.id, env, data)


def sealed(device=me, key=kid, place=env, vk=team.vk):
    return hpke_seal(secrets.token_bytes(32), device.box, wrap_info(team.id, place, key, device.id),
                     vk.psk, vk.join, b"", data)


lies = [("another device's", "wrap_open", dict(wrap=sealed(team.writer))),
        ("of another data key", "wrap_open", dict(wrap=sealed(key=bytes(32)))),
        ("of another environment", "wrap_open", dict(wrap=sealed(place="staging"))),
        ("by the replaced VAULT_KEY", "wrap_open", dict(wrap=sealed(vk=old))),
        ("said to be of before the rotation", "wrap_open", dict(generation=0)),
        ("of a VAULT_KEY to come", "wrap_open", dict(generation=2)),
        ("a bit flipped", "wrap_open", dict(wrap=sealed()[:-1] + b"x"))]
lies += [("an ephemeral key of low order", "low_order", dict(wrap=u.to_bytes(32, "little") + bytes(48)))
         for u in (0, 1, P - 1, P)]
victim = Victim(me, team)
for what, code, fields in lies:
    print("# " + what)
    if "wrap" in fields:
        fields["wrap"] = b64(fields["wrap"])
    hostile.lie("secrets/pull", edit("wraps", lambda wraps: [dict(w, **fields) for w in wraps]))
    victim.refuses(code, 5, key="The key of production for this device")
    hostile.honest()
victim.reads("right")
done()
