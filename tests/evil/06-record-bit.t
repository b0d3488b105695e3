#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 6: a bit flipped in a record or in its signature, of a version that was
# pinned before as well as of a new one.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
pinned, fresh = Victim(team.reader, team), Victim(team.reader, team)
pinned.reads("right")
for at, what in (-1, "S"), (-64, "R"):
    hostile.lie("secrets/pull", edit("records", lambda r: r[:-1] + [flip(r[-1], at)]))
    print("# a bit of %s, of a new record and of a pinned one" % what)
    fresh.refuses("record_signature", 5, n=1)
    pinned.forgets_its_cache()
    pinned.refuses("record_signature", 5, n=1)
    hostile.honest()
hostile.lie("secrets/pull", edit("records", lambda r: r[:-1] + [flip(r[-1], -65)]))
print("# a bit of what it says")
fresh.refuses("record_signature", 5, n=1)
pinned.forgets_its_cache()
pinned.refuses("record_fork", 5, n=1)
hostile.honest()
team.push(team.writer, "production", "right again")
hostile.lie("secrets/pull", edit("records", lambda r: r[:-1] + [flip(r[-1], -1)]))
pinned.refuses("record_signature", 5, n=2)
hostile.honest()
pinned.reads("right again")
done()
