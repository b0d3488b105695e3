# SPDX-License-Identifier: MIT
"""The lying server: it stands before the real one, knows every request key (they
travel to the server once) and so signs whatever it makes of a reply.

    hostile = Proxy(socket, place)
    hostile.lie("secrets/pull", lambda call: call.reply["records"].pop())
    hostile.show(fork)      # reads are answered, writes taken, as that world has it
    hostile.honest()        # the truth again
"""
import http.client, http.server, json, os, re, threading, traceback, urllib.parse
from reference import *

READS = ("secrets/pull", "secrets/current-version", "secrets/heads", "secrets/records",
         "log/read", "keys/read")


class Hangup(Exception):
    """No answer at all."""


class Call:
    """A request, and its reply once it was asked for. A rule changes status, reply,
    raw (the body's text, in place of reply) or mac ("" for none)."""

    def __init__(self, proxy, method, target, headers, text):
        self.proxy, self.method, self.target = proxy, method, target
        self.headers, self.text = headers, text
        self.path = re.sub("^/api/v2/", "", target)
        try:
            self.body = json.loads(text)
        except ValueError:
            self.body = {}
        m = re.fullmatch("v=[0-9]+,k=([0-9a-f]+),n=[0-9a-f]+,m=([0-9a-f]{64})",
                         headers.get("X-Vault-Request", ""))
        self.key, self.device = proxy.keys.get(m and m[1], (None, None))
        self.request_mac = m and bytes.fromhex(m[2])
        self.status = self.raw = self.mac = self.given = None
        self._reply = None

    @property
    def reply(self):
        if self._reply is None:
            self.forward()
        return self._reply

    @reply.setter
    def reply(self, value):
        self._reply = value

    def answer(self, status, reply):
        """Without a question to the server, or whatever it said."""
        self.status, self._reply, self.raw = status, reply, None

    def forward(self):
        """What the real server says."""
        place = self.proxy.place
        c = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        c.request(self.method, self.target, self.text.encode(), {k: self.headers[k] for k in (
            "Content-Type", "X-Vault-Request", "X-Vault-Signature") if k in self.headers})
        r = c.getresponse()
        text = r.read().decode()
        self.status, self.given = r.status, (r.status, text, r.getheader("X-Vault-Reply"))
        try:
            self._reply = json.loads(text)
        except ValueError:
            self._reply = {}
        c.close()

    def ask_as(self, at):
        """As if the client had signed at that time (ms)."""
        self.headers = dict(self.headers.items(), **{"X-Vault-Request": request_header(
            self.key, "POST", self.target, at, os.urandom(16), self.text)})
        self.forward()
        self.given = None  # that MAC is for another request

    def as_it_was(self):
        """The change is not signed: the MAC stays that of the true reply."""
        self.mac = self.given[2]

    def finish(self):
        """Status, body and MAC that the client gets; untouched if nothing was changed."""
        if self.status is None:
            self.forward()
        text = self.raw if self.raw is not None else json.dumps(self._reply)
        if self.given and self.raw is None and self.given[0] == self.status:
            try:
                if json.loads(self.given[1]) == self._reply:
                    text = self.given[1]
            except ValueError:
                text = self.given[1]
        mac = self.mac
        if mac is None and self.given and self.given[:2] == (self.status, text):
            mac = self.given[2]
        elif mac is None and self.key:
            mac = "m=" + reply_mac(self.key, self.request_mac, self.status, text).hex()
        return self.status, text, mac


class Proxy:
    def __init__(self, socket, place):
        self.place = urllib.parse.urlsplit(place)
        self.keys, self.rules, self.calls, self.problems = {}, [], [], []
        self.world = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self), False)
        self.server.socket.close()
        self.server.socket = socket
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that hangs up
        self.url = "http://127.0.0.1:%d" % socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def learn(self, key, device):
        self.keys[request_id(key).hex()] = key, device

    def lie(self, path, rule):
        """rule(call), for each call of that path (a pattern) from now on."""
        self.rules.append((path, rule))

    def show(self, world):
        self.world = world

    def honest(self):
        self.rules, self.world, self.calls = [], None, []

    def handle(self, call):
        self.calls.append(call)
        if "request_key" in call.body and "registration" in call.body:
            s = decode(REGISTER, split(call.body["registration"], 2)[0], "vault-register-v2")
            self.learn(bytes.fromhex(call.body["request_key"]), s["device"])
            if call.key is None and call.request_mac:
                call.key, call.device = bytes.fromhex(call.body["request_key"]), s["device"]
        if self.world and call.key and (call.path in READS or call.path in WRITES):
            call.answer(*shown(self.world, call.path, call.body, call.device))
        for path, rule in self.rules:
            if re.fullmatch(path, call.path):
                rule(call)
        return call.finish()


def handler_of(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            try:
                status, body, mac = proxy.handle(
                    Call(proxy, self.command, self.path, self.headers, text))
            except Hangup:
                self.close_connection = True
                return
            except Exception:
                proxy.problems.append(traceback.format_exc())
                self.close_connection = True
                return
            body = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if mac:
                self.send_header("X-Vault-Reply", mac)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    return Handler


# ---- a world as a server shows it, and goes on with it

def shown(world, path, body, me):
    kind, name = path.split("/")
    return globals()[kind + "_" + name.replace("-", "_")](world, body, me)


def key_id_of(record):
    return decode(RECORD, split(record)[0], "vault-record-v2")["key_id"].hex()


def own_wraps(world, env, kid, me):
    return [w for w in world.wraps.get((env, kid), []) if w["device_id"] == me]


NOTHING = 404, {"error": "No secrets stored yet", "code": "no_secrets"}


def secrets_pull(world, body, me):
    env = body["environment"]
    records = world.records.get(env)
    if not records:
        return NOTHING
    version = body.get("version") or len(records)
    first = min(body.get("records_from") or len(records), version)
    same = not body.get("version") and body.get("record_have") == world.heads[env][1].hex()
    reply = dict(version=version, unchanged=same, **log_read(world, body, me)[1],
                 records=[] if same else records[first - 1:],
                 wraps=own_wraps(world, env, key_id_of(records[version - 1]), me))
    if not same:
        reply["secrets"] = b64(world.blobs[env, version])
    return 200, reply


def secrets_current_version(world, body, me):
    if body["environment"] not in world.heads:
        return NOTHING
    version, digest = world.heads[body["environment"]]
    return 200, dict(version=version, record_hash=digest.hex(), log_count=len(world.texts),
                     updated_at="2026-01-01T00:00:00.000Z")


def secrets_heads(world, body, me):
    scope = world.log.devices[me]
    return 200, dict(records=[world.records[e][-1] for e in sorted(world.records)
                              if in_scope(scope, e)], log_count=len(world.texts))


def secrets_records(world, body, me):
    env, first = body["environment"], body["from"]
    records = world.records.get(env, [])
    last = min(body.get("to") or len(records), len(records))
    secrets = [b64(world.blobs[env, v]) if body.get("blobs") else None
               for v in range(first, last + 1)]
    return 200, dict(records=records[first - 1:last], secrets=secrets, more=False)


def log_read(world, body, me):
    return 200, dict(log=world.texts[body.get("log_have") or 0:], log_count=len(world.texts),
                     more=False)


def keys_read(world, body, me):
    return 200, dict(wraps=[w for k, ws in world.wraps.items() if k[0] == body["environment"]
                            for w in ws if body.get("all") or w["device_id"] == me], more=False)


def log_append(world, body, me):
    world.took(body["entry"])
    for w in body.get("wraps") or ():
        d = decode(LOG, split(body["entry"], 2)[0], "vault-log-v2", KINDS)["device"]
        world.keep_wrap(w["environment"], w["key_id"], d, w["wrap"])
    return 200, dict(log_count=len(world.texts))


def secrets_push(world, body, me):
    raw, _ = split(body["record"])
    s = decode(RECORD, raw, "vault-record-v2")
    world.heads[s["env"]] = s["version"], sha(raw)
    world.records.setdefault(s["env"], []).append(body["record"])
    world.blobs[s["env"], s["version"]] = unb64(body["secrets"])
    for w in body.get("wraps") or ():
        world.keep_wrap(s["env"], s["key_id"].hex(), w["device_id"], w["wrap"])
    return 200, dict(version=s["version"])


def keys_add(world, body, me):
    for w in body["wraps"]:
        world.keep_wrap(body["environment"], w["key_id"], w["device_id"], w["wrap"])
    return 200, dict(added=len(body["wraps"]))


def devices_register(world, body, me):
    return 200, dict(device_id=me, status="approved" if me in world.log.devices else "pending")


WRITES = "log/append", "secrets/push", "keys/add", "devices/register"
