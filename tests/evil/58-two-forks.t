#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 58: two halves of a team are shown two histories; a push is answered with
# "conflict", stored, and served later. What one half signs is refused by the other,
# and a push looks whether its own version is there.
from evil import *

team = EvilTeam()
other_writer = team.admit("other writer", WRITER, ["*"])
mate = team.admit("mate", READER, ["*"])
team.push(team.writer, "production", "one")
left, right = team.fork(), team.fork()
left.push(team.writer, "production", "left")
right.push(other_writer, "production", "right")
one, two = Victim(team.reader, team), Victim(mate, team)
for victim, half, value in (one, left, "left"), (two, right, "right"):
    hostile.show(half)
    r = victim.load()
    same((r.returncode, "A=" + value in victim.child()), (0, True), "one half reads " + value)
    victim.knows_only_the_truth(half)
for victim, half, foreign in (one, left, right), (two, right, left):
    hostile.show(foreign)
    victim.refuses("record_fork", 5, truth=half, n=2)
    later = foreign.fork()
    later.push(team.admin, "production", "WRONG")
    hostile.show(later)
    victim.refuses("record_fork", 5, truth=half, n=2)
for victim, half, foreign in (one, left, two), (two, right, one):
    hostile.show(half)
    write(victim.dir + "/theirs", foreign.must("heads"))
    victim.refuses("record_fork", 5, "verify", "--against", "theirs", truth=half, where="theirs", n=2)
left.admit("new on the left", READER, ["*"])
right.admit("new on the right", READER, ["*"])
for victim, half in (one, left), (two, right):
    hostile.show(half)
    victim.load()
for victim, half, foreign in (one, left, two), (two, right, one):
    hostile.show(half)
    write(victim.dir + "/theirs", foreign.must("heads"))
    victim.refuses("log_fork", 5, "verify", "--against", "theirs", truth=half, where="theirs",
                   seq=len(team.texts))
hostile.honest()

print("# answered with conflict, and stored")
said = []


def lies(call):
    call.forward()
    said.append(call.status)
    call.answer(409, {"error": "Environment has changed", "code": "version_conflict", "version": 2})


hostile.lie("secrets/push", lies)
writer = Victim(team.writer, team)
writer.reads("one")
writer.env_file("A=right, too")
shared = writer.dir + "/.vault-heads"
write(shared, writer.must("heads"))
writer.planted.add(shared)
writer.must("push", "--replace", "--yes")
same(said, [200], "the push is sent once")
hostile.honest()
same(read(shared), writer.must("heads"), "and .vault-heads says so")
team.catch_up()
same(len(team.records["production"]), 2, "and is there once")
Victim(team.reader, team).reads("right, too")

print("# answered with conflict for ever")
team.push(team.writer, "staging", "right")
hostile.lie("secrets/push", lambda call: call.answer(
    409, {"error": "Environment has changed", "code": "version_conflict", "version": 7}))
boss = Victim(team.admin, team)
r = boss.run("revoke-device", "--id", mate.id, "--yes")
for env in "production", "staging":
    ok("%s has no new data key yet: Environment %s has changed: the server has version 7 now" %
       (env, env) in r.stderr, "the conflict is told of " + env, r.stderr)
done()
