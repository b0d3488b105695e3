#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 51: request ids made up without end, and one of them again and again, to
# shut the others out. They are looked up one by one, and who is known is served.
import threading
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
poll = dict(environment="production")
refused, stop = set(), threading.Event()


def stranger(same_key):
    mine, key = copy.copy(team), secrets.token_bytes(32)
    while not stop.is_set():
        refused.add(mine.code(None, "secrets/current-version", poll,
                              key=key if same_key else secrets.token_bytes(32)))


threads = [threading.Thread(target=stranger, args=(i % 2,)) for i in range(4)]
[t.start() for t in threads]
served = [team.code(team.reader, "secrets/current-version", poll) for _ in range(100)]
late = team.admit("late", READER, ["*"])
served.append(team.code(late, "secrets/current-version", poll))
stop.set()
[t.join() for t in threads]
same(set(served), {"200"}, "who is known is served")
same(refused, {"401 request_key_unknown"}, "who is not is refused, also the same one again")
# a key is registered although it was asked for in vain just before
late = team.machine("later")
same(team.code(late, "secrets/current-version", poll), "401 request_key_unknown", "not yet known")
team.admit("later", READER, ["*"], machine=late)
same(team.code(late, "secrets/current-version", poll), "200", "... and known at once")
done()
