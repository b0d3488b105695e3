#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 9: a version by a revoked writer, which cites the newest list of devices.
# With VAULT_KEY it makes a data key that the victim could open.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
victim = Victim(team.reader, team)
victim.reads("one")
team.revoke(team.writer)
team.push(team.admin, "production", "right")
lie = team.fork()
lie.push(team.writer, "production", "WRONG", new_key=True)
hostile.show(lie)
victim.refuses("record_author", 5, n=3)
Victim(team.reader, team).refuses("record_author", 5, n=3)
hostile.honest()
victim.reads("right")
done()
