#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 44: a request held back for six minutes, and a reply.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
hostile.lie("secrets/pull", lambda call: call.ask_as(now() - 360000))
victim.says(3, "did not come in time, although its clock was followed")
same(len(hostile.calls), 1, "it is not tried for ever")
same(error_of(victim.run("run", "--json", "--", "true"))["code"], "request_time", "... its code")
hostile.honest()
victim.reads("right")

# the reply to the same question of before: its MAC is for that request
replies = []
fresh = Victim(team.reader, team)
hostile.lie("secrets/pull", lambda call: replies.append(call.reply and call.given) or call.reply)
fresh.reads("right")
fresh.forgets_its_cache()
hostile.honest()


def held_back(call):
    call.status, call.raw, call.mac = replies[0]


hostile.lie("secrets/pull", held_back)
Victim(team.reader, team).refuses("reply_mac", 4)
fresh.refuses("reply_mac", 4)
hostile.honest()
fresh.reads("right")
done()
