#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 7: a version left out of the chain; a chain that begins behind the pin.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
victim = Victim(team.reader, team)
victim.reads("one")
team.push(team.writer, "production", "two")
team.push(team.writer, "production", "right")
hostile.lie("secrets/pull", edit("records", lambda r: r[:1] + r[2:]))
victim.refuses("record_link", 5, to=3)
hostile.honest()
hostile.lie("secrets/pull", edit("records", lambda r: r[1:]))
victim.refuses("record_link", 5)
hostile.honest()
hostile.lie("secrets/pull", edit("records", lambda r: [r[0], r[2], r[1]]))
victim.refuses("record_link", 5)
hostile.honest()
victim.reads("right")
done()
