#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A machine of protocol v2 by the other implementation (reference.py), to push
what vault-env refuses to. Reads one JSON request a line from standard input,
writes one JSON answer a line, as v1-client.js does:
  {"op":"push","url":..,"key":..,"device":..,"env":..,"secrets":{..}}
  -> {"ok":true,"version":3} or {"ok":false,"error":"..."}
  {"op":"age","key":..,"device":..,"env":..,"path":..,"seconds":259200}
  -> {"ok":true}: the cache at path is that old
"""
import json, sys
from reference import *
from team import Machine, Team, now


class Member(Team):
    """One machine of a team that somebody else has made, who knows its key."""

    def __init__(self, url, key, device):
        self.vk = VaultKey(key)
        super().__init__(url)
        self.me = Machine(self.id, "other", url, device)
        for text in self.must(self.me, "log/read", {"log_have": 0})["log"]:
            self.took(text)

    def new_id(self):
        return self.vk.project

    def new_key(self):
        return self.vk

    def find(self, env):
        """Where the environment stands; nothing stored is version 0."""
        status, reply = self.send(self.me, "secrets/pull", {
            "environment": env, "log_have": len(self.texts)})
        if status == 200:
            record, raw, _ = split_record(reply["records"][-1])
            self.heads[env] = record["version"], sha(raw)

    def store(self, env, values):
        self.find(env)
        self.push(self.me, env, json.dumps({"secrets": values, "changed": []}), new_key=True)
        return self.heads[env][0]


def push(ask):
    member = Member(ask["url"], ask["key"], ask["device"])
    return {"version": member.store(ask["env"], ask["secrets"])}


def age(ask):
    key = VaultKey(ask["key"])
    with open(ask["path"]) as file:
        bundle = file.read().splitlines()[1]
    at = now() - 1000 * ask["seconds"]
    m = cache_mac(Device(key.project, ask["device"]).cache_key(key), key.project,
                  ask["env"], at, bundle.encode())
    with open(ask["path"], "w") as file:
        file.write("vault-cache-v2 %d %s\n%s\n" % (at, m.hex(), bundle))
    return {}


for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = dict(ok=True, **{"push": push, "age": age}[ask["op"]](ask))
    except (AssertionError, Refused) as error:
        answer = {"ok": False, "error": str(error)}
    print(json.dumps(answer), flush=True)
