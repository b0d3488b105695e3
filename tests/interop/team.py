# SPDX-License-Identifier: MIT
"""A team of protocol v2 against a real server, by the other implementation
(reference.py): an admin who makes a project, admits, removes, rotates, and
machines that push and pull. Every statement made is kept. A fork() goes on from
there alone and tells nobody: what a lying server could show.
"""
import copy, http.client, json, secrets, time, urllib.parse, uuid
from reference import *

WEEK_S = 604800


def now():
    return int(time.time() * 1000)


class Machine(Device):
    """A device with its request key, which it keeps over all VAULT_KEYs."""

    def __init__(self, project, name, url, secret=None):
        super().__init__(project, secret or secrets.token_hex(32), name)
        self.url = url

    def key(self, vk):
        return self.request_key(vk, self.url)


class Team:
    """url is the one that clients know; place, if that is another, where this one
    sends its requests."""

    def __init__(self, url, place=None):
        self.url, self.place = url, urllib.parse.urlsplit(place or url)
        self.id = self.new_id()
        self.vk = self.new_key()
        self.log, self.texts = Log(self.id), []
        self.heads, self.data = {}, {}  # by environment: (version, hash); the data key in use
        self.records, self.blobs, self.wraps = {}, {}, {}
        self.alone = False
        self.admin = self.machine("admin")

    def fork(self):
        """The same history, which goes on without the server."""
        x = copy.copy(self)
        x.alone = True
        x.log, x.texts = copy.deepcopy(self.log), list(self.texts)
        x.heads, x.data, x.blobs = dict(self.heads), dict(self.data), dict(self.blobs)
        x.records = {e: list(r) for e, r in self.records.items()}
        x.wraps = {k: list(w) for k, w in self.wraps.items()}
        return x

    # ---- keys
    def new_id(self):
        return str(uuid.uuid4())

    def new_key(self):
        return VaultKey("vk_%s_%s_%s" % (self.id, secrets.token_hex(32), "00" * 32))

    def key_text(self, vk=None, seq=0):
        """VAULT_KEY as a user has it, with the anchor of that entry."""
        return "vk_%s_%s_%s" % (self.id, (vk or self.vk).secret.hex(), self.log.hashes[seq].hex())

    def machine(self, name, url=None, secret=None):
        return Machine(self.id, name, url or self.url, secret)

    # ---- requests
    def send(self, who, path, body, vk=None, header=None, at=None, nonce=None, key=None,
             method="POST", source="127.0.0.1"):
        key = key or who.key(vk or self.vk)
        text = body if isinstance(body, str) else json.dumps(dict({"project_id": self.id}, **body))
        full = "/api/v2/" + path
        header = header or request_header(key, "POST", full, now() if at is None else at,
                                          nonce or secrets.token_bytes(16), text)
        c = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=30,
                                       source_address=(source, 0))
        c.request(method, full, text, {"Content-Type": "application/json",
                                       "X-Vault-Request": header})
        r = c.getresponse()
        raw = r.read().decode()
        self.mac = r.getheader("X-Vault-Reply")
        self.good_mac = None
        if self.mac and len(header) == 152:
            self.good_mac = self.mac == "m=" + reply_mac(
                key, bytes.fromhex(header[-64:]), r.status, raw).hex()
        c.close()
        return r.status, json.loads(raw)

    def code(self, who, path, body, **more):
        """What becomes of a request: "200", "403 role_refused", or of a statement
        "400 record_cut"."""
        status, reply = self.send(who, path, body, **more)
        code = reply.get("reason", reply.get("code"))
        return str(status) if status == 200 else "%d %s" % (status, code)

    def must(self, who, path, body, **more):
        status, reply = self.send(who, path, body, **more)
        assert status == 200 and self.good_mac, (who.name, path, status, reply, self.mac)
        return reply

    def tell(self, who, path, body):
        """The server is told; of a fork nobody is."""
        return None if self.alone else self.must(who, path, body)

    # ---- the log
    def entry(self, by, kind, **more):
        s = dict(label="vault-log-v2", suite=SUITE, project=self.id, seq=len(self.texts),
                 prev=self.log.hashes[-1] if self.texts else ZERO, at=now(), author=by.id, kind=kind)
        second = more.pop("second", self.vk)
        s.update(more)
        raw = encode(LOG + KINDS.get(kind, []), s)
        return b64(raw + sign(by.sign_seed, raw) + sign(second.join_seed, raw))

    def block(self, d, role, envs, expires=0, cache_s=WEEK_S, fresh_s=0):
        return dict(device=d.id, name=d.name, sign=d.sign, box=d.box, role=role, envs=envs,
                    expires=expires, cache_s=cache_s, fresh_s=fresh_s)

    def took(self, text):
        self.log.apply(text)
        self.texts.append(text)

    def create(self):
        root = self.entry(self.admin, ROOT, join=self.vk.join,
                          **self.block(self.admin, ADMIN, ["*"]))
        self.root = dict(root=root, project_name="team", **self.joining(self.admin))
        reply = self.tell(self.admin, "project/create", self.root)
        self.took(root)
        return reply

    def joining(self, d, url=None, at=None, vk=None):
        vk = vk or self.vk
        return dict(registration=registration(vk, d, url or d.url, at or now()),
                    request_key=d.key(vk).hex())

    def admit(self, name, role, envs, machine=None, by=None, **scope):
        d = machine or self.machine(name)
        e = self.entry(by or self.admin, ADMIT, **self.block(d, role, envs, **scope))
        wraps = [self.wrap_of(x, d) for x in sorted(self.data) if envs == ["*"] or x in envs]
        self.tell(by or self.admin, "log/append", dict(entry=e, wraps=wraps, **self.joining(d)))
        self.took(e)
        for w in wraps:
            self.keep_wrap(w["environment"], w["key_id"], d.id, w["wrap"])
        return d

    def cut(self, *envs):
        return [(e, self.heads[e][0], self.heads[e][1]) for e in sorted(envs)]

    def append(self, kind, by=None, wraps=(), **more):
        by = by or self.admin
        e = self.entry(by, kind, **more)
        reply = self.tell(by, "log/append", dict(entry=e, wraps=list(wraps)))
        self.took(e)
        return reply

    def revoke(self, d, by=None):
        scope = self.log.devices[d.id]
        return self.append(REVOKE, by, device=d.id, cuts=self.cut(*(
            e for e in self.heads if in_scope(scope, e))))

    def rotate(self, by=None, **more):
        old, new = self.vk, self.new_key()
        psk = seal(chain_key(self.id, new.psk, new.join), secrets.token_bytes(12),
                   chain_aad(self.id, old.join, new.join), old.psk)
        fields = dict(join=new.join, old_psk=psk, cuts=self.cut(*self.heads))
        fields.update(more)
        self.append(ROTATE, by, **fields)
        self.vk = new
        return new

    # ---- versions
    def wrap_of(self, env, d, data=None, vk=None):
        data = data or self.data[env]
        return dict(environment=env, key_id=key_id(self.id, env, data).hex(), wrap=b64(wrap(
            vk or self.vk, env, data, d.id, d.box, secrets.token_bytes(32))))

    def keep_wrap(self, env, kid, device, text):
        self.wraps.setdefault((env, kid), []).append(dict(
            device_id=device, key_id=kid, generation=len(self.log.joins) - 1, wrap=text))

    def readers(self, env):
        return [(i, self.log.devices[i]["box"]) for i in sorted(self.log.readers(env))]

    def key_is_over(self, env):
        """7.2: the next version takes a new data key."""
        version = self.heads.get(env, (0,))[0]
        return env not in self.data or self.log.last_cut(env)[1] == version

    def record(self, by, env, value, new_key=False, blob=None, data=None, **more):
        """The body of a push, and what it makes of the environment."""
        version, head = self.heads.get(env, (0, ZERO))
        if data is None:
            data = secrets.token_bytes(32) if new_key or env not in self.data else self.data[env]
        kid = key_id(self.id, env, data)
        number = more.get("version", version + 1)
        box = blob or self.blob(env, number, data, value)
        s = dict(label="vault-record-v2", suite=SUITE, project=self.id, env=env, version=number,
                 prev=head, key_id=kid, blob=sha(box), op=PUSH, of=0, author=by.id,
                 log_seq=len(self.texts) - 1, log_hash=self.log.hashes[-1], at=now())
        s.update(more)
        raw = encode(RECORD, s)
        body = dict(record=b64(raw + sign(by.sign_seed, raw)), secrets=b64(box))
        if data != self.data.get(env):
            body["wraps"] = [dict(device_id=i, wrap=b64(wrap(
                self.vk, env, data, i, box_key, secrets.token_bytes(32))))
                for i, box_key in self.readers(env)]
        return body, (number, sha(raw), data, box)

    def blob(self, env, version, data, value):
        """value: of the one secret A, or the whole text inside."""
        text = value if value.startswith("{") else json.dumps({"secrets": {"A": value}, "changed": []})
        return seal(content_key(self.id, env, data), secrets.token_bytes(12),
                    blob_aad(self.id, env, version, key_id(self.id, env, data)), pad(text))

    def push(self, by, env, value, **more):
        more.setdefault("new_key", self.key_is_over(env))
        body, made = self.record(by, env, value, **more)
        reply = self.tell(by, "secrets/push", body)
        assert reply is None or reply["version"] == made[0], reply
        self.stored(env, body, made)
        return body

    def stored(self, env, body, made):
        number, digest, data, box = made
        self.heads[env], self.data[env] = (number, digest), data
        self.blobs[env, number] = box
        self.records.setdefault(env, []).append(body["record"])
        for w in body.get("wraps", ()):
            self.keep_wrap(env, key_id(self.id, env, data).hex(), w["device_id"], w["wrap"])

    # ---- reading
    def read(self, who, env, **more):
        body = dict({"environment": env, "log_have": 0}, **more)
        r = self.must(who, "secrets/pull", body)
        log = Log(self.id, r["log"])
        return r, log

    def value(self, who, env, **more):
        return self.opened(who, env, **more)[0]

    def opened(self, who, env, **more):
        """What a machine without memory makes of it: the value, and the data key."""
        r, log = self.read(who, env, **more)
        kid = decode(RECORD, split(r["records"][-1])[0], "vault-record-v2")
        check_chain(log, r["records"], env, None)
        w, = r["wraps"]
        data = hpke_open(who.box_secret, wrap_info(self.id, env, kid["key_id"], who.id),
                         log.psk(self.vk, w["generation"]), log.joins[w["generation"]], b"",
                         unb64(w["wrap"]))
        need(key_id(self.id, env, data) == kid["key_id"], "key_commitment")
        box = unb64(r["secrets"])
        need(sha(box) == kid["blob"], "blob_hash")
        plain = unseal(content_key(self.id, env, data),
                       blob_aad(self.id, env, r["version"], kid["key_id"]), box, "blob_open")
        return json.loads(plain)["secrets"]["A"], data
