#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 56: "conflict" for ever; pages without end; a reply of 9 MiB.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
writer, victim = Victim(team.writer, team), Victim(team.reader, team)
for code, said in (("version_conflict", "was changed by others"),
                   ("log_changed", "was changed by others 10 times"),
                   ("readers_changed", "was changed by others 10 times")):
    print("# %s for ever" % code)
    hostile.lie("secrets/push", lambda call: call.answer(409, {"error": "x", "code": code,
                                                               "version": 1}))
    writer.says(3, said, "set", "B=another", "--yes")
    n = len([c for c in hostile.calls if c.path == "secrets/push"])
    ok(1 < n <= 20, "it gives up after %d tries" % n)
    hostile.honest()

print("# pages without end, each with what was there before")
hostile.lie("secrets/pull", edit("more", lambda more: True))
victim.says(4, r"makes no sense \(more\)")
ok(len(hostile.calls) < 20, "it asks %d times" % len(hostile.calls))
hostile.honest()
print("# a reply of 9 MiB")
for padding in " ", "[":
    def large(call):
        call.forward()
        call.raw = call.given[1][:-1] + padding * (9 << 20) + "}"

    hostile.lie("secrets/pull", large)
    victim.says(4, "is larger than 8 MiB")
    hostile.honest()

print("# lists without end: the log that proves a refusal, devices, data keys")
ENOUGH = 40
admin = Victim(team.admin, team)
admin.reads("right")


def endless(call):
    """After that many tries it is over: the test has failed, and need not wait."""
    if len(hostile.calls) > 3 * ENOUGH:
        raise Hangup


def asks(what, who, *args):
    who.run(*args)
    ok(len(hostile.calls) <= ENOUGH, "%s: it asks %d times" % (what, len(hostile.calls)))
    hostile.honest()


def proof(call):
    endless(call)
    call.answer(401, {"error": "x", "code": "vault_key_replaced", "log": team.texts[-1:],
                      "log_count": len(team.texts), "more": True})


hostile.lie(".*", proof)
asks("the log", victim, "pull", "--output", "-")


def again(name):
    pages = {}

    def rule(call):
        endless(call)
        if name not in pages:
            call.forward()
            pages[name] = call.reply
        call.answer(200, dict(pages[name], more=True))
    return rule


hostile.lie("devices/list", again("devices"))
asks("devices", admin, "list-devices")
hostile.lie("keys/read", again("wraps"))
asks("data keys", admin, "share", "--env", "production")
victim.reads("right")
done()
