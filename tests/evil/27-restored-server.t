#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 27: a server "was restored from a backup", and users are told to lower what
# they have seen. The log's pin is never lowered, a version's not below a cut.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "WRONG, the old one")
old = team.fork()
team.push(team.writer, "production", "right")
cut = team.fork()
mate = team.admit("mate", READER, ["*"])
team.revoke(mate)
victim = Victim(team.reader, team)
victim.reads("right")
hostile.show(old)
victim.refuses("log_short", 5)
victim.refuses("log_short", 5, "accept-loss", "--env", "production", "--confirm", "1")
hostile.show(old.with_log_of(team))
victim.refuses("record_rollback", 5, got=1, seen=2)
victim.says(3, "cannot go on", "accept-loss", "--env", "production", "--confirm", "1")
victim.refuses("record_rollback", 5, got=1, seen=2)
hostile.honest()
victim.reads("right")

print("# between the look and the yes it shows another version of the same number")
team = EvilTeam()
team.push(team.writer, "production", "first")
lie = team.fork()
lie.push(team.writer, "production", "WRONG")
team.push(team.writer, "production", "second")
left = team.fork()
team.push(team.writer, "production", "lost")
victim = Victim(team.reader, team)
victim.reads("lost")
seen = read(victim.path("heads"))
looks = []


def second(call):
    looks.append(call)
    call.answer(*shown(left if len(looks) == 1 else lie, call.path, call.body, call.device))


hostile.lie("secrets/records", second)
victim.says(3, "another version", "accept-loss", "--env", "production", "--confirm", "2")
same(len(looks), 2, "it has looked twice")
same(read(victim.path("heads")), seen, "nothing was accepted")
hostile.honest()
done()
