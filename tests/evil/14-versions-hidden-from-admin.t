#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 14: the newest versions are hidden from the admin who revokes, so the cut is
# too low. Whoever has pinned them sees it.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "one")
old = team.fork()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
old.revoke(team.writer)             # what the admin's client made of what it saw
lie = team.with_log_of(old)
hostile.show(lie)
victim.refuses("record_cut", 5, truth=lie, n=2)
old.push(team.admin, "production", "WRONG, after the false cut")
hostile.show(old)
r = victim.refuses("record_fork", 5, truth=lie, n=2)
done()
