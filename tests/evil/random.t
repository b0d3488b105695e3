#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# A random attacker: 10,000 times something of the recorded replies of a real server
# is flipped, dropped, swapped, replayed or truncated, and signed as the server's. A
# client either notices or gets what is true and not older than what it has seen; and
# nothing that is not true is on its disk afterwards. EVIL_SEED=N plays one again,
# EVIL_TURNS=N more of them.
# limit 600
import collections, random
from evil import *

if not os.path.exists(BUILD + "/lib/.libs/libvaultenv.so"):
    skip_all("libvaultenv.so is missing")
import library

TURNS = int(os.environ.get("EVIL_TURNS", 10000))
SEED = int(os.environ.get("EVIL_SEED", random.SystemRandom().randrange(2**32)))
print("# EVIL_SEED=%d" % SEED)
chance = random.Random(SEED)

# ---- a project's life: removals, rotations, another environment, another project
team, other = EvilTeam(), EvilTeam()
mate = team.admit("mate", WRITER, ["*"])
values = {}


def push(by, value, env="production", **how):
    team.push(by, env, value, **how)
    values[env, team.heads[env][0]] = value


home, folder, states = tmpdir(), tmpdir(), {}
os.environ["HOME"] = home
for name in vaulttest.OURS:
    os.environ.pop(name, None)
os.chdir(folder)
recorded = collections.defaultdict(list)  # (path, body): what the true server said; by path: all
me = team.reader
keys = {request_id(d.key(vk)).hex(): d.key(vk) for d in (me, mate) for vk in (team.vk,)}


def mac_of(headers, status, text):
    header = headers["X-Vault-Request"]
    key = keys.get(header[18:50])
    return key and "m=" + reply_mac(key, bytes.fromhex(header[-64:]), status, text).hex()


def true_server(url, headers, body):
    path = url.split("/api/v2/")[1]
    c = http.client.HTTPConnection(team.place.hostname, team.place.port, timeout=30)
    c.request("POST", "/api/v2/" + path, body, headers)
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    recorded[path, body] = r.status, text
    recorded[path].append((r.status, text))
    return r.status, text, r.getheader("X-Vault-Reply")


def client_of(d, env, server):
    return library.Client(team.key_text(team.vk), d.secret.hex(), env, team.url, server)


def files():
    found = {}
    for top in home, folder:
        for at, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(at, name)) as f:
                    found[os.path.join(at, name)] = f.read()
    return found


def restore(state):
    there = files()
    if there == state:
        return
    for path in set(there) - set(state):
        os.unlink(path)
    for path, text in state.items():
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)


def remember(name, *envs):
    """What a machine has that read these environments now."""
    restore({})
    for env in envs:
        client_of(me, env, true_server).load()
    states[name] = files(), {e: team.heads[e][0] for e in envs}


states["nothing"] = {}, {}
push(team.writer, "production 1")
push(team.writer, "staging 1", "staging")
other.push(other.writer, "production", "WRONG, another project's")
remember("the beginning", "production")
push(mate, "production 2")
push(team.writer, "production 3")
team.revoke(team.writer)
push(mate, "production 4")
remember("after a removal", "production", "staging")
push(mate, "production 5", new_key=True)
push(mate, "staging 2", "staging")
late = team.admit("late", READER, ["production"])
remember("the newest", "production", "staging")
states["the newest, no cache"] = {p: t for p, t in states["the newest"][0].items()
                                  if "/.vault-cache.d/" not in p}, states["the newest"][1]

CALLS = {"pull": lambda c: c.pull(), "load": lambda c: c.load(), "pull 2": lambda c: c.pull(2),
         "poll": lambda c: c.poll(), "versions": lambda c: c.versions()}
for kept, _ in states.values():
    for d in me, mate:
        for env in "production", "staging":
            for call in CALLS.values():
                restore(kept)
                try:
                    call(client_of(d, env, true_server))
                except library.Failed as e:
                    assert env == "staging" or d is mate, e
for path, body in (("secrets/pull", dict(environment="production", log_have=0)),
                   ("log/read", dict(log_have=0))):  # of another project
    recorded[path].append((200, json.dumps(other.must(other.admin, path, body))))

# ---- what the attacker makes of a reply


def places(value, at=()):
    """Where something is in a reply."""
    yield at
    for k, v in (value.items() if isinstance(value, dict) else
                 enumerate(value) if isinstance(value, list) else ()):
        yield from places(v, at + (k,))


def parent_of(reply, at):
    for k in at[:-1]:
        reply = reply[k]
    return reply


def flip_text(text):
    """A bit: of what base64 or hex stands for, if it is such."""
    try:
        if len(text) > 60 and len(text) != 64:
            return flip(text, chance.randrange(len(unb64(text))), 1 << chance.randrange(8))
    except Refused:
        pass
    i = chance.randrange(len(text)) if text else 0
    return text[:i] + chr(ord((text or "x")[i]) ^ 1 << chance.randrange(7)) + text[i + 1:]


def changed(value):
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return max(0, value + chance.choice((-2, -1, 1, 2, 1000, 2**53)))
    if isinstance(value, str):
        return flip_text(value)
    return chance.choice(([], {}, None, "x", 7))


def rewrite(status, text, path):
    what = chance.choice(("flip", "flip", "drop", "swap", "replay", "truncate", "mix", "raw"))
    others = recorded[path]
    if what == "replay":
        return chance.choice(others)
    if what == "raw":
        i = chance.randrange(len(text))
        return status, chance.choice((text[:i], text[:i] + chr(ord(text[i]) ^ 1) + text[i + 1:]))
    reply = json.loads(text)
    at = chance.choice([p for p in places(reply) if p])
    parent = parent_of(reply, at)
    if what == "flip":
        parent[at[-1]] = changed(parent[at[-1]])
    elif what == "drop":
        del parent[at[-1]]
    elif what == "swap" and isinstance(parent, list):
        i, k = at[-1], chance.randrange(len(parent))
        parent[i], parent[k] = parent[k], parent[i]
    elif what == "truncate":
        value = parent[at[-1]]
        if isinstance(value, (str, list)) and value:
            parent[at[-1]] = value[:chance.randrange(len(value))]
    else:  # a member of another reply, of whatever time, device or environment
        foreign = json.loads(chance.choice(others)[1])
        name = chance.choice(sorted(reply))
        if name in foreign:
            reply[name] = foreign[name]
    return chance.choice((status, status, status, status, 200, 401, 403, 404, 409, 500)), \
        json.dumps(reply)


def attacker(url, headers, body):
    path = url.split("/api/v2/")[1]
    status, text = recorded.get((path, body)) or (true_server(url, headers, body) and
                                                  recorded[path, body])
    before = mac_of(headers, status, text)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        try:
            status, text = rewrite(status, text, path)
        except (ValueError, IndexError, AttributeError, TypeError):
            pass  # of what the last rewriting left, nothing more can be made
    # mostly with the server's own MAC; else as somebody on the way
    return status, text, before if chance.randrange(8) == 0 else mac_of(headers, status, text)


# ---- and what comes of it
good_files = set()


def wrong_files(found, seen):
    bad = []
    for path, text in found.items():
        if (path, text) in good_files:
            continue
        if path.endswith(".log"):
            bad += wrong_log(team, text.splitlines(), path)
        elif path.endswith(".heads"):
            bad += wrong_pins(team, text, path)
        elif "/.vault-cache.d/" in path and not path.endswith(".gitignore"):
            bad += wrong_cache(team, text, path)
        if not bad:
            good_files.add((path, text))
    pins = found.get("%s/.vault/%s.heads" % (home, team.id))
    have = parse_heads(pins, team.id)[1] if pins else {}
    return bad + ["the pin of %s went back" % e for e in seen if have.get(e, (0,))[0] < seen[e]]


outcomes, undetected = collections.Counter(), []
for turn in range(TURNS):
    name = chance.choice(sorted(states))
    kept, seen = states[name]
    d, env = (me, chance.choice(("production", "staging"))) if chance.randrange(8) else (
        mate, "production")
    call = chance.choice(("pull", "pull", "load", "load", "pull 2", "poll", "versions"))
    if d is me:
        restore(kept)
    else:
        restore({})
        seen = {}
    try:
        version, value = CALLS[call](client_of(d, env, attacker))
    except library.Failed as e:
        outcomes[str(e)] += 1
        harmless = True
    else:
        outcomes["nothing to notice"] += 1
        harmless = call == "versions" or version >= (0 if call == "pull 2" else seen.get(env, 0))
        if call not in ("versions", "poll"):
            harmless &= values.get((env, version)) == value
    bad = wrong_files(files(), seen)
    if not harmless or bad:
        undetected.append((turn, name, call, d.name, env, bad))
same(undetected, [], "%d rewritings, each noticed or harmless" % TURNS)
for code, n in outcomes.most_common():
    print("# %6d %s" % (n, code))
tampering = [c for c in outcomes if SENTENCES.get(c) and "tampered" in SENTENCES[c][1]]
ok(len(tampering) > 15, "%d codes of tampering were met" % len(tampering), *sorted(tampering))
done()
