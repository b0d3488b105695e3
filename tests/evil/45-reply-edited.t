#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 45: somebody between client and server edits a reply, exchanges its status,
# sends an old one again, strips the MAC. It is as if the server could not be reached:
# a cache serves, and without one nothing is started.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
cached = Victim(team.reader, team)
cached.reads("right")
team.push(team.writer, "production", "right too")
old = []
hostile.lie("secrets/pull", lambda call: call.reply and old.append(call.given))
Victim(team.reader, team).reads("right too")
hostile.honest()


def edited(call):
    call.reply["version"] += 1
    call.as_it_was()


def other_status(call):
    call.forward()
    call.status = 403
    call.as_it_was()


def replayed(call):
    call.status, call.raw, call.mac = old[0]


def stripped(call):
    call.forward()
    call.mac = ""


def invented(call):
    call.answer(200, dict(version=9))
    call.mac = "m=" + "0" * 64


for name, rule in (("edited", edited), ("another status", other_status), ("replayed", replayed),
                   ("stripped", stripped), ("invented", invented)):
    print("# " + name)
    hostile.lie("secrets/pull", rule)
    Victim(team.reader, team).refuses("reply_mac", 4)
    cached.reads("right", said=", from its cache")
    hostile.honest()
cached.reads("right too")
done()
