#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 15: an environment is hidden from the admin who revokes, so there is no cut
# of it. The removed writer is none any more, whatever it had written there.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
team.push(team.writer, "staging", "by the writer")
victim = Victim(team.reader, team, env="staging")
victim.reads("by the writer")
lie = team.fork()
lie.append(REVOKE, device=team.writer.id, cuts=lie.cut("production"))
hostile.show(lie)
victim.refuses("record_author", 5, truth=lie, n=1)
lie.push(team.writer, "staging", "WRONG")
victim.refuses("record_author", 5, truth=lie, n=2)
done()
