#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 59: a writer says "confirm" of a version that has another value. versions, which
# leaves confirms out, shows it as the change that it is.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
team.push(team.writer, "production", "one", op=CONFIRM)
victim = Victim(team.reader, team)
honest = victim.must("versions")
ok(not re.search("^ *2 ", honest, re.M), "a true confirm is left out", honest)
team.push(team.writer, "production", "another", op=CONFIRM)
r = victim.must("versions")
ok(re.search(r"^ *3 .*~ ?A", r, re.M), "one that changes a value is shown", r)
done()
