#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 37: a revocation, a rotation and a narrower scope without the cuts that they
# need, or with others than where the environments stand.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
team.push(team.writer, "staging", "right")
cuts = team.cut("production", "staging")
false = [("production", 1, ZERO), cuts[1]]
scope = dict(role=WRITER, envs=["staging"], expires=0, cache_s=0, fresh_s=0)
new = team.new_key()
rotation = dict(join=new.join, old_psk=bytes(60))
for kind, name, fields, needed in (
        (REVOKE, "a revocation", dict(device=team.writer.id), cuts),
        (ROTATE, "a rotation", rotation, cuts),
        (CHANGE, "a narrower scope", dict(device=team.writer.id, **scope), cuts)):
    for what, given in (("without cuts", []), ("without one of them", needed[1:]),
                        ("with a false one", false)):
        entry = team.entry(team.admin, kind, cuts=given, **fields)
        same(team.code(team.admin, "log/append", dict(entry=entry, wraps=[])),
             "409 heads_changed", "%s %s" % (name, what))
same(team.must(team.reader, "log/read", {"log_have": 0})["log"], team.texts, "the log stays")
done()
