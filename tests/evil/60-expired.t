#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 60: a device goes on behind its end: at an honest server, and at one that does
# not mind.
from evil import *

team = EvilTeam()
temp = team.admit("temp", WRITER, ["*"], expires=now() + 6000)
team.push(team.writer, "production", "right")
victim = Victim(temp, team)
victim.reads("right")
vaulttest.within(10, lambda: now() > team.log.devices[temp.id]["expires"])
same(team.code(temp, "secrets/pull", dict(environment="production", log_have=0)),
     "403 device_expired", "the honest server refuses")
same(team.code(temp, "secrets/push", team.record(temp, "production", "WRONG")[0]),
     "403 device_expired", "... a push as well")
victim.refuses("device_expired", 3)
hostile.show(team)
victim.refuses("device_expired", 3)
victim.refuses("device_expired", 3, "run", "--offline", "--", "sh", "-c", "env >child")
done()
