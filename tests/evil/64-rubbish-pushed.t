#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 64: a writer pushes a version that nobody can open, that holds no names and
# values, with wraps that do not open, or dated ahead. One bad version must not stop
# the environment: push --replace builds on it.
from evil import *

team = EvilTeam()
picky = team.admit("picky", READER, ["*"], fresh_s=3600)
team.push(team.writer, "production", "right")


def rubbish_wraps(body):
    for w in body["wraps"]:
        w["wrap"] = b64(bytes(32 - 1) + b"\x09" + bytes(48))


for what, code, status, machine, fields, change in (
        ("rubbish", "blob_open", 3, team.reader, dict(blob=secrets.token_bytes(1052)), None),
        ("no JSON", "blob_json", 3, team.reader, dict(value="{WRONG"), None),
        ("no list", "blob_json", 3, team.reader, dict(value='{"secrets": {"A": 1}}'), None),
        ("bad wraps", "wrap_open", 5, team.reader, dict(new_key=True), rubbish_wraps),
        ("dated ahead", "record_stale", 3, picky, dict(at=now() + DAY), None)):
    print("# " + what)
    healer = Victim(team.admin, team)
    healer.must("verify")
    body, made = team.record(team.writer, "production", fields.pop("value", "WRONG"), **fields)
    if change:
        change(body)
    team.must(team.writer, "secrets/push", body)
    team.stored("production", body, made)
    victim = Victim(machine, team)
    victim.refuses(code, status)
    healer.env_file("A=right after " + what)
    healer.must("push", "--replace", "--yes")
    old = team.fork()
    team.catch_up()
    victim.reads("right after " + what)
    print("# ... which the server then hides from who pushed it")
    healer.forgets_its_cache()
    hostile.show(old)
    healer.says(5, "The server went back", "pull", "--output", "-")
    hostile.honest()
done()
