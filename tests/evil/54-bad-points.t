#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 54: signatures with S + L, with an R of small order; public keys of small
# order, or whose coordinates are short, by which another library aborts. A hostile
# device signs with them; nothing is believed, and nothing crashes.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")


def larger(text, signatures):
    """S + L in the first signature: the same point."""
    raw, sigs = split(text, signatures)
    s = int.from_bytes(sigs[32:64], "little") + L
    return b64(raw + sigs[:32] + s.to_bytes(32, "little") + sigs[64:])


def with_r(text, signatures, r):
    raw, sigs = split(text, signatures)
    return b64(raw + r + sigs[32:])


POINTS = [y.to_bytes(32, "little") for y in sorted(SMALL_Y) + [2, 3, P, P + 1, 2**255 - 1]]
hostile.lie("secrets/pull", edit("records", lambda r: r[:-1] + [larger(r[-1], 1)]))
Victim(team.reader, team).refuses("record_signature", 5, n=1)
hostile.honest()
hostile.lie("secrets/pull", edit("log", lambda log: log[:1] + [larger(log[1], 2)] + log[2:]))
Victim(team.reader, team).refuses("log_signature", 5, seq=1)
hostile.honest()
for point in POINTS:
    print("# the point " + point.hex())
    hostile.lie("secrets/pull", edit("records", lambda r: [with_r(r[0], 1, point)]))
    Victim(team.reader, team).refuses("record_signature", 5, n=1)
    hostile.honest()

    # a device whose key it is: any S with R = S B would do, were it believed
    d = team.machine("weak")
    d.sign = point
    d.id = device_id(team.id, d.sign, d.box)
    lie = team.fork()
    lie.admit("weak", ADMIN, ["*"], machine=d)
    lie.push(d, "production", "WRONG", new_key=True)
    raw, _ = split(lie.records["production"][-1])
    free = sign(bytes(32), raw)[:32]
    lie.records["production"][-1] = b64(raw + free + bytes(32))
    hostile.show(lie)
    victim.refuses("record_signature", 5, truth=lie, n=2)
    hostile.show(lie)
    entry, sigs = split(lie.entry(d, REVOKE, device=team.writer.id, cuts=lie.cut("production")), 2)
    lie.texts.append(b64(entry + free + bytes(32) + sigs[64:]))
    victim.refuses("log_signature", 5, truth=lie, seq=len(team.texts) + 1)
    # the victim knows the device by now: another one each time
    victim = Victim(team.reader, team)
    hostile.honest()
    victim.reads("right")
done()
