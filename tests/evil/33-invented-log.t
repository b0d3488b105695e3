#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 33: a whole project invented with a VAULT_KEY that leaked: the key's anchor is
# not in its list of devices. And a second root behind the first.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
thief = Team(URL, PLACE)
thief.alone, thief.id, thief.vk = True, team.id, team.vk
thief.log, thief.admin = Log(team.id), team.machine("thief")
thief.create()
thief.admit("reader", READER, ["*"], machine=team.reader)
thief.push(thief.admin, "production", "WRONG")
hostile.show(thief)
fresh = Victim(team.reader, team)
fresh.refuses("log_anchor", 5)
hostile.honest()
fresh.reads("right")
hostile.show(thief)
fresh.refuses("log_short", 5)
thief.admit("mate", READER, ["*"])
fresh.refuses("record_fork", 5, n=1)
thief.admit("mate 2", READER, ["*"])
fresh.refuses("log_fork", 5, seq=2)
roots = team.fork()
roots.force(team.admin, ROOT, join=team.vk.join, **team.block(team.machine("x"), ADMIN, ["*"]))
hostile.show(roots)
fresh.refuses("log_root", 5, seq=len(team.texts))
done()
