#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 8: a version by a reader, who has the data key; by a stranger; and in
# another's name.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
mate = team.admit("mate", READER, ["*"])
tester = team.admit("tester", WRITER, ["staging"])
for by, code, fields in ((mate, "record_author", {}), (tester, "record_author", {}),
                         (team.machine("stranger"), "record_author", {}),
                         (mate, "record_signature", dict(author=team.writer.id))):
    lie = team.fork()
    lie.push(by, "production", "WRONG", **fields)
    hostile.show(lie)
    print("# by %s%s" % (by.name, ", in the writer's name" if fields else ""))
    victim.refuses(code, 5, n=2)
    Victim(team.reader, team).refuses(code, 5, n=2)
hostile.honest()
victim.reads("right")
done()
