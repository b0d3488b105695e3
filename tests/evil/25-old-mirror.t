#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 25: who blocks the server serves an old file as a mirror, to a device that does
# not mind how old a version is; to one that does; and forged ones.
from evil import *

team = EvilTeam()
picky = team.admit("picky", READER, ["*"], fresh_s=3600)
team.push(team.writer, "production", "WRONG, the old one", at=now() - 7200000)
old = team.fork()
team.push(team.writer, "production", "right")


def bundle(world):
    """What vault-env bundle writes of that world."""
    env = "production"
    return dict(vault_bundle=2, project_id=team.id, environment=env, log=world.texts,
                records=world.records[env], secrets=b64(world.blobs[env, len(world.records[env])]),
                wraps=[w for k, ws in world.wraps.items() for w in ws if k[0] == env])


def only_the_mirror(world, **changed):
    """The server is blocked, and this is what the mirror has."""
    hostile.honest()
    hostile.lie("(?!/mirror/).*", hang_up)
    hostile.lie("/mirror/%s/production.json" % team.id, lambda call: call.answer(
        200, dict(bundle(world), **changed)))


def mirror_of(victim, code, status, **fills):
    victim.refuses(code, status, "run", "--mirror", hostile.url + "/mirror", "--", "sh", "-c",
                   "env >child", **fills)


careless = Victim(team.reader, team)
for world in old, team:
    only_the_mirror(world)
    careless.says(3, "A mirror could be old for ever", "run", "--mirror", hostile.url + "/mirror",
                  "--", "sh", "-c", "env >child")
victim = Victim(picky, team)
only_the_mirror(old)
mirror_of(victim, "record_stale", 3)
for what, code, changed in (
        ("another blob", "blob_hash", dict(secrets=b64(old.blobs["production", 1]))),
        ("a bit of a record", "record_signature", dict(records=team.records["production"][:1] + [
            flip(team.records["production"][1], -1)])),
        ("a bit of the log", "log_signature", dict(log=team.texts[:2] + [flip(team.texts[2], -128)] + team.texts[3:])),
        ("another project's", "wrong_project", dict(project_id=EvilTeam(small=True).id)),
        ("another environment's", "wrong_environment", dict(environment="staging"))):
    print("# " + what)
    only_the_mirror(team, **changed)
    mirror_of(Victim(picky, team), code, 5, where="The mirror")
only_the_mirror(team)
r = victim.load("--mirror", hostile.url + "/mirror")
same((r.returncode, "A=right" in victim.child()), (0, True), "the newest file is read")
victim.knows_only_the_truth()
ok(not os.path.exists(victim.cache()), "... and makes no cache")
only_the_mirror(old)
victim.says(3, "The mirror is older than what this machine has seen of production", "run",
            "--mirror", hostile.url + "/mirror", "--", "sh", "-c", "env >child")
hostile.honest()
victim.reads("right")
done()
