#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 21: who has VAULT_KEY wraps a data key of its own, and a blob under it. The
# record names the true key's id.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
kid, false = key_id(team.id, "production", team.data["production"]), secrets.token_bytes(32)


def swap(wraps):
    for w in wraps:
        w["wrap"] = b64(hpke_seal(secrets.token_bytes(32), team.reader.box, wrap_info(
            team.id, "production", kid, team.reader.id), team.vk.psk, team.vk.join, b"", false))
    return wraps


hostile.lie("secrets/pull", edit("wraps", swap))
victim = Victim(team.reader, team)
victim.refuses("key_commitment", 5)
hostile.honest()
victim.reads("right")
done()
