# SPDX-License-Identifier: MIT
"""A small project's life, and what a lying server or a hostile device makes of it.

Called by reference.py. Every case says what a correct implementation answers:
"accept" with the result, or "refuse" with a code of lib/PROTOCOL-v2.
"""
import copy, json, os, sys
from reference import *

PROJECT = "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
OTHER = "0c3e5d21-7a94-4b6f-8d15-2f9e6b1a4c70"
URL, T0 = "https://vault.example.com", 1774000000000
NOW = T0 + 10 * DAY
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
SEED = b"vault-env v2 vectors"  # fresh.py has another each time


def rnd(name, n=32):
    return expand(sha(SEED), name.encode(), n)


def vk(secret, anchor):
    return "vk_%s_%s_%s" % (PROJECT, rnd(secret).hex(), anchor.hex())


class World:
    """The honest history; every statement is kept by name."""

    def __init__(self):
        w = self
        mk = lambda n: Device(PROJECT, rnd("device " + n).hex(), n)
        w.anna, w.bob, w.ci, w.paper, w.eve = map(
            mk, ("anna-laptop", "bob-laptop", "ci-production", "recovery", "eve"))
        w.texts, w.records, w.blobs, w.wraps, w.keys = [], {}, {}, {}, {}
        w.log = Log(PROJECT)
        w.key1 = w.key = VaultKey(vk("vault secret 1", ZERO))
        w.entry(w.anna, ROOT, join=w.key1.join, **w.block(w.anna, ADMIN, ["*"]))
        w.key1 = VaultKey(vk("vault secret 1", w.log.hashes[0]))
        w.entry(w.anna, ADMIT, **w.block(w.bob, WRITER, ["development", "production"]))
        w.entry(w.anna, ADMIT, **w.block(w.ci, READER, ["production"], T0 + 90 * DAY, 86400, 604800))
        w.entry(w.anna, ADMIT, **w.block(w.paper, ADMIN, ["*"]))
        w.push(w.key1, w.anna, "production", "K1", {"DB_URL": "postgres://db/1"})
        w.push(w.key1, w.bob, "production", "K1", {"DB_URL": "postgres://db/2", "TOKEN": "\u00e9t\u00e9"})
        w.push(w.key1, w.bob, "development", "D1", {"DB_URL": "sqlite:dev"})
        w.at_v2 = len(w.texts)
        w.entry(w.anna, REVOKE, device=w.bob.id, cuts=w.cut("development", "production"))
        w.push(w.key1, w.anna, "production", "K2", {"DB_URL": "postgres://db/2", "TOKEN": "\u00e9t\u00e9"}, CONFIRM)
        new = VaultKey(vk("vault secret 2", ZERO))
        old_psk = seal(chain_key(PROJECT, new.psk, new.join), rnd("chain iv", 12),
                       chain_aad(PROJECT, w.key1.join, new.join), w.key1.psk)
        w.old_psk, w.new_join = old_psk, new.join
        w.entry(w.anna, ROTATE, **w.rotate())
        w.key2_text = vk("vault secret 2", w.log.hashes[-1])
        w.key2 = w.key = VaultKey(w.key2_text)
        w.push(w.key2, w.anna, "production", "K3", {"DB_URL": "postgres://db/1"}, ROLLBACK, 1)
        w.entry(w.anna, CHANGE, device=w.ci.id, role=READER, envs=["production", "staging"],
                expires=T0 + 90 * DAY, cache_s=86400, fresh_s=604800, cuts=[])
        w.push(w.key2, w.anna, "production", "K3", {"DB_URL": "postgres://db/5"})

    def block(w, d, role, envs, expires=0, cache_s=604800, fresh_s=0):
        return dict(device=d.id, name=d.name, sign=d.sign, box=d.box, role=role, envs=envs,
                    expires=expires, cache_s=cache_s, fresh_s=fresh_s)

    def rotate(w):
        return dict(join=w.new_join, old_psk=w.old_psk, cuts=w.cut("development", "production"))

    def pin(w, version, env="production"):
        return version, sha(split(w.records[env][version - 1])[0])

    def cut(w, *envs):
        return [(e, len(w.records[e]), sha(split(w.records[e][-1])[0])) for e in envs]

    def make_entry(w, by, kind, second=None, **more):
        """Signed by the author, then by the join key that is valid before it."""
        s = dict(label="vault-log-v2", suite=SUITE, project=PROJECT, seq=len(w.texts),
                 prev=w.log.hashes[-1] if w.texts else ZERO, at=T0 + len(w.texts) * DAY,
                 author=by.id, kind=kind)
        s.update(more)
        raw = encode(LOG + KINDS.get(kind, []), s)
        return b64(raw + sign(by.sign_seed, raw) + sign(second or w.key.join_seed, raw))

    def entry(w, by, kind, **more):
        text = w.make_entry(by, kind, **more)
        w.log.apply(text)
        w.texts.append(text)

    def make_record(w, by, place, blob, data_key, **more):
        done = w.records.get(place, [])
        s = dict(label="vault-record-v2", suite=SUITE, project=PROJECT, env=place,
                 version=len(done) + 1, prev=sha(split(done[-1])[0]) if done else ZERO,
                 key_id=key_id(PROJECT, place, data_key), blob=sha(blob), op=PUSH, of=0,
                 author=by.id, log_seq=len(w.texts) - 1, log_hash=w.log.hashes[-1],
                 at=T0 + len(w.texts) * DAY + 3600000 * len(done))
        s.update(more)
        raw = encode(RECORD, s)
        return b64(raw + sign(by.sign_seed, raw))

    def make_blob(w, env, version, data_key, secrets, iv, changed=()):
        plain = secrets if isinstance(secrets, str) else json.dumps(
            {"secrets": secrets, "changed": list(changed)}, ensure_ascii=False, separators=(",", ":"))
        return seal(content_key(PROJECT, env, data_key), rnd(iv, 12), blob_aad(
            PROJECT, env, version, key_id(PROJECT, env, data_key)), pad(plain))

    def make_wrap(w, key, env, data_key, d, name):
        return {"device_id": d.id, "key_id": key_id(PROJECT, env, data_key).hex(),
                "generation": 0 if key is w.key1 else 1,
                "wrap": b64(wrap(key, env, data_key, d.id, d.box, rnd("ephemeral %s %s" % (name, d.name))))}

    def push(w, key, by, env, key_name, secrets, op=PUSH, of=0):
        data_key, done = rnd("data key " + key_name), w.records.setdefault(env, [])
        version = len(done) + 1
        w.keys[env, version] = data_key
        blob = w.make_blob(env, version, data_key, secrets, "iv %s %d" % (env, version), ["~DB_URL"])
        w.blobs[env, version] = blob
        for d in (w.anna, w.bob, w.ci, w.paper):
            m = w.log.devices[d.id]
            if not m["revoked"] and in_scope(m, env):
                w.wraps[env, key_name, d.id] = w.make_wrap(key, env, data_key, d, key_name)
        text = w.make_record(by, env, blob, data_key, op=op, of=of)
        check_record(w.log, text, env)
        done.append(text)

    def until(w, entries, production=None):
        """The same history, ended earlier: to be gone on with in another way."""
        x = copy.copy(w)
        x.texts, x.log = list(w.texts[:entries]), Log(PROJECT, w.texts[:entries])
        x.key = w.key1 if len(x.log.joins) == 1 else w.key2
        x.records = {e: list(v) for e, v in w.records.items()}
        x.records["production"] = x.records["production"][:production]
        x.blobs, x.wraps, x.keys = dict(w.blobs), dict(w.wraps), dict(w.keys)
        return x

    def force(w, by, data_key, secrets, name, env="production", **more):
        """A next version without looking whether it may be."""
        done = w.records.setdefault(env, [])
        version = more.get("version", len(done) + 1)
        w.blobs[env, version] = w.make_blob(env, version, data_key, secrets, "iv " + name)
        done.append(w.make_record(by, env, w.blobs[env, version], data_key, **more))
        return done[-1]

    def bundle(w, device, version=None, first=1, env="production", newest=None):
        version = version or len(w.records[env])
        return {"vault_bundle": 2, "project_id": PROJECT, "environment": env, "log": list(w.texts),
                "records": w.records[env][first - 1:newest or version],
                "wraps": [v for k, v in w.wraps.items() if k[0] == env and k[2] == device.id],
                "secrets": b64(w.blobs[env, version])}


def make_cases(w):
    out = []

    def case(kind, name, code, **c):
        out.append(dict(kind=kind, name=name, refuse=code, **c))

    heads = lambda log, envs: heads_text(PROJECT, log, envs)
    pins = {"production": (4, sha(split(w.records["production"][3])[0]))}
    good_heads = heads(w.log, pins)
    ci = dict(vault_key=w.key2_text, device_secret=w.ci.secret.hex(), environment="production",
              version=None, heads=None, now=NOW)
    anna = w.anna.secret.hex()

    def pull(name, code, edit=None, **more):
        c = copy.deepcopy(dict(ci, bundle=w.bundle(w.ci), **more) if "bundle" not in more else dict(ci, **more))
        if edit:
            edit(c["bundle"])
        case("bundle", name, code, **c)

    def flip(text, at, bit=1):
        raw = bytearray(unb64(text))
        raw[at] ^= bit
        return b64(bytes(raw))

    # -- accepted
    pull("cold start", None)
    pull("with pins, from the pinned record", None, heads=good_heads, bundle=w.bundle(w.ci, first=4))
    pull("the pinned record is the newest", None, bundle=w.bundle(w.ci, first=5),
         heads=heads(w.log, {"production": (5, sha(split(w.records["production"][4])[0]))}))
    pull("an admin, all environments", None, device_secret=anna, bundle=w.bundle(w.anna))
    pull("version 2, by a writer revoked since, wrapped for an older VAULT_KEY", None, version=2,
         device_secret=anna, bundle=w.bundle(w.anna, 2, 2, newest=5))
    pull("the recovery device", None, device_secret=w.paper.secret.hex(), bundle=w.bundle(w.paper))
    # -- keys
    v1 = "_".join(w.key2_text.split("_")[:3])
    pull("a VAULT_KEY of v1's form", "key_form", vault_key=v1)
    pull("VAULT_KEY with upper-case hex", "key_form", vault_key=w.key2_text.upper().replace("VK", "vk"))
    pull("VAULT_KEY with a short anchor", "key_form", vault_key=w.key2_text[:-1])
    pull("device secret too short", "key_form", device_secret=w.ci.secret.hex()[:-2])
    pull("the replaced VAULT_KEY", "key_replaced", vault_key=vk("vault secret 1", w.log.hashes[0]))
    pull("another secret in VAULT_KEY", "key_unknown", vault_key=vk("no secret", w.log.hashes[5]))
    pull("an anchor that is not in the log", "log_anchor", vault_key=vk("vault secret 2", rnd("anchor")))
    pull("a device nobody admitted", "device_unknown", device_secret=w.eve.secret.hex())
    pull("a revoked device", "device_revoked", device_secret=w.bob.secret.hex())
    pull("an expired device", "device_expired", now=T0 + 91 * DAY)
    pull("an environment out of scope", "device_scope", environment="development",
         bundle=w.bundle(w.ci, env="development"))
    # -- swapped whole
    pull("another environment's bundle", "wrong_environment", bundle=w.bundle(w.ci, env="development"))
    pull("the bundle's environment is another's", "wrong_environment", lambda b: b.update(environment="development"))
    pull("environment renamed in the bundle", "wrong_environment", lambda b: b.update(
        records=w.records["development"]))
    pull("another project", "wrong_project", lambda b: b.update(project_id=OTHER))
    # -- the log, as served
    pull("an empty log", "log_short", lambda b: b.update(log=[]))
    pull("log cut short of the anchor", "log_anchor", lambda b: b.update(log=b["log"][:5]))
    pull("log shorter than the pin", "log_short", lambda b: b.update(log=b["log"][:6]), heads=good_heads)
    pull("an entry left out", "log_gap", lambda b: b["log"].pop(4))
    pull("two entries exchanged", "log_gap", lambda b: b["log"].insert(2, b["log"].pop(1)))
    pull("an entry twice", "log_gap", lambda b: b["log"].append(b["log"][-1]))
    pull("no root", "log_gap", lambda b: b["log"].pop(0))
    pull("a bit of an entry", "log_signature", lambda b: b["log"].__setitem__(2, flip(b["log"][2], 245)))
    pull("a bit of an entry's first signature", "log_signature", lambda b: b["log"].__setitem__(1, flip(b["log"][1], -70)))
    pull("a bit of an entry's second signature", "log_join", lambda b: b["log"].__setitem__(1, flip(b["log"][1], -1)))
    pull("an entry cut off", "bad_form", lambda b: b["log"].__setitem__(1, b64(unb64(b["log"][1])[:-144])))
    pull("base64 not canonical", "bad_form", lambda b: b["log"].__setitem__(0, b["log"][0].rstrip("=") + "===="))

    def log_case(title, code, *tail, keep=4, by=None, kind=None, **more):
        """keep honest entries, then one made wrong on purpose but well signed"""
        x = w.until(keep)
        made = x.make_entry(by, kind, **more) if kind else None
        case("log", title, code, project_id=PROJECT, log=x.texts + ([made] if made else []) + list(tail))

    eve = w.block(w.eve, READER, ["production"])
    log_case("the honest log", None, keep=7)
    log_case("admitted by a writer", "log_author", by=w.bob, kind=ADMIT, **eve)
    log_case("admitted by a reader", "log_author", by=w.ci, kind=ADMIT, **eve)
    log_case("admitted by a stranger", "log_author", by=w.eve, kind=ADMIT, **eve)
    log_case("admitted by a revoked device", "log_author", keep=5, by=w.bob, kind=ADMIT, **eve)
    log_case("in an admin's name, signed by another", "log_signature", by=w.eve, kind=ADMIT, author=w.anna.id, **eve)
    log_case("keys that are not the id's", "log_device_id", by=w.anna, kind=ADMIT, **dict(eve, sign=w.bob.sign))
    log_case("box key that is not the id's", "log_device_id", by=w.anna, kind=ADMIT, **dict(eve, box=w.bob.box))
    weak = copy.copy(w.eve)
    weak.box = (P - 1).to_bytes(32, "little")
    weak.id = device_id(PROJECT, weak.sign, weak.box)
    log_case("a box key of low order", "low_order", by=w.anna, kind=ADMIT, **w.block(weak, READER, ["production"]))
    log_case("a device admitted twice", "log_device_known", by=w.anna, kind=ADMIT, **w.block(w.bob, ADMIN, ["*"]))
    log_case("a revoked device admitted again", "log_device_known", keep=5, by=w.anna, kind=ADMIT,
             **w.block(w.bob, READER, ["production"]))
    log_case("revoked twice", "log_device_unknown", keep=5, by=w.anna, kind=REVOKE, device=w.bob.id, cuts=[])
    log_case("a second root", "log_root", by=w.anna, kind=ROOT, join=rnd("j"), **w.block(w.eve, ADMIN, ["*"]))
    log_case("first entry is no root", "log_root", keep=0, by=w.anna, kind=ADMIT, **eve)
    log_case("root in another's name", "log_root", keep=0, by=w.eve, kind=ROOT, join=rnd("j"), **w.block(w.anna, ADMIN, ["*"]))
    log_case("root that is a writer", "log_root", keep=0, by=w.eve, kind=ROOT, join=rnd("j"), **w.block(w.eve, WRITER, ["*"]))
    log_case("an admin that expires", "log_scope", by=w.anna, kind=ADMIT, **w.block(w.eve, ADMIN, ["*"], NOW))
    log_case("an admin of one environment", "log_scope", by=w.anna, kind=ADMIT, **w.block(w.eve, ADMIN, ["production"]))
    log_case("role 4", "log_scope", by=w.anna, kind=ADMIT, **w.block(w.eve, 4, ["*"]))
    log_case("environments not sorted", "bad_form", by=w.anna, kind=ADMIT, **w.block(w.eve, READER, ["b", "a"]))
    log_case("an environment name with a slash", "bad_form", by=w.anna, kind=ADMIT, **w.block(w.eve, READER, ["a/b"]))
    for title, char in (("a line break", "\n"), ("a C1 control (CSI)", "\u009b"), ("a bidi override", "\u202e"),
                        ("a zero-width space", "\u200b"), ("a byte order mark", "\ufeff"), ("a line separator", "\u2028")):
        log_case("a device name with " + title, "bad_form", by=w.anna, kind=ADMIT, **dict(eve, name="a%sb" % char))
    log_case("a device name in Arabic and an emoji", None, by=w.anna, kind=ADMIT, **dict(
        eve, name="\u062d\u0627\u0633\u0648\u0628 \U0001f4bb"))
    log_case("the last admin revoked", "log_last_admin", keep=1, by=w.anna, kind=REVOKE, device=w.anna.id, cuts=[])
    log_case("prev of another entry", "log_link", by=w.anna, kind=ADMIT, prev=w.log.hashes[0], **eve)
    log_case("another project's entry", "wrong_project", by=w.anna, kind=ADMIT, project=OTHER, **eve)
    log_case("an unknown suite", "bad_suite", by=w.anna, kind=ADMIT, suite=2, **eve)
    log_case("an unknown kind", "bad_kind", by=w.anna, kind=9)
    log_case("a record in the log's place", "bad_form", w.records["production"][0])
    log_case("a cut before an earlier cut", "log_cut", keep=5, by=w.anna, kind=REVOKE, device=w.ci.id,
             cuts=[("production", 1, rnd("c"))])
    log_case("the same cut, another hash", "log_cut", keep=5, by=w.anna, kind=REVOKE, device=w.ci.id,
             cuts=[("production", 2, rnd("c"))])
    log_case("a cut of version 0", "bad_form", by=w.anna, kind=REVOKE, device=w.ci.id, cuts=[("staging", 0, ZERO)])
    log_case("a cut of version 1", None, by=w.anna, kind=REVOKE, device=w.ci.id, cuts=[("production", 1, rnd("c"))])
    log_case("rotation to the present key", "log_rotate", by=w.anna, kind=ROTATE, join=w.key1.join,
             old_psk=rnd("o", 60), cuts=[])
    log_case("rotation back to an older key", "log_rotate", keep=6, by=w.anna, kind=ROTATE, join=w.key1.join,
             old_psk=rnd("o", 60), cuts=[])
    # -- the second signature: by the join key that is valid before the entry
    guess = rnd("guess")
    log_case("revocation by an admin's device secret alone", "log_join", by=w.anna, kind=REVOKE, second=guess,
             device=w.bob.id, cuts=[])
    log_case("admission by an admin's device secret alone", "log_join", by=w.anna, kind=ADMIT, second=guess, **eve)
    log_case("rotation by an admin's device secret alone", "log_join", keep=5, by=w.anna, second=guess,
             kind=ROTATE, join=w.new_join, old_psk=w.old_psk, cuts=[])
    log_case("rotation signed by the new VAULT_KEY only", "log_join", keep=5, by=w.anna, second=w.key2.join_seed,
             kind=ROTATE, join=w.new_join, old_psk=w.old_psk, cuts=[])
    log_case("an entry by the replaced VAULT_KEY", "log_join", keep=6, by=w.anna, second=w.key1.join_seed, kind=ADMIT, **eve)
    log_case("an entry by VAULT_KEY alone, in an admin's name", "log_signature", by=w.eve, author=w.anna.id, kind=ADMIT, **eve)
    log_case("a root with another's second signature", "log_join", keep=0, by=w.eve, second=guess, kind=ROOT,
             join=w.key1.join, **w.block(w.eve, ADMIN, ["*"]))
    two = w.until(4).make_entry(w.anna, ADMIT, **eve)
    raw, sigs = split(two, 2)
    log_case("the two signatures exchanged", "log_signature", b64(raw + sigs[64:] + sigs[:64]))
    log_case("the second signature left out", "bad_form", b64(raw + sigs[:64]))
    log_case("the first signature twice", "log_join", b64(raw + sigs[:64] * 2))
    # -- the decoder: all well signed, but for what cannot be
    both = lambda raw: b64(raw + sign(w.anna.sign_seed, raw) + sign(w.key1.join_seed, raw))
    log_case("another label", "bad_form", by=w.anna, kind=ADMIT, label="vault-log-v1", **eve)
    log_case("a number of 2^53", "bad_form", by=w.anna, kind=ADMIT, at=MAX_NUM + 1, **eve)
    log_case("a number of 2^53-1", None, by=w.anna, kind=ADMIT, at=MAX_NUM, **eve)
    log_case("a number of seven bytes", "bad_form", both(raw.replace(num(SUITE), lp(num(SUITE)[5:]), 1)))
    log_case("a length of 2^32-1", "bad_form", both(b"\xff" * 4 + raw[4:]))
    log_case("a list of 101", "bad_form", by=w.anna, kind=ADMIT, **dict(eve, envs=["e%03d" % i for i in range(101)]))
    revoked = encode(LOG + KINDS[REVOKE], dict(label="vault-log-v2", suite=SUITE, project=PROJECT, seq=4, prev=w.log.hashes[3],
                                               at=T0, author=w.anna.id, kind=REVOKE, device=w.ci.id, cuts=[]))
    log_case("a list of 2^53-1", "bad_form", both(revoked[:-12] + num(MAX_NUM)))
    log_case("an empty list of environments", "bad_form", by=w.anna, kind=ADMIT, **dict(eve, envs=[]))
    log_case("one byte behind the end", "bad_form", both(raw + b"\0"))
    log_case("an upper-case UUID", "bad_form", by=w.anna, kind=REVOKE, device=w.bob.id.upper(), cuts=[])
    log_case("a name of 129 bytes", "bad_form", by=w.anna, kind=ADMIT, **dict(eve, name="x" * 129))
    log_case("a name that is no UTF-8", "bad_form", both(raw.replace(b"eve", b"\xed\xa0\x80", 1)))
    odd = next(x for x in w.texts if x.endswith("="))
    last = odd.rstrip("=")[-1]
    spare = odd.rstrip("=")[:-1] + chr(ord(last) + 1) + "=" * (len(odd) - len(odd.rstrip("=")))
    log_case("base64 with unused bits set", "bad_form", keep=0, *[x if x != odd else spare for x in w.texts[:w.texts.index(odd) + 1]])
    log_case("a third signature", "bad_form", b64(raw + sigs + sigs[:64]))

    # -- records: made wrong on purpose, then served as version 6
    def rec(name, code, by=None, heads_=None, data_key=None, blob=None, log=None, vers=6, **more):
        data_key = data_key or w.keys["production", 5]
        blob = blob or w.make_blob("production", vers, data_key, {"DB_URL": "evil"}, "iv evil")
        text = w.make_record(by or w.anna, "production", blob, data_key, **more)
        b = w.bundle(w.ci, first=4)
        b["records"], b["secrets"] = b["records"] + [text], b64(blob)
        case("bundle", name, code, **dict(ci, heads=heads_ or good_heads, bundle=b))

    stale = dict(log_seq=3, log_hash=w.log.hashes[3])
    rec("a proper version 6", None)
    rec("signed by a reader", "record_author", by=w.ci)
    rec("signed by a stranger", "record_author", by=w.eve)
    rec("in a revoked writer's name, signed by nobody", "record_signature", by=w.eve, author=w.bob.id)
    rec("signed by a revoked writer, newest log head", "record_author", by=w.bob)
    rec("signed by a revoked writer, log head of before", "record_cut", by=w.bob, **stale)
    rec("an honest author that missed two cuts", "record_cut", **stale)
    rec("in an admin's name, signed by a stranger", "record_signature", by=w.eve, author=w.anna.id)
    rec("a log head that is not in the log", "record_log", log_hash=rnd("h"))
    rec("a log head beyond the log", "record_log", log_seq=9)
    rec("a version left out", "record_link", vers=7, version=7)
    rec("prev of another record", "record_link", prev=rnd("p"))
    rec("another environment's record", "wrong_environment", env="development")
    rec("another project's record", "wrong_project", project=OTHER)
    rec("a rollback of nothing", "bad_form", op=ROLLBACK)
    rec("a push that names a version", "bad_form", of=1)
    rec("an unknown op", "bad_form", op=3)
    rec("suite 2", "bad_suite", suite=2)
    rec("too old for fresh_s", "record_stale", at=NOW - 8 * DAY)
    rec("from the future", "record_stale", at=NOW + DAY)
    rec("version 0", "bad_form", version=0)
    rec("a first version with a predecessor", "bad_form", version=1)
    rec("a blob of 20 bytes", "blob_open", blob=rnd("short", 20))
    rec("blob of another version", "blob_open", blob=w.blobs["production", 4])
    rec("blob of another environment", "blob_open", blob=w.blobs["development", 1])
    rec("plaintext is no object", "blob_json", blob=w.make_blob("production", 6, w.keys["production", 5], "[1]", "iv x"))
    rec("a value that is a number", "blob_json", blob=w.make_blob("production", 6, w.keys["production", 5],
        '{"secrets":{"A":1},"changed":[]}', "iv x"))
    pull("a bit of the blob", "blob_hash", lambda b: b.update(secrets=flip(b["secrets"], 40)))
    pull("another version's blob", "blob_hash", lambda b: b.update(secrets=b64(w.blobs["production", 4])))
    pull("a bit of a record's signature", "record_signature", lambda b: b["records"].__setitem__(4, flip(b["records"][4], -64)))
    pull("a bit of a record, pinned or not: the signature counts", "record_signature", heads=good_heads.replace(
        "production 4 " + w.pin(4)[1].hex(), "production 5 " + w.pin(5)[1].hex()), bundle=dict(w.bundle(w.ci, first=5), records=[
            flip(w.records["production"][4], -1)]))
    pull("a bit of a record", "record_signature", lambda b: b["records"].__setitem__(4, flip(b["records"][4], -66)))
    pull("a bit of an older record", "record_link", lambda b: b["records"].__setitem__(0, flip(b["records"][0], -66)))
    pull("a record left out", "record_link", lambda b: b["records"].pop(2))
    pull("no record", "record_missing", lambda b: b.update(records=[]))
    pull("version 2 as the newest, to a client without pins", "record_rollback", device_secret=anna,
         bundle=w.bundle(w.anna, 2))
    pull("version 3 asked for, version 2 given", "blob_hash", version=3, device_secret=anna,
         bundle=w.bundle(w.anna, 2, 2, newest=5))
    pull("version 9 asked for", "record_missing", version=9, device_secret=anna, bundle=w.bundle(w.anna))
    pull("rolled back to version 3", "record_rollback", heads=good_heads, bundle=w.bundle(w.ci, 3))
    pull("records that begin after the pin", "record_link", heads=good_heads, bundle=w.bundle(w.ci, first=5))
    pull("another version 4 than the pinned one", "record_fork", heads=heads(w.log, {"production": (4, rnd("x"))}))
    pull("another log than the pinned one", "log_fork", heads=good_heads.replace(w.log.hashes[-1].hex(), rnd("y").hex()))
    pull("heads of another project", "heads_form", heads=good_heads.replace(PROJECT, OTHER))
    pull("heads with a line too many", "heads_form", heads=good_heads + "x\n")
    pull(".vault-heads of another project is passed over", None, vault_heads=good_heads.replace(PROJECT, OTHER))
    pull(".vault-heads is newer than the own file", "record_rollback", heads=heads(w.log, {"production": w.pin(3)}),
         vault_heads=good_heads, bundle=w.bundle(w.ci, 3))
    pull(".vault-heads names another log than the own file", "log_fork", heads=good_heads,
         vault_heads=good_heads.replace(w.log.hashes[-1].hex(), rnd("y").hex()))
    pull(".vault-heads names another version than the own file", "record_fork", heads=good_heads,
         vault_heads=heads(w.log, {"production": (4, rnd("x"))}))
    pull("the own log file is a beginning of the served log", None, log=w.texts[:5])
    pull("the own log file is longer than the served log", "log_short", log=w.texts, bundle=dict(w.bundle(w.ci), log=w.texts[:6]))
    pull("the own log file is another log", "log_fork", log=w.texts[:4] + [w.until(4).make_entry(
        w.anna, REVOKE, device=w.ci.id, cuts=[])])
    pull(".vault-heads of a hostile commit", "log_short", heads=good_heads, vault_heads=good_heads.replace("log 6 ", "log 9 "))

    # -- the heads file by itself, as a merge of two branches leaves it
    h4, h5, hl = w.pin(4)[1].hex(), w.pin(5)[1].hex(), [h.hex() for h in w.log.hashes]
    def heads_case(name, code, *lines, own=False, project=PROJECT):
        case("heads", name, code, project_id=PROJECT, own=own, file="".join(
            "%s\n" % line for line in ("vault-heads-v2 " + project,) + lines))
    heads_case("as written", None, "log 6 " + hl[6], "env production 4 " + h4, own=True)
    heads_case("merged by union", None, "log 5 " + hl[5], "env production 4 " + h4, "log 6 " + hl[6],
               "env development 1 " + w.pin(1, "development")[1].hex(), "env production 5 " + h5)
    heads_case("merged, the first line twice", None, "vault-heads-v2 " + PROJECT, "log 6 " + hl[6], "log 6 " + hl[6])
    heads_case("merged with conflict marks", "heads_form", "<<<<<<< HEAD", "log 5 " + hl[5], "=======",
               "log 6 " + hl[6], ">>>>>>> topic")
    heads_case("one log number, two hashes", "log_fork", "log 6 " + hl[6], "log 6 " + hl[5])
    heads_case("one version, two hashes", "record_fork", "log 6 " + hl[6], "env production 4 " + h4, "env production 4 " + h5)
    heads_case("no log line", "heads_form", "env production 4 " + h4)
    heads_case("of another project, in git", None, "log 6 " + hl[6], project=OTHER)
    heads_case("of another project, the own file", "heads_form", "log 6 " + hl[6], project=OTHER, own=True)
    heads_case("an Arabic-Indic digit", "heads_form", "log \u0666 " + hl[6])
    heads_case("a fullwidth digit", "heads_form", "log 1\uff12 " + hl[6])
    heads_case("above 2^53-1", "heads_form", "log 9007199254740992 " + hl[6])
    heads_case("2^53-1", None, "log 9007199254740991 " + hl[6])
    heads_case("a version 0", "heads_form", "log 6 " + hl[6], "env production 0 " + h4)
    case("heads", "no line end", "heads_form", project_id=PROJECT, own=False, file="vault-heads-v2 %s\nlog 6 %s" % (PROJECT, hl[6]))
    case("heads", "the first line alone", "heads_form", project_id=PROJECT, own=False, file="vault-heads-v2 %s\n" % PROJECT)
    case("heads", "an empty file", "heads_form", project_id=PROJECT, own=True, file="")
    heads_case("a leading zero", "heads_form", "log 06 " + hl[6])
    # a cut that a record does not fit: version 2 replaced after the revocation
    forged2 = w.make_record(w.bob, "production", w.blobs["production", 2], w.keys["production", 2], version=2,
                            prev=sha(split(w.records["production"][0])[0]), at=T0 + 5 * DAY, **stale)
    pull("a backdated version 2 below the cut", "record_cut", lambda b: b.update(
        records=[b["records"][0], forged2], secrets=b64(w.blobs["production", 2])))
    # the key kept after a cut
    same = w.make_record(w.anna, "production", w.blobs["production", 3], w.keys["production", 1], version=3,
                         prev=sha(split(w.records["production"][1])[0]), log_seq=4, log_hash=w.log.hashes[4])
    pull("the data key kept after a cut", "record_key", lambda b: b.update(
        log=b["log"][:5], records=b["records"][:2] + [same]), vault_key=vk("vault secret 1", w.log.hashes[0]))

    again = w.make_record(w.anna, "production", w.blobs["production", 4], w.keys["production", 1], version=4,
                          prev=sha(split(w.records["production"][2])[0]), log_seq=6, log_hash=w.log.hashes[6])
    pull("a data key of before an earlier cut", "record_key", lambda b: b.update(records=b["records"][:3] + [again]))

    # -- wraps
    wr = [v for k, v in w.wraps.items() if k[0] == "production" and k[2] == w.ci.id]
    mine = [x for x in wr if x["generation"] == 1][0]
    edit = lambda **m: (lambda b: b.update(wraps=[dict(mine, **m)]))
    pull("no wrap", "wrap_missing", lambda b: b.update(wraps=[]))
    pull("another device's wrap", "wrap_open", edit(wrap=w.wraps["production", "K3", w.anna.id]["wrap"]))
    pull("an older key's wrap", "wrap_open", edit(wrap=wr[0]["wrap"]))
    pull("a wrap under the old VAULT_KEY", "wrap_open", edit(**{"wrap": w.make_wrap(
        w.key1, "production", w.keys["production", 5], w.ci, "x")["wrap"]}))
    pull("a wrap of a wrong generation", "wrap_open", edit(generation=0))
    pull("a wrap of no generation", "wrap_open", edit(generation=7))
    pull("a bit of a wrap", "wrap_open", edit(wrap=flip(mine["wrap"], 50)))
    pull("a short wrap", "wrap_open", edit(wrap=b64(unb64(mine["wrap"])[:40])))
    pull("a wrap with a point of low order", "low_order", edit(wrap=b64(bytes(32) + unb64(mine["wrap"])[32:])))
    kid, other = w.log and key_id(PROJECT, "production", w.keys["production", 5]), rnd("attacker's data key")
    pull("a wrap of an attacker's data key, well made with VAULT_KEY", "key_commitment", edit(wrap=b64(hpke_seal(
        rnd("e"), w.ci.box, wrap_info(PROJECT, "production", kid, w.ci.id), w.key2.psk, w.key2.join, b"", other))))

    # -- the cache file
    def cached(name, code, at=NOW - 3600000, key=w.key2, edit=lambda t: t, world=w, dev=w.ci, version=None, first=1, **more):
        body = json.dumps(world.bundle(dev, version, first), separators=(",", ":"))
        m = cache_mac(dev.cache_key(key), PROJECT, "production", at, body.encode()).hex()
        case("cache", name, code, **dict(dict(ci, device_secret=dev.secret.hex(),
             file=edit("vault-cache-v2 %d %s\n%s\n" % (at, m, body))), **more))

    cached("an hour old", None)
    cached("two days old, one allowed", "cache_age", at=NOW - 2 * DAY)
    cached("from the future", "cache_age", at=NOW + DAY)
    cached("made younger", "cache_mac", at=NOW - 2 * DAY, edit=lambda t: t.replace(str(NOW - 2 * DAY), str(NOW)))
    cached("written with another VAULT_KEY", "cache_mac", key=w.key1)
    cached("asked for another environment", "cache_mac", environment="staging")
    cached("a v1 cache", "cache_form", edit=lambda t: "QUJD\n")
    cached("a time in Arabic-Indic digits", "cache_form", edit=lambda t: t.replace("-v2 1", "-v2 \u0661", 1))
    cached("old, and its blob edited: the age is judged first", "cache_age", at=NOW - 2 * DAY, world=w.until(7, 4))
    before, old_key = w.until(5, 3), dict(key=w.key1, vault_key=vk("vault secret 1", w.log.hashes[0]))
    cached("under the replaced VAULT_KEY, the rotation is known", None, world=before, log=w.texts[:6], **old_key)
    cached("under the replaced VAULT_KEY, a version behind the rotation's cut", None, world=w.until(5, 1), log=w.texts[:6], **old_key)
    cached("the same, by a writer removed since", "record_author", world=w.until(5, 2), log=w.texts[:6], **old_key)
    cached("under the replaced VAULT_KEY, VAULT_KEY_NEXT beside it", None, world=before, log=w.texts[:6],
           vault_key_next=w.key2_text, **old_key)
    nxt = dict(vault_key=old_key["vault_key"], vault_key_next=w.key2_text)
    cached("under VAULT_KEY_NEXT", None, **nxt)
    third = VaultKey(vk("vault secret 3", w.log.hashes[-1]))
    turn = w.until(7)
    turn.entry(w.anna, ROTATE, join=third.join, cuts=turn.cut("development", "production"), old_psk=seal(
        chain_key(PROJECT, third.psk, third.join), rnd("iv chain 3", 12), chain_aad(PROJECT, w.key2.join, third.join), w.key2.psk))
    cached("under VAULT_KEY_NEXT, which was replaced in its turn", None, log=turn.texts, **nxt)
    cached("a wrap of a newer generation than VAULT_KEY", "wrap_open", world=w.until(7, 4), **old_key)
    cached("the pin is a version ahead (another folder)", None, world=w.until(7, 4), heads=heads(w.log, {"production": w.pin(5)}))
    cached("the pinned log is longer than the known one", "log_short", heads=good_heads.replace("log 6 ", "log 9 "))
    cached("another log than the known one", "log_fork", world=before, log=w.texts[:4] + [w.until(4).make_entry(
        w.anna, REVOKE, device=w.ci.id, cuts=[])], **old_key)
    cached("of a device revoked since", "device_revoked", world=w.until(4, 2), dev=w.bob, log=w.texts[:5], **old_key)
    frozen = w.until(4, 2)
    evil = frozen.force(w.bob, w.keys["production", 2], {"DB_URL": "evil"}, "frozen")
    cached("with a version by a writer revoked since, behind the cut", "record_cut", world=frozen, first=3, log=w.texts[:5], **old_key)
    fork = w.until(4, 0)
    fork.force(w.bob, rnd("fork"), {"DB_URL": "evil"}, "fork")
    fork.wraps["production", "fork", w.ci.id] = w.make_wrap(w.key1, "production", rnd("fork"), w.ci, "fork")
    cached("another version 1 by a writer revoked since, below the cut", "record_author", world=fork, log=w.texts[:5], **old_key)
    cached("version 1 by a writer of today, below the cut", None, world=w.until(4, 1), log=w.texts[:5], **old_key)
    none = w.until(4, 2)
    none.entry(w.anna, CHANGE, device=w.ci.id, role=READER, envs=["production"], expires=0, cache_s=0, fresh_s=0, cuts=[])
    cached("no cache allowed, written this millisecond", "cache_age", at=NOW, world=none, **old_key)
    cached("no cache allowed, dated four minutes ahead", "cache_age", at=NOW + 240000, world=none, **old_key)
    # -- what a cut does to what was pinned before it was seen
    pull("pinned in a freeze, then the revocation with its cut is shown", "record_cut", vault_key=old_key["vault_key"],
         heads=heads(frozen.log, {"production": (3, sha(split(evil)[0]))}), bundle=dict(frozen.bundle(w.ci, 3, 3), log=w.texts[:5]))
    pull("the same freeze, before the revocation is shown", None, vault_key=old_key["vault_key"], bundle=frozen.bundle(w.ci, 3))
    ended = w.until(4, 2)
    ended.entry(w.anna, CHANGE, device=w.bob.id, role=WRITER, envs=["development", "production"], expires=T0 + DAY,
                cache_s=0, fresh_s=0, cuts=[])
    pull("a record by a writer whose access has ended by date: only a cut ends it", None, vault_key=old_key["vault_key"],
         bundle=ended.bundle(w.ci, 2))
    pull("that writer itself", "device_expired", vault_key=old_key["vault_key"], device_secret=w.bob.secret.hex(),
         bundle=ended.bundle(w.bob, 2))
    pull("in the last millisecond of its access", None, vault_key=old_key["vault_key"], device_secret=w.bob.secret.hex(),
         bundle=ended.bundle(w.bob, 2), now=T0 + DAY)
    # -- VAULT_KEY_NEXT
    pull("VAULT_KEY_NEXT after the rotation", None, **nxt)
    pull("VAULT_KEY_NEXT before the rotation", None, bundle=before.bundle(w.ci, 3), **nxt)
    pull("VAULT_KEY_NEXT that is not the log's newest", "key_replaced", **dict(nxt, vault_key_next=vk("another", w.log.hashes[1])))
    pull("VAULT_KEY_NEXT that was replaced in its turn", "key_replaced", bundle=turn.bundle(w.ci), **nxt)
    pull("VAULT_KEY_NEXT with an anchor that is not in the log", "log_anchor", **dict(
        nxt, vault_key_next=vk("vault secret 2", rnd("anchor"))))
    pull("VAULT_KEY_NEXT of v1's form", "key_form", **dict(nxt, vault_key_next=v1))
    pull("VAULT_KEY_NEXT of another project", "key_form", **dict(nxt, vault_key_next=w.key2_text.replace(PROJECT, OTHER)))
    wrong = w.until(5, 3)
    wrong.entry(w.anna, ROTATE, join=w.new_join, old_psk=rnd("garbage", 60), cuts=w.until(5, 3).cut("development", "production"))
    pull("a rotation that seals no old key, noticed by who has both", "log_rotate", bundle=wrong.bundle(w.ci, 3), **dict(
        nxt, vault_key_next=vk("vault secret 2", w.log.hashes[0])))
    other_psk = w.until(5, 3)
    other_psk.entry(w.anna, ROTATE, join=w.new_join, cuts=other_psk.cut("development", "production"), old_psk=seal(
        chain_key(PROJECT, w.key2.psk, w.new_join), rnd("iv o", 12), chain_aad(PROJECT, w.key1.join, w.new_join), rnd("no psk")))
    pull("a rotation that seals another key, noticed by who has both", "log_rotate", bundle=other_psk.bundle(w.ci, 3), **dict(
        nxt, vault_key_next=vk("vault secret 2", w.log.hashes[0])))
    # -- a mirror
    pull("a mirror's bundle, to a device with fresh_s", None, mirror=True)
    pull("a mirror's bundle, to a device without", "record_stale", mirror=True, device_secret=anna, bundle=w.bundle(w.anna))

    # -- the head that a cut names
    def head(name, code, records, world=w, **more):
        case("head", name, code, **dict(dict(project_id=PROJECT, environment="production", log=world.texts,
             records=records, heads=None), **more))
    all5 = w.records["production"]
    head("from the pin", None, all5[3:], heads=good_heads)
    head("without pins, from the last cut", None, all5[2:])
    head("without pins, from behind the last cut only", "record_link", all5[3:])
    head("without pins nor cuts, from version 1", None, all5[:2], world=w.until(4))
    head("without pins nor cuts, version 2 alone", "record_link", all5[1:2], world=w.until(4))
    huge = w.until(4, 2).force(w.bob, w.keys["production", 2], {"A": "1"}, "huge", version=MAX_NUM, prev=rnd("any"))
    head("version 2^53-1 by a present writer, to an admin without pins", "record_link", [huge], world=w.until(4))
    hidden = w.until(4, 2)
    hidden.entry(w.anna, REVOKE, device=w.bob.id, cuts=[])
    head("a head whose author was removed without a cut", None, all5[:2], world=hidden)
    read_only = w.until(4, 2)
    read_only.force(w.ci, w.keys["production", 2], {"A": "1"}, "reader")
    head("a head by a reader", "record_author", read_only.records["production"], world=read_only)
    hidden.force(w.eve, rnd("made up"), {"A": "1"}, "made up", author=w.bob.id)
    head("a made-up version in a removed writer's name", "record_signature", hidden.records["production"], world=hidden)
    kept = w.until(5, 2)
    kept.force(w.anna, w.keys["production", 1], {"A": "1"}, "kept")
    head("a head with a data key of before the cut", None, kept.records["production"], world=kept)
    head("a head by a removed writer, behind its cut", "record_cut", frozen.records["production"], world=w.until(5))

    # -- what the server checks of a push
    def store(name, code, world, by, data_key, wraps=(), env="production", stored=None, **more):
        x = world.until(len(world.texts), len(world.records["production"]))
        text = x.force(by, data_key, {"A": "1"}, "store", env, **more)
        c = dict(project_id=PROJECT, environment=env, log=x.texts, records=x.records[env][:-1], record=text,
                 device_id=by.id, secrets=b64(x.blobs[env, more.get("version", len(x.records[env]))]), wraps=[d.id for d in wraps])
        case("push", name, code, **dict(c, **stored or {}))
    w4, w5, fresh = w.until(4, 2), w.until(5, 2), rnd("fresh")
    three, four = [w.anna, w.ci, w.paper], [w.anna, w.bob, w.ci, w.paper]
    store("the newest data key", None, w4, w.bob, w.keys["production", 2])
    store("the newest data key, an older log cited", None, w4, w.anna, w.keys["production", 2], log_seq=2, log_hash=w.log.hashes[2])
    store("a data key never used before", None, w4, w.bob, fresh, four)
    store("a first version", None, w.until(7), w.anna, fresh, three, env="staging")
    store("after a cut, with a new data key", None, w5, w.anna, fresh, three)
    store("after a cut, with the old data key", "record_key", w5, w.anna, w.keys["production", 2])
    store("after a cut, with the old data key and wraps", "record_key", w5, w.anna, w.keys["production", 2], three)
    store("the newest data key, and wraps", "record_key", w4, w.anna, w.keys["production", 2], four)
    twice = w.until(4, 2)
    twice.force(w.bob, fresh, {"A": "1"}, "twice")
    store("an older data key taken up again between cuts", "record_key", twice, w.bob, w.keys["production", 2], four)
    store("a new data key, one reader left out", "readers_changed", w4, w.bob, fresh, four[1:])
    store("a new data key, one too many", "readers_changed", w5, w.anna, fresh, four)
    store("a new data key, an older log cited", "log_changed", w4, w.anna, fresh, four, log_seq=2, log_hash=w.log.hashes[2])
    store("an author who missed a cut", "record_cut", w5, w.anna, fresh, three, log_seq=3, log_hash=w.log.hashes[3])
    store("a version below a cut, that cites the log behind it", "record_cut", w5, w.anna, fresh, three, version=1, prev=ZERO)
    store("another record at the cut's version, backdated", "record_cut", w5, w.bob, fresh, three, version=2, prev=w.pin(1)[1],
          log_seq=3, log_hash=w.log.hashes[3])
    store("in another's name", "record_author", w4, w.bob, w.keys["production", 2], stored=dict(device_id=w.anna.id))
    store("by a reader", "record_author", w4, w.ci, w.keys["production", 2])
    store("another version than the next", "version_conflict", w4, w.bob, w.keys["production", 2], version=4)
    store("another version before it", "version_conflict", w4, w.bob, w.keys["production", 2], prev=rnd("p"))
    store("another blob", "blob_hash", w4, w.bob, w.keys["production", 2], stored=dict(secrets=b64(rnd("b", 60))))

    # -- what the server checks of an entry
    def append(title, code, world, kind, cuts=None, wraps=(), by=w.anna, entry=None, **more):
        more = dict(more, cuts=cuts) if cuts is not None else more
        hs = []
        for e in sorted(world.records):
            s, raw, _ = split_record(world.records[e][-1])
            hs.append({"environment": e, "version": s["version"], "hash": sha(raw).hex(), "key_id": s["key_id"].hex()})
        case("append", title, code, project_id=PROJECT, log=world.texts, heads=hs, entry=entry or world.make_entry(by, kind, **more),
             wraps=[{"environment": h["environment"], "key_id": h["key_id"]} for h in hs if h["environment"] in wraps])
    dp = w4.cut("development", "production")
    bobs = lambda role, envs, **m: dict(dict(device=w.bob.id, role=role, envs=envs, expires=0, cache_s=0, fresh_s=0), **m)
    append("a revocation; the environment without a version needs no cut", None, w4, REVOKE, dp, device=w.bob.id)
    append("a revocation, one cut missing", "heads_changed", w4, REVOKE, dp[1:], device=w.bob.id)
    append("a revocation, a cut at an older version", "heads_changed", w4, REVOKE, [dp[0], ("production",) + w.pin(1)], device=w.bob.id)
    append("a reader's revocation, a cut too many", "heads_changed", w4, REVOKE, dp, device=w.ci.id)
    append("an admission", None, w4, ADMIT, wraps=["production"], **eve)
    append("an admission without its wrap", "wraps_missing", w4, ADMIT, **eve)
    append("an environment more", None, w4, CHANGE, [], ["development"], device=w.ci.id, role=READER,
           envs=["development", "production"], expires=0, cache_s=0, fresh_s=0)
    append("an environment less, without a cut", "heads_changed", w4, CHANGE, [], **bobs(WRITER, ["production"]))
    append("an environment less, cuts for the old scope", None, w4, CHANGE, dp, **bobs(WRITER, ["production"]))
    append("a lower role, without a cut", "heads_changed", w4, CHANGE, [], **bobs(READER, ["development", "production"]))
    append("an earlier end takes nothing: no cut", None, w4, CHANGE, [], **bobs(WRITER, ["development", "production"], expires=T0))
    append("a rotation", None, w5, ROTATE, w5.cut("development", "production"), join=w.new_join, old_psk=w.old_psk)
    append("a rotation without cuts", "heads_changed", w5, ROTATE, [], join=w.new_join, old_psk=w.old_psk)
    append("built on an older log", "log_changed", w5, ADMIT, entry=two)
    append("built on another entry", "log_changed", w4, ADMIT, wraps=["production"], prev=w.log.hashes[0], **eve)
    append("at another place", "log_changed", w4, ADMIT, wraps=["production"], seq=5, **eve)
    append("by an admin's device secret alone", "log_join", w4, REVOKE, dp, device=w.bob.id, second=guess)

    # -- requests and replies
    key, nonce = w.ci.request_key(w.key2, URL), rnd("nonce", 16)
    body = json.dumps({"project_id": PROJECT, "environment": "production", "log_have": 7})
    path = "/api/v2/secrets/pull"
    head = request_header(key, "POST", path, NOW, nonce, body)
    rq = dict(request_key=key.hex(), method="POST", path=path, body=body, now=NOW, header=head)
    case("request", "a pull", None, **rq)
    case("request", "another path", "request_mac", **dict(rq, path="/api/v2/secrets/records"))
    case("request", "another method", "request_mac", **dict(rq, method="GET"))
    case("request", "another body", "request_mac", **dict(rq, body=body + " "))
    case("request", "another nonce", "request_mac", **dict(rq, header=head.replace(nonce.hex(), rnd("n", 16).hex())))
    case("request", "another time", "request_mac", **dict(rq, header=head.replace(str(NOW), str(NOW + 1))))
    case("request", "one for another server", "request_key_unknown", **dict(rq, header=request_header(
        w.ci.request_key(w.key2, "https://evil.example"), "POST", path, NOW, nonce, body)))
    case("request", "too old", "request_time", **dict(rq, now=NOW + 300001))
    case("request", "too far ahead", "request_time", **dict(rq, now=NOW - 60001))
    case("request", "a time in Arabic-Indic digits", "request_form", **dict(rq, header=head.replace("v=17", "v=1\u0667")))
    case("request", "upper-case hex", "request_form", **dict(rq, header=head[:-64] + head[-64:].upper()))
    case("request", "a mac cut short", "request_form", **dict(rq, header=head[:-2]))
    case("request", "something behind it", "request_form", **dict(rq, header=head + " "))
    rmac = request_mac(key, "POST", path, NOW, nonce, body)
    rbody = '{"version":5,"unchanged":true}'
    rp = dict(request_key=key.hex(), request_mac=rmac.hex(), status=200, body=rbody,
              header="m=" + reply_mac(key, rmac, 200, rbody).hex())
    case("reply", "unchanged", None, **rp)
    case("reply", "another status", "reply_mac", **dict(rp, status=403))
    case("reply", "another body", "reply_mac", **dict(rp, body=rbody.replace("5", "4")))
    case("reply", "the reply to another request", "reply_mac", **dict(rp, request_mac=rnd("m").hex()))
    case("reply", "no mac", "reply_mac", **dict(rp, header=""))
    # -- registration
    ek = w.eve.request_key(w.key2, URL)
    rg = dict(project_id=PROJECT, joins=[w.key1.join.hex(), w.key2.join.hex()], request_key=ek.hex(), now=NOW,
              urls=["http://localhost:8080", URL], registration=registration(w.key2, w.eve, URL, NOW))
    reg = lambda name, code, **m: case("register", name, code, **dict(rg, **m))
    reg("a new device", None)
    reg("as an approver sees it, days later", None, now=None)
    reg("with a replaced VAULT_KEY", "vault_key_replaced", registration=registration(w.key1, w.eve, URL, NOW),
        request_key=w.eve.request_key(w.key1, URL).hex())
    reg("without VAULT_KEY", "register_join", registration=registration(VaultKey(vk("no secret", ZERO)), w.eve, URL, NOW),
        request_key=w.eve.request_key(VaultKey(vk("no secret", ZERO)), URL).hex())
    spoof = copy.copy(w.eve)
    spoof.name = "anna\u202e\u009b2K"
    reg("a name that plays with the terminal", "bad_form", registration=registration(w.key2, spoof, URL, NOW))
    reg("keys exchanged by the server", "register_device_id", registration=flip(rg["registration"], 130))
    reg("name changed by the server", "register_signature", registration=flip(rg["registration"], 118))
    reg("another request key", "register_request_key", request_key=rnd("k").hex())
    reg("a box key of low order", "low_order", registration=registration(w.key2, weak, URL, NOW))
    reg("made for another server and passed on", "register_url", request_key=w.eve.request_key(
        w.key2, "https://evil.example").hex(), registration=registration(w.key2, w.eve, "https://evil.example", NOW))
    reg("yesterday's", "register_time", now=NOW + DAY)
    reg("of another project", "wrong_project", project_id=OTHER)
    # -- primitives
    msg, sg = b"message", sign(w.anna.sign_seed, b"message")
    ed = dict(public=w.anna.sign.hex(), message=msg.hex(), signature=sg.hex())
    s_plus_l = (int.from_bytes(sg[32:], "little") + L).to_bytes(32, "little")
    low = [bytes([1]) + bytes(31), bytes(32), (P - 1).to_bytes(32, "little"), P.to_bytes(32, "little"),
           bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
           bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]
    case("ed25519", "good", None, **ed)
    case("ed25519", "S + L", "ed25519", **dict(ed, signature=(sg[:32] + s_plus_l).hex()))
    for i, a in enumerate(low):
        case("ed25519", "A of small order or not canonical, %d" % i, "ed25519",
             **dict(ed, public=a.hex(), signature=(a + bytes(32)).hex()))
    case("ed25519", "A with y = 2 (aborts libgcrypt 1.10.1)", "ed25519", **dict(ed, public=(b"\x02" + bytes(31)).hex()))
    case("ed25519", "A with x = 2 (aborts libgcrypt 1.10.1)", "ed25519", **dict(
        ed, public="3126711e11ef574692935381d2cd2bbab5dd113c4010f91fd7c4dd7b12bf431a"))
    case("ed25519", "R of small order", "ed25519", **dict(ed, signature=(low[0] + sg[32:]).hex()))
    x = dict(secret=w.anna.box_secret.hex(), public=w.bob.box.hex())
    case("x25519", "good", None, **x)
    for i, u in enumerate([0, 1, P - 1, P, P + 1]):
        case("x25519", "u of low order, %d" % i, "low_order", **dict(x, public=u.to_bytes(32, "little").hex()))
    h = json.load(open(os.path.join(VECTORS, "hpke-rfc9180.json")))
    e = h["encryptions"][0]
    case("hpke", "official vector of RFC 9180", None, secret=h["skRm"], info=h["info"], psk=h["psk"],
         psk_id=h["psk_id"], aad=e["aad"], box=h["enc"] + e["ct"])
    return out


def derived(w):
    d = w.ci
    return {"url": URL, "vault_key": w.key2_text, "device_secret": d.secret.hex(), "project_id": PROJECT,
            "psk": w.key2.psk.hex(), "join_public": w.key2.join.hex(), "sign_public": d.sign.hex(),
            "box_public": d.box.hex(), "device_id": d.id, "both": d.both(w.key2).hex(),
            "request_key": d.request_key(w.key2, URL).hex(), "request_id": request_id(d.request_key(w.key2, URL)).hex(),
            "cache_key": d.cache_key(w.key2).hex(), "data_key": w.keys["production", 5].hex(),
            "key_id": key_id(PROJECT, "production", w.keys["production", 5]).hex(),
            "content_key": content_key(PROJECT, "production", w.keys["production", 5]).hex(),
            "wrap_ephemeral": rnd("ephemeral K3 ci-production").hex(),
            "wrap": w.wraps["production", "K3", d.id]["wrap"],
            "blob_iv": rnd("iv production 5", 12).hex(), "blob": b64(w.blobs["production", 5]),
            "heads": heads_text(PROJECT, w.log, {"production": (5, sha(split(w.records["production"][4])[0]))}),
            "log_hashes": [h.hex() for h in w.log.hashes]}


def run(cases):
    bad = 0
    for c in cases:
        given = {k: v for k, v in c.items() if k not in ("kind", "name", "refuse", "result")}
        try:
            code, result = None, CHECKS[c["kind"]](given)
        except Refused as e:
            code, result = str(e), None
        if code != c["refuse"] or c.get("result", result) != result:
            bad += 1
            print("not ok: %s: %s: %s instead of %s" % (c["kind"], c["name"], code, c["refuse"]))
        elif code is None:
            c["result"] = result
    return bad


def strings(x):
    if isinstance(x, str):
        yield x
    elif isinstance(x, (dict, list)):
        for v in x.values() if isinstance(x, dict) else x:
            yield from strings(v)


def replace(x, by):
    if isinstance(x, dict):
        return {k: replace(v, by) for k, v in x.items()}
    return [replace(v, by) for v in x] if isinstance(x, list) else by(x) if isinstance(x, str) else x


def pack(cases):
    """Long strings that occur twice stand once, in "strings"; "@7" is the one of index 7."""
    count = {}
    for t in strings(cases):
        count[t] = count.get(t, 0) + 1
    shared = [t for t, n in count.items() if n > 1 and len(t) > 100]
    at = {t: "@%d" % i for i, t in enumerate(shared)}
    return shared, replace(cases, lambda t: at.get(t, t))


def unpack(shared, cases):
    return replace(cases, lambda t: shared[int(t[1:])] if t[:1] == "@" else t)


def write(f, values, shared, cases):
    """A line each, so that a difference shows what differs."""
    line = lambda x: json.dumps(x, sort_keys=True, separators=(",", ":"))
    f.write('{"about":%s,\n"derived":%s,\n"strings":[\n%s\n],\n"cases":[\n%s\n]}\n' % (
        json.dumps("vault-env protocol v2; made by reference.py. \"@7\" in a case is strings[7]."),
        line(values), ",\n".join(map(line, shared)), ",\n".join(map(line, cases))))


def main(args):
    path = os.path.join(VECTORS, "protocol-v2.json")
    if args == ["--check"]:
        file = json.load(open(path))
        cases = unpack(file["strings"], file["cases"])
    else:
        w = World()
        cases = make_cases(w)
    bad = run(cases)
    refused = sum(c["refuse"] is not None for c in cases)
    if args != ["--check"] and not bad:
        shared, packed = pack(cases)
        with open(path, "w") as f:
            write(f, derived(w), shared, packed)
    print("%d cases: %d accepted, %d refused, %d wrong" % (len(cases), len(cases) - refused, refused, bad))
    return 1 if bad else 0
