#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 29: an entry of the list of devices edited (a role raised, a key exchanged),
# its signatures exchanged.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
mine = unb64(team.texts[2])
s, sigs = decode(LOG, mine[:-128], "vault-log-v2", KINDS), mine[-128:]


def again(**fields):
    return b64(encode(LOG + KINDS[ADMIT], dict(s, **fields)) + sigs)


victim = Victim(team.reader, team)
for what, code, text in (
        ("a reader made a writer", "log_signature", again(role=WRITER)),
        ("another's keys", "log_signature", again(sign=team.writer.sign, box=team.writer.box)),
        ("another's name", "log_signature", again(name="admin")),
        ("the author's signature", "log_signature", flip(team.texts[2], -128)),
        ("VAULT_KEY's signature", "log_join", flip(team.texts[2], -1)),
        ("the signatures exchanged", "log_signature", b64(mine[:-128] + sigs[64:] + sigs[:64])),
        ("the author's twice", "log_join", b64(mine[:-128] + sigs[:64] * 2))):
    print("# " + what)
    hostile.lie("secrets/pull", edit("log", lambda log: log[:2] + [text] + log[3:]))
    victim.refuses(code, 5, seq=2)
    hostile.honest()
victim.reads("right")
done()
