#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 23: no wrap for one device; two of them; another's only.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
for what, change in (("none", lambda w: []), ("two", lambda w: w + w),
                     ("another's", lambda w: [dict(w[0], device_id=team.writer.id)]),
                     ("another key's", lambda w: [dict(w[0], key_id="ab" * 32)])):
    print("# " + what)
    hostile.lie("secrets/pull", edit("wraps", change))
    victim.refuses("wrap_missing", 3)
    hostile.honest()
victim.reads("right")
done()
