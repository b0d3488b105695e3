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
done()
