#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 63: a commit brings a .vault-heads that names heads which do not exist, or one
# with the marks of a conflict. Its pins bind, are said to be its own, and are never
# written into the machine's.
from evil import *

team = EvilTeam()
fork = team.fork()
for value in "WRONG", "WRONG2":
    fork.push(team.writer, "production", value)
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
pins = read(victim.path("heads"))
first = "vault-heads-v2 %s\n" % team.id
good = first + "log 1 %s\n" % team.log.hashes[1].hex()
for text, code, status, where in (
        (first + "log 9 %s\n" % ("ab" * 32), "log_short", 5, True),
        (first + "log 2 %s\n" % ("ab" * 32), "log_fork", 5, True),
        (good + "env production 9 %s\n" % ("ab" * 32), "record_rollback", 5, True),
        (good + "env production 1 %s\n" % ("ab" * 32), "record_fork", 5, True),
        ("<<<<<<< HEAD\n" + good + ">>>>>>> other\n", "heads_form", 3, False),
        (first, "heads_form", 3, False)):
    write(victim.dir + "/.vault-heads", text)
    victim.refuses(code, status, file=".vault-heads", pins=".vault-heads" if where else None)
    same(read(victim.path("heads")), pins, "... and the machine's own pins stay")
os.unlink(victim.dir + "/.vault-heads")
write(victim.dir + "/.vault-heads", good)
victim.reads("right")

# heads of a fork that a server shows: they do not stand in for what was seen
hostile.show(fork)
write(victim.dir + "/.vault-heads", good + "env production %d %s\n" % (
    fork.heads["production"][0], fork.heads["production"][1].hex()))
for args in (), ("verify",):
    victim.refuses("record_fork", 5, *args)
hostile.honest()
write(victim.dir + "/.vault-heads", good)
victim.reads("right")

# the machine's own, in which somebody has added a line by hand
own = victim.path("heads")
victim.planted.add(own)
os.unlink(victim.dir + "/.vault-heads")
for line, code, fills in (("log 2", "log_fork", dict(seq=2)),
                          ("env production 1", "record_fork", dict(n=1, env="production"))):
    write(own, pins + "%s %s\n" % (line, "ab" * 32), 0o600)
    for args in (), ("heads",):
        victim.refuses(code, 5, *args, pins=own, **fills)
done()
