#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 61: who has VAULT_KEY, from a revoked device, fills the list of pending
# devices. One address has 20 places; when five have filled it, others are refused
# until VAULT_KEY is replaced, which clears the list.
from evil import *

team = EvilTeam(small=True)


def register(address):
    """As a reverse proxy's clients come: each from an address of its own."""
    d = team.machine("x")
    return team.code(d, "devices/register", team.joining(d), source=address)


def pending():
    return [d for d in team.must(team.admin, "devices/list", {})["devices"]
            if d["status"] == "pending"]


mine = team.machine("colleague")
same(team.code(mine, "devices/register", team.joining(mine)), "200", "a colleague asks to join")
same({register("127.0.0.2") for _ in range(30)}, {"200"}, "one address asks thirty times")
same(len(pending()), 21, "... and has twenty places")
ok(mine.id in [d["id"] for d in pending()], "... not the colleague's")
for i in 3, 4, 5:
    for _ in range(20):
        register("127.0.0.%d" % i)
for _ in range(19):
    register("127.0.0.6")
same(len(pending()), 100, "five addresses fill the list")
same(register("127.0.0.7"), "409 too_many_devices", "a sixth is refused")
same(register("127.0.0.6"), "200", "... those that have places change their own")
ok(mine.id in [d["id"] for d in pending()], "the colleague still waits")
team.rotate()
team.must(team.admin, "devices/register", team.joining(team.admin))
same(pending(), [], "another VAULT_KEY clears the list")
same(team.code(mine, "devices/register", team.joining(mine)), "200", "... and the colleague joins")
done()
