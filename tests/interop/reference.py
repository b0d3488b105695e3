#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reference implementation of vault-env protocol v2 (lib/PROTOCOL-v2), for test vectors.

    reference.py            build the vectors, run every check, write
                            tests/vectors/protocol-v2.json
    reference.py --check    run the checks against the file that is there

It shares no code with the C implementation. It is not constant-time, keeps no
secret, and its "random" bytes are hashes of names, so that the file never
changes. Needs python3-cryptography (38 or newer).
"""
import base64, hashlib, hmac, json, re, sys, uuid
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITE, MAX_NUM, ZERO = 1, 2**53 - 1, bytes(32)
ROOT, ADMIT, CHANGE, REVOKE, ROTATE = 1, 2, 3, 4, 5
READER, WRITER, ADMIN = 1, 2, 3
PUSH, ROLLBACK, CONFIRM = 0, 1, 2
DAY = 86400000
ENTRY_SIZE, SMALL_SIZE = 65536, 1024  # bytes of a statement with its signatures


class Refused(Exception):
    """str() is a code of lib/PROTOCOL-v2."""


def need(ok, code):
    if not ok:
        raise Refused(code)


# ---- primitives ----

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(prk, info, n):
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = mac(prk, t + info + bytes([i]))
        out, i = out + t, i + 1
    return out[:n]


def hkdf(ikm, salt, info=b"", n=32):
    return expand(mac(salt.encode(), ikm), info, n)


def lp(x):
    x = x.encode() if isinstance(x, str) else x
    return len(x).to_bytes(4, "big") + x


def num(n):
    return lp(n.to_bytes(8, "big"))


def b64(x):
    return base64.b64encode(x).decode()


def unb64(text):
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Refused("bad_form")
    need(b64(raw) == text, "bad_form")  # canonical
    return raw


def seal(key, iv, aad, plain):
    box = AESGCM(key).encrypt(iv, plain, aad)
    return iv + box[-16:] + box[:-16]  # iv | tag | ciphertext, as in v1


def unseal(key, aad, box, code):
    need(len(box) >= 28, code)
    try:
        return AESGCM(key).decrypt(box[:12], box[28:] + box[12:28], aad)
    except InvalidTag:
        raise Refused(code)


def raw_public(key):
    return key.public_key().public_bytes(ser.Encoding.Raw, ser.PublicFormat.Raw)


def ed_public(seed):
    return raw_public(Ed25519PrivateKey.from_private_bytes(seed))


def sign(seed, data):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)


P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
SMALL_Y = {0, 1, P - 1} | {int.from_bytes(bytes.fromhex(h), "little") for h in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")}


def verify(public, data, sig):
    """What libsodium 1.0.18 does: S < L, A canonical, A and R not of small order."""
    y = lambda b: int.from_bytes(b, "little") & (2**255 - 1)
    if len(public) != 32 or len(sig) != 64 or y(public) >= P:
        return False
    if int.from_bytes(sig[32:], "little") >= L:
        return False
    if y(public) in SMALL_Y or y(sig[:32]) % P in SMALL_Y:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(sig, data)
        return True
    except (InvalidSignature, ValueError):
        return False


def x25519(secret, public):
    """An all-zero result is refused (RFC 7748 section 6.1)."""
    try:
        out = X25519PrivateKey.from_private_bytes(secret).exchange(
            X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Refused("low_order")
    need(out != ZERO, "low_order")
    return out


def x_public(secret):
    return raw_public(X25519PrivateKey.from_private_bytes(secret))


# ---- HPKE, RFC 9180: mode_psk, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM ----

KEM_SUITE = b"KEM" + bytes([0, 0x20])
HPKE_SUITE = b"HPKE" + bytes([0, 0x20, 0, 1, 0, 2])


def l_extract(suite, salt, label, ikm):
    return mac(salt or ZERO, b"HPKE-v1" + suite + label + ikm)


def l_expand(suite, prk, label, info, n):
    return expand(prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, n)


def hpke_key(dh, enc, public, info, psk, psk_id):
    prk = l_extract(KEM_SUITE, b"", b"eae_prk", dh)
    shared = l_expand(KEM_SUITE, prk, b"shared_secret", enc + public, 32)
    context = (b"\x01" + l_extract(HPKE_SUITE, b"", b"psk_id_hash", psk_id)
               + l_extract(HPKE_SUITE, b"", b"info_hash", info))
    secret = l_extract(HPKE_SUITE, shared, b"secret", psk)
    return (l_expand(HPKE_SUITE, secret, b"key", context, 32),
            l_expand(HPKE_SUITE, secret, b"base_nonce", context, 12))


def hpke_seal(ephemeral, public, info, psk, psk_id, aad, plain):
    enc = x_public(ephemeral)
    key, nonce = hpke_key(x25519(ephemeral, public), enc, public, info, psk, psk_id)
    return enc + AESGCM(key).encrypt(nonce, plain, aad)


def hpke_open(secret, info, psk, psk_id, aad, box):
    need(len(box) >= 48, "wrap_open")
    enc = box[:32]
    key, nonce = hpke_key(x25519(secret, enc), enc, x_public(secret), info, psk, psk_id)
    try:
        return AESGCM(key).decrypt(nonce, box[32:], aad)
    except InvalidTag:
        raise Refused("wrap_open")


# ---- keys ----

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ENV = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


class VaultKey:
    def __init__(self, text):
        m = re.fullmatch("vk_(%s)_([0-9a-f]{64})_([0-9a-f]{64})" % UUID, text)
        need(m, "key_form")  # a key of v1's form never speaks v2, and vice versa
        self.project, self.anchor = m[1], bytes.fromhex(m[3])
        self.secret = bytes.fromhex(m[2])
        self.psk = hkdf(self.secret, "vault-psk-v2", m[1].encode())
        self.join_seed = hkdf(self.secret, "vault-join-v2", m[1].encode())
        self.join = ed_public(self.join_seed)


def device_id(project, sign_pub, box_pub):
    d = sha(lp("vault-device-id-v2"), lp(project), lp(sign_pub), lp(box_pub))
    b = bytearray(d[:16])
    b[6], b[8] = b[6] & 0x0F | 0x80, b[8] & 0x3F | 0x80  # UUID version 8, RFC 9562
    return str(uuid.UUID(bytes=bytes(b)))


class Device:
    def __init__(self, project, secret_hex, name=""):
        need(re.fullmatch("[0-9a-f]{64}", secret_hex), "key_form")
        self.project, self.name, self.secret = project, name, bytes.fromhex(secret_hex)
        self.sign_seed = hkdf(self.secret, "vault-device-sign-v2", project.encode())
        self.box_secret = hkdf(self.secret, "vault-device-box-v2", project.encode())
        self.sign, self.box = ed_public(self.sign_seed), x_public(self.box_secret)
        self.id = device_id(project, self.sign, self.box)

    def both(self, vault_key):  # v1's key_material: needs either factor
        return mac(vault_key.secret, self.secret)

    def request_key(self, vault_key, url):
        return hkdf(self.both(vault_key), "vault-request-v2", lp(self.project) + lp(url))

    def cache_key(self, vault_key):
        return hkdf(self.both(vault_key), "vault-cache-v2", self.project.encode())


def key_id(project, env, data_key):
    return hkdf(data_key, "vault-key-id-v2", lp(project) + lp(env))


def content_key(project, env, data_key):
    return hkdf(data_key, "vault-content-v2", lp(project) + lp(env))


def wrap_info(project, env, kid, device):
    return lp("vault-wrap-v2") + lp(project) + lp(env) + lp(kid) + lp(device)


def wrap(vault_key, env, data_key, device, box_pub, ephemeral):
    info = wrap_info(vault_key.project, env, key_id(vault_key.project, env, data_key), device)
    return hpke_seal(ephemeral, box_pub, info, vault_key.psk, vault_key.join, b"", data_key)


def blob_aad(project, env, version, kid):
    return lp("vault-blob-v2") + lp(project) + lp(env) + num(version) + lp(kid)


def pad(text):
    raw = text.encode()
    return raw + b" " * (-len(raw) % 1024)


# ---- statements: fields in order, all length-prefixed ----

T, N, H, I = "text", "num", "hash", "id"  # I: a device's or project's UUID
SCOPE = [("role", N), ("envs", "envs"), ("expires", N), ("cache_s", N), ("fresh_s", N)]
BLOCK = [("device", I), ("name", T), ("sign", H), ("box", H)] + SCOPE
LOG = [("label", T), ("suite", N), ("project", I), ("seq", N), ("prev", H), ("at", N),
       ("author", I), ("kind", N)]
KINDS = {ROOT: BLOCK + [("join", H)], ADMIT: BLOCK,
         CHANGE: [("device", I)] + SCOPE + [("cuts", "cuts")],
         REVOKE: [("device", I), ("cuts", "cuts")],
         ROTATE: [("join", H), ("old_psk", "sealed"), ("cuts", "cuts")]}
RECORD = [("label", T), ("suite", N), ("project", I), ("env", T), ("version", N), ("prev", H),
          ("key_id", H), ("blob", H), ("op", N), ("of", N), ("author", I), ("log_seq", N),
          ("log_hash", H), ("at", N)]
REGISTER = [("label", T), ("suite", N), ("project", I), ("device", I), ("name", T),
            ("sign", H), ("box", H), ("url", "url"), ("request_id", "id16"), ("at", N)]


def encode(fields, s):
    out = b""
    for name, kind in fields:
        v = s[name]
        if kind == N:
            out += num(v)
        elif kind == "envs":
            out += num(len(v)) + b"".join(lp(e) for e in v)
        elif kind == "cuts":
            out += num(len(v)) + b"".join(lp(e) + num(n) + lp(h) for e, n, h in v)
        else:
            out += lp(v)
    return out


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def field(self, low, high):
        need(self.at + 4 <= len(self.data), "bad_form")
        n = int.from_bytes(self.data[self.at:self.at + 4], "big")
        need(low <= n <= high and self.at + 4 + n <= len(self.data), "bad_form")
        self.at += 4 + n
        return self.data[self.at - n:self.at]

    def number(self):
        n = int.from_bytes(self.field(8, 8), "big")
        need(n <= MAX_NUM, "bad_form")
        return n

    def text(self, high=128):
        try:
            t = self.field(1, high).decode()
        except UnicodeDecodeError:
            raise Refused("bad_form")
        need(not HIDDEN.search(t), "bad_form")
        return t

    def env(self, star=False):
        t = self.text(64)
        need(ENV.fullmatch(t) or star and t == "*", "bad_form")
        return t

    def value(self, name, kind):
        if kind == N:
            return self.number()
        if kind == T:
            return self.env() if name == "env" else self.text()
        if kind == "url":
            return self.text(255)
        if kind == I:
            t = self.text(36)
            need(re.fullmatch(UUID, t), "bad_form")
            return t
        if kind == "envs":
            v = [self.env(True) for _ in range(self.count(100))]
            need(v and v == sorted(set(v)) and ("*" not in v or len(v) == 1), "bad_form")
            return v
        if kind == "cuts":
            v = [(self.env(), self.number(), self.field(32, 32))
                 for _ in range(self.count(100))]
            names = [c[0] for c in v]
            need(names == sorted(set(names)) and all(c[1] for c in v), "bad_form")
            return v
        n = {H: 32, "sealed": 60, "id16": 16}[kind]
        return self.field(n, n)

    def count(self, high):
        n = self.number()
        need(n <= high, "bad_form")
        return n


def decode(fields, raw, label, kinds=None):
    """The statement of the bytes before the signature; the signature is not looked at."""
    r, s = Reader(raw), {}
    for name, kind in fields:
        s[name] = r.value(name, kind)
        if name == "label":
            need(s[name] == label, "bad_form")
        if name == "suite":
            need(s[name] == SUITE, "bad_suite")
    if kinds is not None:
        need(s["kind"] in kinds, "bad_kind")
        for name, kind in kinds[s["kind"]]:
            s[name] = r.value(name, kind)
    need(r.at == len(raw), "bad_form")
    return s


def split(text, n_sigs=1):
    """A record has one signature, a log entry and a registration have two."""
    raw = unb64(text)
    need(64 * n_sigs < len(raw) <= ENTRY_SIZE, "bad_form")
    return raw[:-64 * n_sigs], raw[-64 * n_sigs:]


def split_record(text):
    raw, sig = split(text)
    need(len(raw) + len(sig) <= SMALL_SIZE, "bad_form")
    s = decode(RECORD, raw, "vault-record-v2")
    need(s["version"] >= 1 and (s["version"] == 1) == (s["prev"] == ZERO), "bad_form")
    need(s["op"] in (PUSH, ROLLBACK, CONFIRM), "bad_form")
    need((s["op"] == ROLLBACK) == (s["of"] > 0) and s["of"] < s["version"], "bad_form")
    return s, raw, sig


# ---- the log ----

class Log:
    def __init__(self, project, texts=()):
        self.project, self.hashes = project, []
        self.devices, self.cuts = {}, {}   # env -> [(seq, version, hash, devices before)]
        self.joins, self.old_psks = [], []  # by generation; old_psks[g] opens g with g + 1
        for text in texts:
            self.apply(text)

    def apply(self, text):
        raw, sigs = split(text, 2)
        s = decode(LOG, raw, "vault-log-v2", KINDS)
        need(s["project"] == self.project, "wrong_project")
        need(s["seq"] == len(self.hashes), "log_gap")
        need(s["prev"] == (self.hashes[-1] if self.hashes else ZERO), "log_link")
        need((s["kind"] == ROOT) == (s["seq"] == 0), "log_root")
        if s["kind"] == ROOT:
            need(s["author"] == s["device"] and s["role"] == ADMIN and s["envs"] == ["*"],
                 "log_root")
            author_sign, join = s["sign"], s["join"]
        else:
            a = self.devices.get(s["author"])
            need(a and not a["revoked"] and a["role"] == ADMIN, "log_author")
            author_sign, join = a["sign"], self.joins[-1]
        need(verify(author_sign, raw, sigs[:64]), "log_signature")
        need(verify(join, raw, sigs[64:]), "log_join")  # both factors, for each entry
        before = {k: dict(v) for k, v in self.devices.items()}
        self.change(s)
        need(any(d["role"] == ADMIN and not d["revoked"] for d in self.devices.values()),
             "log_last_admin")
        for env, version, digest in s.get("cuts", []):
            old = self.cuts.setdefault(env, [])
            if old:
                need(version > old[-1][1] or (version, digest) == old[-1][1:3], "log_cut")
            old.append((s["seq"], version, digest, before))
        self.hashes.append(sha(raw))
        return s

    def change(self, s):
        kind = s["kind"]
        if "role" in s:
            need(s["role"] in (READER, WRITER, ADMIN), "log_scope")
            need(s["role"] != ADMIN or s["envs"] == ["*"] and s["expires"] == 0, "log_scope")
        if kind in (ROOT, ADMIT):
            need(s["device"] == device_id(self.project, s["sign"], s["box"]), "log_device_id")
            need(s["device"] not in self.devices, "log_device_known")
            x25519(sha(b""), s["box"])  # a key of low order would stop everybody's next push
            self.devices[s["device"]] = dict(
                {k: s[k] for k, _ in BLOCK if k != "device"}, revoked=False)
        if kind in (CHANGE, REVOKE):
            d = self.devices.get(s["device"])
            need(d and not d["revoked"], "log_device_unknown")
            d.update({k: s[k] for k, _ in SCOPE} if kind == CHANGE else {"revoked": True})
        if kind == ROTATE:
            need(s["join"] not in self.joins, "log_rotate")
            self.old_psks.append(s["old_psk"])
        if kind in (ROOT, ROTATE):
            self.joins.append(s["join"])

    def last_cut(self, env):
        """Entry and version of the environment's newest cut."""
        return self.cuts[env][-1][:2] if env in self.cuts else (0, 0)

    def readers(self, env):
        return {i for i, d in self.devices.items() if not d["revoked"] and in_scope(d, env)}

    def psk(self, vault_key, generation):
        """The pre-shared key of an older VAULT_KEY, from the one at hand."""
        own = self.joins.index(vault_key.join)
        need(0 <= generation <= own, "wrap_open")
        psk = vault_key.psk
        for g in range(own, generation, -1):
            psk = unseal(chain_key(self.project, psk, self.joins[g]), chain_aad(
                self.project, self.joins[g - 1], self.joins[g]), self.old_psks[g - 1],
                "log_rotate")
        return psk


def chain_key(project, psk, join):
    return hkdf(psk, "vault-psk-chain-v2", lp(project) + lp(join))


def chain_aad(project, old_join, new_join):
    return lp("vault-psk-chain-v2") + lp(project) + lp(old_join) + lp(new_join)


def in_scope(device, env):
    return device["envs"] == ["*"] or env in device["envs"]


def may_write(device, env):
    return device and not device["revoked"] and device["role"] >= WRITER and in_scope(device, env)


# ---- version records ----

def check_record(log, text, env):
    """6.4: one record by itself. It says nothing of what is before: never without check_links."""
    s, raw, sig = split_record(text)
    need(s["project"] == log.project, "wrong_project")
    need(s["env"] == env, "wrong_environment")
    need(s["log_seq"] < len(log.hashes), "record_log")
    need(log.hashes[s["log_seq"]] == s["log_hash"], "record_log")
    devices = log.devices
    for seq, version, digest, before in reversed(log.cuts.get(env, [])):
        if s["version"] > version:
            need(s["log_seq"] >= seq, "record_cut")
        else:
            need(s["log_seq"] < seq, "record_cut")
            need(s["version"] < version or sha(raw) == digest, "record_cut")
            devices = before  # as it was when this stretch of versions ended
    need(s["author"] in log.devices, "record_author")
    need(verify(log.devices[s["author"]]["sign"], raw, sig), "record_signature")
    need(may_write(devices.get(s["author"]), env), "record_author")
    return dict(s, hash=sha(raw))


def check_links(log, texts, env, pin, cache=False, whole=False):
    """7.4, steps 1 to 5: how the records at hand hang together, and on what is known. pin: (version,
    hash) or None. whole: they must begin at the pin, or else at the last cut or version 1."""
    need(texts, "record_missing")
    links = [dict(s, hash=sha(raw)) for s, raw, _ in map(split_record, texts)]
    cuts = {c[1]: c[2] for c in log.cuts.get(env, [])}
    cut = max(cuts, default=0)
    for i, link in enumerate(links):
        need(link["project"] == log.project, "wrong_project")
        need(link["env"] == env, "wrong_environment")
        need(cuts.get(link["version"], link["hash"]) == link["hash"], "record_cut")
        if i > 0:
            need(link["version"] == links[i - 1]["version"] + 1, "record_link")
            need(link["prev"] == links[i - 1]["hash"], "record_link")
    first, last = links[0]["version"], links[-1]["version"]
    if not cache:  # its age bounds it: what is newer elsewhere does not make it a lie
        need(last >= cut, "record_rollback")
        if pin:
            need(last >= pin[0], "record_rollback")
            need(first <= pin[0], "record_link")
            need(links[pin[0] - first]["hash"] == pin[1], "record_fork")
    need(not whole or first <= (pin[0] if pin else cut or 1), "record_link")
    return links, cut


def key_is_old(links, cut):
    """Above the last cut with a data key from below it: removed devices have that key."""
    return links[-1]["version"] > cut and links[-1]["key_id"] in [
        link["key_id"] for link in links if link["version"] <= cut]


def check_chain(log, texts, env, pin, version=None, cache=False):
    """The newest record, and the one of the version asked for."""
    links, cut = check_links(log, texts, env, pin, cache)
    need(not key_is_old(links, cut), "record_key")
    newest = check_record(log, texts[-1], env)  # one signature: the rest hangs on it by hash
    if newest["version"] < cut:  # only in a cache: nothing links it to the cut, so its author counts today
        need(may_write(log.devices[newest["author"]], env), "record_author")
    if version is None:
        return newest, newest
    first = links[0]["version"]
    need(first <= version <= newest["version"], "record_missing")
    return newest, check_record(log, texts[version - first], env)


def check_head(c):
    """The head that a cut names or push --replace builds on. It may be one that readers refuse because
    its author was removed since, or for its key; never one without a good signature, nor one that hangs
    on nothing."""
    log, env = Log(c["project_id"], c["log"]), c["environment"]
    _, pins = read_pins(c, log)
    links, cut = check_links(log, c["records"], env, pins.get(env), whole=True)
    refused = "record_key" if key_is_old(links, cut) else None
    try:
        check_record(log, c["records"][-1], env)
    except Refused as e:
        then = Log(c["project_id"], c["log"][:links[-1]["log_seq"] + 1]).devices
        need(str(e) == "record_author" and may_write(then.get(links[-1]["author"]), env), str(e))
        refused = refused or str(e)
    return {"version": links[-1]["version"], "hash": links[-1]["hash"].hex(), "refused_to_readers": refused}


def check_push(c):
    """What the server checks before it stores (7.3). records: all of the environment that it has;
    wraps: the ids of the devices that the push brings wraps for."""
    log, env = Log(c["project_id"], c["log"]), c["environment"]
    s = check_record(log, c["record"], env)
    need(s["author"] == c["device_id"], "record_author")
    need(sha(unb64(c["secrets"])) == s["blob"], "blob_hash")
    have = [dict(r, hash=sha(raw)) for r, raw, _ in map(split_record, c["records"])]
    need(s["version"] == len(have) + 1, "version_conflict")
    need(s["prev"] == (have[-1]["hash"] if have else ZERO), "version_conflict")
    if have and s["key_id"] == have[-1]["key_id"]:
        need(log.last_cut(env)[1] < len(have) and not c["wraps"], "record_key")
    else:
        need(s["key_id"] not in [r["key_id"] for r in have], "record_key")
        need(s["log_seq"] == len(log.hashes) - 1, "log_changed")
        need(sorted(c["wraps"]) == sorted(log.readers(env)), "readers_changed")
    return {"version": s["version"]}


def check_append(c):
    """What the server checks before it appends (6.3). heads: the newest record of each environment;
    wraps: environment and key id of each wrap that comes with the entry."""
    log = Log(c["project_id"], c["log"])
    s = decode(LOG, split(c["entry"], 2)[0], "vault-log-v2", KINDS)
    need(s["seq"] == len(log.hashes), "log_changed")
    need(s["prev"] == (log.hashes[-1] if log.hashes else ZERO), "log_changed")
    old = dict(log.devices.get(s.get("device"), {}))
    log.apply(c["entry"])
    new = log.devices.get(s.get("device"), {})
    reads = lambda d, env: bool(d) and not d["revoked"] and in_scope(d, env)
    heads = {h["environment"]: h for h in c["heads"]}
    cut = {e for e in heads if s["kind"] == ROTATE or takes(s["kind"], old, new) and reads(old, e)}
    need(s.get("cuts", []) == [(e, heads[e]["version"], bytes.fromhex(heads[e]["hash"]))
                               for e in sorted(cut)], "heads_changed")
    gives = [{"environment": e, "key_id": heads[e]["key_id"]} for e in sorted(heads)
             if s["kind"] in (ADMIT, CHANGE) and reads(new, e) and not reads(old, e)]
    need(sorted(c["wraps"], key=lambda w: w["environment"]) == gives, "wraps_missing")
    return {"log_count": len(log.hashes)}


def takes(kind, old, new):
    """A revocation, an environment less, or a lower role."""
    if kind != CHANGE:
        return kind == REVOKE
    less = old["envs"] == ["*"] or set(old["envs"]) - set(new["envs"])
    return new["role"] < old["role"] or new["envs"] != ["*"] and bool(less)


# ---- heads, bundles, cache ----

def heads_text(project, log, envs):
    out = "vault-heads-v2 %s\nlog %d %s\n" % (project, len(log.hashes) - 1, log.hashes[-1].hex())
    return out + "".join("env %s %d %s\n" % (e, v, h.hex()) for e, (v, h) in sorted(envs.items()))


def parse_heads(text, project, own=True):
    """Lines as a merge leaves them: in any order, some twice. The highest counts."""
    lines = text.split("\n")
    first = re.fullmatch("vault-heads-v2 (%s)" % UUID, lines[0])
    need(first and len(lines) > 2 and lines[-1] == "", "heads_form")
    if first[1] != project and not own:
        return None, {}  # .vault-heads of another project: a warning, and passed over
    need(first[1] == project, "heads_form")
    log, envs = None, {}
    for line in lines[1:-1]:
        if line == lines[0]:
            continue
        m = re.fullmatch(r"(?:log|env (%s)) (0|[1-9][0-9]{0,15}) ([0-9a-f]{64})" % ENV.pattern, line)
        need(m and int(m[2]) <= MAX_NUM and (m[1] is None or m[2] != "0"), "heads_form")
        pin = (int(m[2]), bytes.fromhex(m[3]))
        if m[1] is None:
            log = higher(log, pin, "log_fork")
        else:
            envs[m[1]] = higher(envs.get(m[1]), pin, "record_fork")
    need(log and len(envs) <= 100, "heads_form")
    return log, envs


def higher(a, b, code):
    if a is None or b is None:
        return a or b
    need(a[0] != b[0] or a[1] == b[1], code)
    return max(a, b)


def read_pins(c, log):
    """Both files: heads is <project id>.heads, vault_heads is .vault-heads; either may be null."""
    pin, envs = None, {}
    for name in ("heads", "vault_heads"):
        if c.get(name) is not None:
            p, e = parse_heads(c[name], log.project, name == "heads")
            pin = higher(pin, p, "log_fork")
            for env in e:
                envs[env] = higher(envs.get(env), e[env], "record_fork")
    if pin:
        need(pin[0] < len(log.hashes), "log_short")
        need(log.hashes[pin[0]] == pin[1], "log_fork")
    return pin, envs


def read_keys(c):
    vk = VaultKey(c["vault_key"])
    following = VaultKey(c["vault_key_next"]) if c.get("vault_key_next") else None
    need(following is None or following.project == vk.project, "key_form")
    return vk, following


def key_in_use(log, vk, following, cache):
    """VAULT_KEY_NEXT from its rotation on; a replaced key only for the cache."""
    place = lambda key: log.joins.index(key.join) if key.join in log.joins else -1
    need(vk.anchor in log.hashes, "log_anchor")
    if following and place(following) >= max(place(vk), 0):
        need(following.anchor in log.hashes, "log_anchor")
        if place(vk) >= 0:  # the one moment in which a wrong chain can be noticed
            need(log.psk(following, place(vk)) == vk.psk, "log_rotate")
        vk = following
    need(vk.join in log.joins, "key_unknown")
    need(cache or vk.join == log.joins[-1], "key_replaced")
    return vk


def open_bundle(c, cached_at=None):
    """c: vault_key, device_secret, environment, version (null: the newest), heads (or null),
    now, bundle; and where they play a part: vault_key_next, vault_heads, log (what <project id>.log
    holds), mirror. The secrets, and what they were verified to be."""
    (vk, following), b, env, cache = read_keys(c), c["bundle"], c["environment"], cached_at is not None
    me = Device(vk.project, c["device_secret"])
    need(b["project_id"] == vk.project, "wrong_project")
    need(b["environment"] == env, "wrong_environment")
    log, own = Log(vk.project, b["log"]), c.get("log") or []
    need(log.hashes, "log_short")
    n = min(len(own), len(log.hashes))
    need([sha(split(t, 2)[0]) for t in own[:n]] == log.hashes[:n], "log_fork")
    need(cache or n == len(own), "log_short")
    for text in own[n:]:  # the cache may be older than the log that is known
        log.apply(text)
    _, pins = read_pins(c, log)
    vk = key_in_use(log, vk, following, cache)
    d = log.devices.get(me.id)
    need(d, "device_unknown")
    need(not d["revoked"], "device_revoked")
    need(d["expires"] == 0 or c["now"] <= d["expires"], "device_expired")
    need(in_scope(d, env), "device_scope")
    if cache:
        need(d["cache_s"] > 0 and cached_at <= c["now"] + 300000
             and c["now"] - cached_at <= d["cache_s"] * 1000, "cache_age")
    newest, r = check_chain(log, b["records"], env, pins.get(env), c["version"], cache)
    if d["fresh_s"]:
        need(c["now"] - d["fresh_s"] * 1000 <= newest["at"] <= c["now"] + 300000, "record_stale")
    need(d["fresh_s"] or not c.get("mirror"), "record_stale")
    box = unb64(b["secrets"])
    need(sha(box) == r["blob"], "blob_hash")
    w = [w for w in b["wraps"] if w["device_id"] == me.id and w["key_id"] == r["key_id"].hex()]
    need(len(w) == 1, "wrap_missing")
    gen = w[0]["generation"]
    psk = log.psk(vk, gen)
    data_key = hpke_open(me.box_secret, wrap_info(vk.project, env, r["key_id"], me.id),
                         psk, log.joins[gen], b"", unb64(w[0]["wrap"]))
    need(len(data_key) == 32 and key_id(vk.project, env, data_key) == r["key_id"], "key_commitment")
    plain = unseal(content_key(vk.project, env, data_key),
                   blob_aad(vk.project, env, r["version"], r["key_id"]), box, "blob_open")
    try:
        secrets = json.loads(plain)["secrets"]
        need(all(isinstance(v, str) for v in secrets.values()), "blob_json")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("blob_json")
    return {"version": r["version"], "author": r["author"], "secrets": secrets}


def cache_mac(key, project, env, fetched_at, bundle):
    return mac(key, lp("vault-cache-v2") + lp(project) + lp(env) + num(fetched_at) + lp(sha(bundle)))


def open_cache(c):
    """As open_bundle, with file: two lines, the first a MAC over time and bundle."""
    keys = [k for k in read_keys(c) if k]
    me = Device(keys[0].project, c["device_secret"])
    m = re.fullmatch(r"vault-cache-v2 ([0-9]{13}) ([0-9a-f]{64})\n([^\n]+)\n", c["file"])
    need(m, "cache_form")
    at, bundle = int(m[1]), m[3].encode()
    macs = [cache_mac(me.cache_key(k), k.project, c["environment"], at, bundle).hex() for k in keys]
    need(any([hmac.compare_digest(mac, m[2]) for mac in macs]), "cache_mac")
    return open_bundle(dict(c, bundle=json.loads(bundle)), at)


# ---- requests, replies, registration ----

def request_id(key):
    return mac(key, b"vault-request-id-v2")[:16]


def request_mac(key, method, path, at, nonce, body):
    return mac(key, lp("vault-request-v2") + lp(method) + lp(path) + lp("%013d" % at)
               + lp(nonce) + lp(sha(body.encode())))


def request_header(key, method, path, at, nonce, body):
    return "v=%013d,k=%s,n=%s,m=%s" % (at, request_id(key).hex(), nonce.hex(), request_mac(
        key, method, path, at, nonce, body).hex())


def check_request(c):
    m = re.fullmatch(r"v=([1-9][0-9]{12}),k=([0-9a-f]{32}),n=([0-9a-f]{32}),m=([0-9a-f]{64})",
                     c["header"])
    need(m, "request_form")
    key = bytes.fromhex(c["request_key"])
    need(m[2] == request_id(key).hex(), "request_key_unknown")
    want = request_mac(key, c["method"], c["path"], int(m[1]), bytes.fromhex(m[3]), c["body"])
    need(hmac.compare_digest(want.hex(), m[4]), "request_mac")
    need(c["now"] - 300000 <= int(m[1]) <= c["now"] + 60000, "request_time")
    return {"mac": m[4]}


def reply_mac(key, req_mac, status, body):
    return mac(key, lp("vault-reply-v2") + lp(req_mac) + lp("%03d" % status) + lp(sha(body.encode())))


def check_reply(c):
    m = re.fullmatch(r"m=([0-9a-f]{64})", c["header"])
    need(m, "reply_mac")
    want = reply_mac(bytes.fromhex(c["request_key"]), bytes.fromhex(c["request_mac"]),
                     c["status"], c["body"])
    need(hmac.compare_digest(want.hex(), m[1]), "reply_mac")
    return {}


def registration(vault_key, device, url, at):
    rid = request_id(device.request_key(vault_key, url))
    s = encode(REGISTER, dict(label="vault-register-v2", suite=SUITE, project=device.project,
                              device=device.id, name=device.name, sign=device.sign,
                              box=device.box, url=url, request_id=rid, at=at))
    return b64(s + sign(device.sign_seed, s) + sign(vault_key.join_seed, s))


def check_registration(c):
    """By the server, and by whoever approves. joins: the log's join keys, the newest last. now null:
    days later, by an approver."""
    raw, sigs = split(c["registration"], 2)
    need(len(raw) + 128 <= SMALL_SIZE, "bad_form")
    s = decode(REGISTER, raw, "vault-register-v2")
    need(s["project"] == c["project_id"], "wrong_project")
    need(s["device"] == device_id(s["project"], s["sign"], s["box"]), "register_device_id")
    x25519(sha(b""), s["box"])
    if c["now"] is not None:
        need(s["url"] in c["urls"], "register_url")  # else another server could pass it on
        need(c["now"] - 300000 <= s["at"] <= c["now"] + 60000, "register_time")
        need(s["request_id"] == request_id(bytes.fromhex(c["request_key"])), "register_request_key")
    need(verify(s["sign"], raw, sigs[:64]), "register_signature")
    joins = [bytes.fromhex(j) for j in c["joins"]]
    if not verify(joins[-1], raw, sigs[64:]):
        older = any(verify(j, raw, sigs[64:]) for j in joins[:-1])
        raise Refused("vault_key_replaced" if older else "register_join")
    return {"device_id": s["device"], "name": s["name"]}


def check_ed25519(c):
    need(verify(*(bytes.fromhex(c[k]) for k in ("public", "message", "signature"))), "ed25519")
    return {}


def check_x25519(c):
    return {"shared": x25519(bytes.fromhex(c["secret"]), bytes.fromhex(c["public"])).hex()}


def check_hpke(c):
    x = {k: bytes.fromhex(v) for k, v in c.items()}
    return {"plain": hpke_open(x["secret"], x["info"], x["psk"], x["psk_id"], x["aad"], x["box"]).hex()}


def check_log(c):
    return {"head": Log(c["project_id"], c["log"]).hashes[-1].hex()}


def check_heads_file(c):
    log, envs = parse_heads(c["file"], c["project_id"], c["own"])
    show = lambda p: "%d %s" % (p[0], p[1].hex())
    return {"log": log and show(log), "envs": {e: show(p) for e, p in envs.items()}}


CHECKS = {"bundle": open_bundle, "cache": open_cache, "request": check_request, "log": check_log,
          "head": check_head, "push": check_push, "append": check_append, "heads": check_heads_file,
          "reply": check_reply, "register": check_registration, "ed25519": check_ed25519,
          "x25519": check_x25519, "hpke": check_hpke}


if __name__ == "__main__":
    import scenario
    sys.exit(scenario.main(sys.argv[1:]))
