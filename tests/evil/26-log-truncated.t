#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 26: the list of devices is cut short: for a client that had seen more of it,
# and for fresh ones, before VAULT_KEY's anchor and before their own entry.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
short = team.fork()
team.admit("mate", READER, ["*"])
victim = Victim(team.reader, team)
victim.reads("right")
hostile.show(short)
victim.refuses("log_short", 5)
hostile.honest()
victim.reads("right")
hostile.show(short)
fresh = Victim(team.reader, team, key=team.key_text(seq=len(team.texts) - 1))
fresh.refuses("log_anchor", 5)
hostile.honest()
fresh.reads("right")
late = Victim(team.admit("late", READER, ["*"]), team)
hostile.show(short)
late.refuses("device_unknown", 3)
hostile.honest()
late.reads("right")
done()
