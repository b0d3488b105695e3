#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 3: "nothing stored yet" after versions were seen, or were cut.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
team.push(team.writer, "staging", "right too")
victim = Victim(team.reader, team)
victim.reads("right")
hostile.lie("secrets/pull", lambda call: call.answer(*NOTHING))
victim.refuses("record_missing", 5)
hostile.honest()

# only the other environment was seen, and the list of devices has a cut of this one
team.revoke(team.writer)
staging = Victim(team.reader, team, env="staging")
staging.reads("right too")
staging.env = "production"
hostile.lie("secrets/pull", lambda call: call.answer(*NOTHING))
staging.refuses("record_missing", 5)
hostile.honest()
staging.reads("right")

# whichever call it is said to; and a colleague's .vault-heads saw it, too
boss = Victim(team.admin, team)
boss.reads("right")
hostile.lie("secrets/records", lambda call: call.answer(*NOTHING))
for args in ("versions",), ("verify",), ("revoke-device", "--id", team.reader.id, "--yes"):
    boss.refuses("record_missing", 5, *args)
hostile.honest()
told = Victim(team.reader, team)
told.planted.add(told.dir + "/.vault-heads")
write(told.dir + "/.vault-heads", boss.must("heads"))
hostile.lie("secrets/pull", lambda call: call.answer(*NOTHING))
told.refuses("record_missing", 5, pins=".vault-heads")
done()
