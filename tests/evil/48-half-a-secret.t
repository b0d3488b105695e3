#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 48: VAULT_KEY alone, a device secret alone, a copy of the database: no call
# is answered, for a request key needs both and lies there sealed.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
CALLS = {"secrets/pull": dict(environment="production", log_have=0), "log/read": dict(log_have=0),
         "secrets/heads": {}, "secrets/current-version": dict(environment="production"),
         "secrets/records": {"environment": "production", "from": 1},
         "keys/read": dict(environment="production"), "devices/list": {}, "audit/list": {},
         "secrets/push": team.record(team.writer, "production", "WRONG")[0],
         "log/append": dict(entry=team.entry(team.admin, REVOKE, device=team.writer.id,
                                             cuts=team.cut("production")), wraps=[]),
         "keys/add": dict(environment="production", wraps=[])}


def none_answers(who, want, **how):
    same({team.code(team.writer, path, body, **how) for path, body in CALLS.items()}, {want}, who)


stranger = team.machine("stranger")
none_answers("VAULT_KEY and a device secret of one's own", "401 request_key_unknown",
             key=stranger.key(team.vk))
none_answers("a device secret and a VAULT_KEY of one's own", "401 request_key_unknown",
             key=team.writer.key(team.new_key()))

print("# vault-env with either")
Victim(stranger, team).says(3, "Device not yet approved")
Victim(team.writer, team, key="vk_%s_%s_%s" % (
    team.id, "ab" * 32, team.log.hashes[0].hex())).refuses("key_unknown", 3, project=team.id)

# the database: sealed keys, and the request ids by which they are found
rows = sql("select encode(key_id, 'hex'), encode(sealed, 'hex') from vault.member_keys "
           "where project_id = '%s'" % team.id).splitlines()
ids, sealed = zip(*(row.split("|") for row in rows))
ok(request_id(team.writer.key(team.vk)).hex() in ids, "a copy of the database names request keys")
dump = sql("select k::text from vault.member_keys k where project_id = '%s'" % team.id)
keys = [d.key(team.vk).hex() for d in (team.admin, team.writer, team.reader)]
ok(not any(key in dump for key in keys), "... and holds none of them")
for name, guess in ("what is sealed", sealed[0][56:]), ("its beginning", sealed[0][:64]):
    for path, body in CALLS.items():
        text = json.dumps(dict(body, project_id=team.id))
        header = request_header(bytes.fromhex(guess), "POST", "/api/v2/" + path, now(),
                                secrets.token_bytes(16), text)
        header = header.replace(header[18:50], ids[0])
        if team.code(team.writer, path, text, header=header) != "401 request_mac":
            ok(False, "%s does as a key for %s" % (name, path))
    ok(True, "a request by %s is refused" % name)
same(team.value(team.reader, "production"), "right", "nothing changed")
done()
