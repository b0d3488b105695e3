#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 53: a cache is made younger, swapped for another environment's, copied to
# another device, kept where none is allowed, or is of a device, or by a writer, that
# was revoked since. The server is away all the time.
from evil import *

team = EvilTeam()
mate = team.admit("mate", READER, ["*"])
careful = team.admit("careful", READER, ["*"], cache_s=0)
team.push(team.writer, "production", "WRONG, the old one")
team.push(team.writer, "production", "right")
team.push(team.writer, "staging", "WRONG, staging's")
victim = Victim(team.reader, team)
victim.reads("right")
good = read(victim.cache())
hostile.lie(".*", hang_up)


def made(machine, at, world=team, env="production"):
    """A cache that this machine could have written at that time."""
    bundle = json.dumps(dict(
        vault_bundle=2, project_id=team.id, environment=env, log=world.texts,
        records=world.records[env], secrets=b64(world.blobs[env, len(world.records[env])]),
        wraps=[w for k, ws in world.wraps.items() for w in ws
               if k[0] == env and w["device_id"] == machine.id]))
    mac = cache_mac(machine.cache_key(team.vk), team.id, env, at, bundle.encode()).hex()
    return "vault-cache-v2 %013d %s\n%s\n" % (at, mac, bundle)


def kept(text, machine=victim):
    """What is on the disk of the machine now."""
    os.makedirs(os.path.dirname(machine.cache()), 0o700, exist_ok=True)
    write(machine.cache(), text, 0o600)
    machine.planted.add(machine.cache())
    return machine


kept(made(team.reader, now() - DAY)).reads("right", said=", a day old")
for what, text, code in (
        ("too old", made(team.reader, now() - 8 * DAY), "cache_age"),
        ("of the future", made(team.reader, now() + DAY), "cache_age"),
        ("made younger", re.sub("[0-9]{13}", "%013d" % now(), made(team.reader, now() - 8 * DAY), 1),
         "cache_mac"),
        ("another environment's", made(team.reader, now(), env="staging"), "cache_mac"),
        ("another device's", made(mate, now()), "cache_mac"),
        ("a bit of it changed", good[:-40] + "x" + good[-39:], "cache_mac"),
        ("cut off", good[:200], "cache_form")):
    print("# " + what)
    kept(text).refuses(code, 4)
limited = Victim(careful, team)
kept(made(careful, now()), limited).refuses("cache_age", 4)
hostile.honest()
limited.forgets_its_cache()
limited.reads("right")
ok(not os.path.exists(limited.cache()), "a device that may keep none keeps none")

# what came since, the machine has seen for another folder
above, below = team.fork(), team.fork()
above.push(team.writer, "production", "WRONG, by the revoked writer", new_key=True)
del below.heads["production"], below.records["production"]
below.push(team.writer, "production", "WRONG, made up by the revoked writer", new_key=True)
team.revoke(team.writer)
team.push(team.admin, "staging", "right too")
other = Victim(team.reader, team, env="staging")
other.reads("right too")
hostile.lie(".*", hang_up)
for name in "log", "heads":
    shutil.copy(other.path(name), victim.path(name))
print("# by a writer that was revoked since, above the cut")
kept(made(team.reader, now(), above)).refuses("record_cut", 5, where="The cache", n=3)
print("# below the cut, as who has not pulled since has it, too")
kept(made(team.reader, now(), below)).refuses(
    "record_author", 5, where="The cache", n=1, hint="Pull again: newer versions exist, and of those "
    "before them none by a removed device is taken from a cache")
print("# of a device that was revoked since")
end = team.fork()
end.revoke(team.reader)
write(victim.path("log"), "\n".join(end.texts) + "\n", 0o600)
kept(made(team.reader, now())).refuses("device_revoked", 3, truth=end)
ok(not os.path.exists(victim.cache()), "it is removed")
done()
