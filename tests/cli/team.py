# SPDX-License-Identifier: MIT
"""A team (tests/interop/team.py) for tests in Perl, by CliTest::team(): a JSON
object a line, {"do": ..., ...}, and one back. Machines are known by name.
"""
import json, os, sys

sys.path.insert(0, os.environ["TOP_SRCDIR"] + "/tests/interop")
from team import *

team = Team(sys.argv[1])
team.create()
machines = {"admin": team.admin}
ROLES = {"reader": READER, "writer": WRITER, "admin": ADMIN}


def follow():
    """What others have done in the meantime."""
    log = team.must(team.admin, "log/read", dict(log_have=len(team.texts)))["log"]
    for text in log:
        team.took(text)
    for text in team.must(team.admin, "secrets/heads", {})["records"]:
        raw = split(text)[0]
        r = decode(RECORD, raw, "vault-record-v2")
        if team.heads.get(r["env"]) == (r["version"], sha(raw)):
            continue
        reply, _ = team.read(team.admin, r["env"])
        w, = reply["wraps"]
        team.heads[r["env"]] = (r["version"], sha(raw))
        team.data[r["env"]] = hpke_open(
            team.admin.box_secret, wrap_info(team.id, r["env"], r["key_id"], team.admin.id),
            team.log.psk(team.vk, w["generation"]), team.log.joins[w["generation"]], b"",
            unb64(w["wrap"]))


def admit(name, role="writer", envs=("*",), **scope):
    machines[name] = team.admit(name, ROLES[role], list(envs), **scope)
    return machine(name)


def machine(name):
    d = machines[name]
    return dict(id=d.id, secret=d.secret.hex(), key=team.key_text())


def push(by, env, secrets, changed=(), **more):
    text = json.dumps({"secrets": secrets, "changed": list(changed)})
    team.push(machines[by], env, text, **more)
    return dict(version=team.heads[env][0])


def revoke(name):
    team.revoke(machines[name])
    return {}


print(json.dumps({"project": team.id}), flush=True)
for line in sys.stdin:
    call = json.loads(line)
    follow()
    print(json.dumps(globals()[call.pop("do")](**call)), flush=True)
