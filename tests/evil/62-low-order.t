#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 62: a device with a box key of low order registers, so that nobody's push can
# make a wrap for it any more.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
boss = Victim(team.admin, team)


def weak(u):
    d = team.machine("WRONG weak")
    d.box = u.to_bytes(32, "little")
    d.id = device_id(team.id, d.sign, d.box)
    return d


for u in 0, 1, P - 1, P:
    d = weak(u)
    same(team.code(d, "devices/register", team.joining(d)), "400 low_order",
         "its registration is refused")
    body = dict(entry=team.entry(team.admin, ADMIT, **team.block(d, READER, ["*"])), wraps=[])
    same(team.code(team.admin, "log/append", body), "400 low_order", "... and its admission")
d = weak(1)
text = team.joining(d)["registration"]
hostile.lie("devices/list", edit("devices", lambda devices: devices + [dict(
    id=d.id, status="pending", registration=text, address="127.0.0.1",
    created_at=devices[0]["created_at"], last_seen_at=None)]))
listed = boss.must("list-devices")
ok("pending" not in listed, "a server that shows it: it is not listed", listed)
hostile.honest()
lie = team.fork()
lie.force(team.admin, ADMIT, **team.block(d, READER, ["*"]))
hostile.show(lie)
victim.refuses("low_order", 5, key="A key in entry %d of the list of devices" % (len(lie.texts) - 1))
hostile.honest()
victim.reads("right")
done()
