#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 19: a writer takes up an older data key again between cuts, and brings
# rubbish for wraps. The server takes no key id that was used before.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
first = team.data["production"]
team.push(team.writer, "production", "right", new_key=True)
body, _ = team.record(team.writer, "production", "WRONG", data=first)
for w in body["wraps"]:
    w["wrap"] = b64(bytes(80))
same(team.code(team.writer, "secrets/push", body), "400 record_key", "it is refused")
same(team.value(team.reader, "production"), "right", "... and the others go on")
wraps = team.must(team.reader, "keys/read", {"environment": "production"})["wraps"]
same(sorted(w["wrap"] for w in wraps), sorted(
    w["wrap"] for ws in team.wraps.values() for w in ws if w["device_id"] == team.reader.id),
    "... with the wraps that they had")
done()
