#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 43: a hostile server that a client was led to passes the request on to the
# true one, or the whole registration. The URL is in the key and in the registration.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
led = team.machine("writer", "http://127.0.0.1:9", team.writer.secret.hex())
same(led.id, team.writer.id, "the writer at another URL")
same(team.code(led, "secrets/pull", dict(environment="production", log_have=0)),
     "401 request_key_unknown", "its request there is none here")
same(team.code(led, "secrets/push", team.record(led, "production", "WRONG")[0]),
     "401 request_key_unknown", "... nor is its push")
status, reply = team.send(led, "devices/register", team.joining(led))
same((status, reply["code"]), (403, "register_url"), "its registration there is none here")
same(team.code(led, "secrets/pull", dict(environment="production", log_have=0)),
     "401 request_key_unknown", "... and brought no key")

forged = dict(team.joining(led, url=team.url), request_key=led.key(team.vk).hex())
same(team.code(led, "devices/register", forged), "400 register_request_key",
     "nor does the statement for the true URL bring the key for the false one")

# a client that is led there: what it gives away is of no use at the true server
there = hostile.url.replace("127.0.0.1", "localhost")
Victim(team.reader, team, url=there).says(3, "This server is not the one that the device was "
    "registered for: use its own URL, or add yours to url in vault[.]conf[.] Ask the operator "
    "of " + re.escape(there))
Victim(team.reader, team).reads("right")
done()
