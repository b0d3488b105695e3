#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 57: the server says that it is a year later, or earlier. The client follows
# for the times in requests, and for nothing else.
from evil import *

YEAR = 365 * DAY
team = EvilTeam()
team.push(team.writer, "production", "right")
picky = team.admit("picky", READER, ["*"], expires=now() + 40 * DAY, fresh_s=3600)


def lie_by(ms):
    def rule(call):
        said = int(re.match("v=([0-9]+)", call.headers["X-Vault-Request"])[1])
        if abs(said - now() - ms) > 200000:
            call.answer(401, {"error": "Unauthorized: clock", "code": "request_time",
                              "now": now() + ms})
        else:
            call.ask_as(now())
    return rule


hostile.lie("secrets/pull", lambda call: call.answer(401, {
    "error": "Unauthorized: clock", "code": "request_time",
    "now": now() + len(hostile.calls) * DAY}))
Victim(picky, team).says(3, "did not come in time, although its clock was followed")
ok(len(hostile.calls) < 5, "a clock that jumps is not followed for ever")
hostile.honest()
value = "right"
for ms, what in (YEAR, "later"), (-YEAR, "earlier"):
    print("# a year " + what)
    hostile.lie("(?!devices/register).*", lie_by(ms))
    victim = Victim(picky, team)
    victim.reads(value)
    fetched = int(read(victim.cache()).split(" ")[1])
    ok(abs(fetched - now()) < 60000, "the cache is of today", fetched)
    r = victim.run("status", "--json")
    told = json.loads(r.stdout)
    ok(r.returncode == 1 and [told["clock"]] == [p["error"] for p in told["problems"]] and
       re.match("This machine's clock is 36[45] days (behind|ahead of) the server's", told["clock"])
       and "warning" not in r.stderr, "status says that the clock is off", r.stdout, r.stderr)
    hostile.honest()
    hostile.lie(".*", hang_up)
    victim.reads(value, said=", from its cache")
    hostile.honest()
    victim.reads(value)
    hostile.lie("(?!devices/register).*", lie_by(ms))
    writer = Victim(team.writer, team)
    value = "right, and %s" % what
    writer.env_file("A=" + value)
    writer.must("push", "--replace", "--yes")
    hostile.honest()
    team.catch_up()
    at = decode(RECORD, split(team.records["production"][-1])[0], "vault-record-v2")["at"]
    ok(abs(at - now()) < 60000, "a version bears the time of its writer", at)
    hostile.honest()

print("# of a registration, by somebody on the way")


def unknown(call):
    call.answer(401, {"error": "x", "code": "request_key_unknown"})
    call.mac = ""


def late(call):
    call.answer(400, {"error": "x", "code": "bad_statement", "reason": "register_time",
                      "now": 4102444800000})
    call.mac = ""


def always_late(call):
    call.answer(400, {"error": "x", "code": "bad_statement", "reason": "register_time",
                      "now": now()})


hostile.lie("secrets/pull", unknown)
hostile.lie("devices/register", always_late)
Victim(picky, team).says(3, "The registration's time is too far from the server's[.] Set this "
                         "machine's clock")

print("# of a registration, by the server")
hostile.lie("devices/register", lambda call: call.answer(400, {
    "error": "x", "code": "bad_statement", "reason": "register_time",
    "now": now() + DAY + 60000}))
Victim(picky, team).says(3, "This machine's clock is 24 hours behind the server's[.] Going on; set "
                         "the clock: what is pushed bears its time")
hostile.lie("devices/register", late)
team = EvilTeam()
team.push(team.writer, "production", "right")
Victim(team.reader, team).load()
at = [decode(REGISTER, split(call.body["registration"], 2)[0], "vault-register-v2")["at"]
      for call in hostile.calls if call.path == "devices/register"]
ok(at and max(at) < 4102444800000 - 10**10, "no registration is signed for another century",
   str(at))
hostile.honest()
done()
