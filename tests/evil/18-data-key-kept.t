#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 18: the data key is kept after a cut, or one from further below is taken up
# again, so that who was removed could read on.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
first = team.data["production"]
victim = Victim(team.reader, team)
victim.reads("one")
team.push(team.writer, "production", "right", new_key=True)
team.revoke(team.writer)
for data, what in (None, "the last one"), (first, "one from below"):
    print("# " + what)
    lie = team.fork()
    lie.push(team.admin, "production", "WRONG", new_key=False, data=data)
    hostile.show(lie)
    victim.refuses("record_key", 5, n=3)
hostile.honest()
victim.reads("right")
done()
