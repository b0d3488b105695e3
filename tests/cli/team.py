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


def follow(env):
    """What others have pushed in the meantime, without a new data key."""
    reply, _ = team.read(team.admin, env)
    raw = split(reply["records"][-1])[0]
    team.heads[env] = (reply["version"], sha(raw))
    return dict(version=reply["version"])


print(json.dumps({"project": team.id}), flush=True)
for line in sys.stdin:
    call = json.loads(line)
    print(json.dumps(globals()[call.pop("do")](**call)), flush=True)
