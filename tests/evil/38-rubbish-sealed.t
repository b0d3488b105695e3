#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 38: a rotation that seals rubbish for the old key. Who has both keys compares;
# who has the new one only meets it at the first wrap of before.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
old = victim.key
victim.reads("right")
lie = team.fork()
rubbish = seal(bytes(32), bytes(12), b"", bytes(32))
lie.rotate(old_psk=rubbish)
new = lie.key_text()
hostile.show(lie)
victim.refuses("log_rotate", 5, env_vars=dict(VAULT_KEY_NEXT=new), seq=len(team.texts), truth=lie)
Victim(team.reader, lie, key=new).refuses("log_rotate", 5, seq=len(team.texts), truth=lie)

# a true chain, of another key
other = team.fork()
false, next_key = team.new_key(), team.new_key()
psk = seal(chain_key(team.id, next_key.psk, next_key.join), bytes(12), chain_aad(
    team.id, team.vk.join, next_key.join), false.psk)
other.append(ROTATE, join=next_key.join, old_psk=psk, cuts=other.cut("production"))
other.vk = next_key
hostile.show(other)
Victim(team.reader, team).refuses("log_rotate", 5, truth=other,
                                  env_vars=dict(VAULT_KEY_NEXT=other.key_text()))
done()
