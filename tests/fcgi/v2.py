# SPDX-License-Identifier: MIT
"""A team of protocol v2 against a real server, by the other implementation
(tests/interop/reference.py): python3 v2.py URL COMMAND prints TAP. Every reply is
held against its MAC, every log and record that comes is verified, every blob
opened. COMMAND replaces the server key amid all that.
"""
import os, subprocess, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from tap import *
from team import *

URL = sys.argv[1]


class Project(Team):
    """A team whose every request is a test."""

    def __init__(self):
        super().__init__(URL)

    def must(self, who, path, body, **more):
        status, reply = self.send(who, path, body, **more)
        ok(status == 200 and self.good_mac, "%s: %s" % (who.name, path), (status, reply, self.mac))
        return reply

    def refused(self, who, path, body, want, name, **more):
        """want: "403 role_refused", or of a statement "400 record_cut"."""
        status, reply = self.send(who, path, body, **more)
        code = reply.get("reason", reply.get("code"))
        same("%d %s" % (status, code), want, name)
        return reply

    def may_not(self, kind, want, said, by=None, **more):
        """An entry that is refused."""
        by = by or self.admin
        return self.refused(by, "log/append", dict(entry=self.entry(by, kind, **more), wraps=[]),
                            want, said)


# ---- a project begins
p = Project()
reply = p.create()
same((reply["device_id"], reply["log_count"]), (p.admin.id, 1), "the root's device, one entry")
same(p.must(p.admin, "project/create", p.root)["log_count"], 1, "the same root again")
other = Project()
other.id = p.id
p2 = dict(p.root, root=p.entry(p.admin, ROOT, seq=0, prev=ZERO, join=p.vk.join,
                               **p.block(p.admin, ADMIN, ["*"])))
p.refused(p.admin, "project/create", p2, "409 project_exists", "another root")
p.refused(p.admin, "project/create", dict(p.root, root=b64(b"x" * 300)), "400 bad_form", "no root")
q = Project()
bad = q.entry(q.admin, ROOT, join=q.vk.join, **q.block(q.admin, WRITER, ["*"]))
q.refused(q.admin, "project/create", dict(root=bad, **q.joining(q.admin)), "400 log_root",
          "a root of a writer")
good = q.entry(q.admin, ROOT, join=q.vk.join, **q.block(q.admin, ADMIN, ["*"]))
q.refused(q.admin, "project/create", dict(root=good, **q.joining(q.admin, url="https://other")),
          "403 register_url", "a registration for another server")
q.refused(q.admin, "project/create", dict(root=good, **q.joining(q.admin, at=now() - 400000)),
          "400 register_time", "an old one")

# ---- who asks
poll = {"environment": "dev"}
p.refused(p.admin, "secrets/current-version", poll, "404 no_secrets", "nothing is stored yet")
ok(p.good_mac, "... said with a MAC")
p.refused(p.admin, "secrets/current-version", poll, "401 request_form", "a malformed header", header="x")
ok(p.mac is None, "... said without")
stranger = p.machine("stranger")
p.refused(stranger, "secrets/current-version", poll, "401 request_key_unknown", "an unknown key")
wrong = request_header(p.admin.key(p.vk), "POST", "/api/v2/log/read", now(), secrets.token_bytes(16), "{}")
p.refused(p.admin, "secrets/current-version", poll, "401 request_mac", "another path's MAC", header=wrong)
r = p.refused(p.admin, "secrets/current-version", poll, "401 request_time", "an old request",
              at=now() - 400000)
ok(abs(r["now"] - now()) < 60000 and p.good_mac, "... with the server's time and a MAC", r)
fake = Project()
fake.refused(fake.admin, "secrets/current-version", poll, "404 project_not_found", "no such project")

# ---- pending
pending = p.machine("laptop")
same(p.must(pending, "devices/register", p.joining(pending))["status"], "pending", "a device waits")
same(p.must(pending, "devices/register", p.joining(pending))["status"], "pending", "... and asks again")
p.refused(pending, "secrets/pull", dict(poll, log_have=0), "403 device_pending", "... it may not pull")
devices = p.must(p.admin, "devices/list", {})["devices"]
waits, = [d for d in devices if d["status"] == "pending"]
same(waits["id"], pending.id, "an admin sees it")
check_registration(dict(registration=waits["registration"], project_id=p.id, now=None,
                        joins=[p.vk.join.hex()]))
ok(True, "... and its registration is genuine")
p.refused(pending, "devices/register", p.joining(pending, url="https://other"), "403 register_url",
          "a registration for another server")
leaked = p.machine("leaked")
forged = p.joining(leaked, vk=VaultKey("vk_%s_%s_%s" % (p.id, "11" * 32, "00" * 32)))
p.refused(leaked, "devices/register", dict(forged, request_key=forged["request_key"]), "400 register_join",
          "one without VAULT_KEY", key=bytes.fromhex(forged["request_key"]))

# ---- admit, push, pull
p.append(ADMIT, **p.block(pending, WRITER, ["dev", "test"]))
laptop = pending
p.push(laptop, "dev", "one")
same(p.value(laptop, "dev"), "one", "the writer reads it")
same(p.value(p.admin, "dev"), "one", "the admin too")
reader = p.admit("ci", READER, ["dev"])
same(p.value(reader, "dev"), "one", "a reader admitted later as well")
p.refused(reader, "secrets/push", p.record(reader, "dev", "x")[0], "403 role_refused", "it does not push")
p.refused(reader, "secrets/pull", {"environment": "prod", "log_have": 0}, "403 scope_refused",
          "... nor reads elsewhere")
p.refused(laptop, "log/append", dict(entry=p.entry(laptop, REVOKE, device=reader.id, cuts=[])),
          "403 role_refused", "a writer revokes nobody")
body = p.push(laptop, "dev", "two")
status, r = p.send(laptop, "secrets/push", body)
same((status, r.get("code"), r.get("version")), (409, "version_conflict", 2), "the same version again")
p.push(p.admin, "dev", "three", new_key=True)
same(p.value(reader, "dev"), "three", "a new data key reaches the reader")
r, log = p.read(reader, "dev", records_from=1)
same(len(r["records"]), 3, "records from a pin on")
check_chain(log, r["records"], "dev", (1, sha(split(r["records"][0])[0])))
r, log = p.read(reader, "dev", record_have=p.heads["dev"][1].hex())
same((r["unchanged"], r["records"], r.get("secrets")), (True, [], None), "unchanged: no blob travels")
r = p.must(reader, "secrets/current-version", poll)
same((r["version"], r["record_hash"], r["log_count"]), (3, p.heads["dev"][1].hex(), len(p.texts)), "a poll")
r = p.must(reader, "secrets/records", {"environment": "dev", "from": 2, "blobs": True})
same((len(r["records"]), len(r["secrets"]), r["more"]), (2, 2, False), "records with their blobs")
same(len(p.must(reader, "secrets/heads", {})["records"]), 1, "heads in scope")
same(len(p.must(reader, "keys/read", poll)["wraps"]), 2, "its own wraps")
p.refused(reader, "keys/read", dict(poll, all=True), "403 role_refused", "... not everybody's")
same(len(p.must(p.admin, "keys/read", dict(poll, all=True))["wraps"]), 6, "an admin reads all")
same(p.must(laptop, "keys/add", dict(poll, wraps=[dict(p.wrap_of("dev", reader), device_id=reader.id)])),
     {"added": 0}, "a wrap that is there stays")
same(Log(p.id, p.must(reader, "log/read", {"log_have": 0})["log"]).hashes, p.log.hashes, "the log")

# ---- what is wrong with a record
p.refused(laptop, "secrets/push", dict(p.record(laptop, "dev", "x")[0], record=b64(b"x" * 200)),
          "400 bad_form", "no record")
p.refused(laptop, "secrets/push", p.record(laptop, "dev", "x", project=fake.id)[0], "400 wrong_project",
          "a record of another project")
p.refused(laptop, "secrets/push", p.record(laptop, "dev", "x", author=p.admin.id)[0], "400 record_author",
          "... in another's name")
body = p.record(laptop, "dev", "x")[0]
p.refused(laptop, "secrets/push", dict(body, secrets=b64(secrets.token_bytes(60))), "400 blob_hash",
          "... of another blob")
raw = bytearray(unb64(body["record"]))
raw[-1] ^= 1
p.refused(laptop, "secrets/push", dict(body, record=b64(bytes(raw))), "400 record_signature",
          "... with a bit flipped")
p.refused(laptop, "secrets/push", p.record(laptop, "dev", "x", log_hash=ZERO)[0], "400 record_log",
          "... that cites no log")
short = p.record(laptop, "test", "x", new_key=True)[0]
p.refused(laptop, "secrets/push", dict(short, wraps=short["wraps"][1:]), "409 readers_changed",
          "a new data key without one of its readers")
r = p.refused(laptop, "secrets/push", p.record(laptop, "test", "x", new_key=True, log_seq=0,
                                               log_hash=p.log.hashes[0])[0], "409 log_changed",
              "... by an older log")
same(p.texts[1:], r["log"], "... which brings what is missing")

# ---- what is wrong with an entry
r = p.may_not(REVOKE, "409 log_changed", "an entry for an older log", device=reader.id, cuts=p.cut("dev"), seq=1)
p.may_not(REVOKE, "400 log_join", "one by an admin's secret alone", device=reader.id, cuts=p.cut("dev"),
         second=fake.vk)
p.may_not(REVOKE, "400 log_device_unknown", "of an unknown device", device=stranger.id, cuts=[])
p.may_not(REVOKE, "400 log_last_admin", "of the last admin", device=p.admin.id, cuts=p.cut("dev"))
p.may_not(REVOKE, "409 heads_changed", "without its cut", device=reader.id, cuts=[])
x = p.machine("x")
p.may_not(ADMIT, "409 wraps_missing", "an admission without its wrap", **p.block(x, READER, ["dev"]))
p.refused(p.admin, "log/append", dict(entry=b64(b"x" * 500)), "400 bad_form", "no entry")

# ---- removed
p.append(REVOKE, device=reader.id, cuts=p.cut("dev"))
r = p.refused(reader, "secrets/pull", dict(poll, log_have=0), "403 device_removed", "a removed device")
same((r["log"], r["more"], p.good_mac), (p.texts, False, True), "... is shown the log up to its removal")
x = p.admit("y", READER, ["other"])
r = p.refused(reader, "secrets/pull", dict(poll, log_have=0), "403 device_removed", "... who joins later")
same(len(r["log"]), len(p.texts) - 1, "... it is not told")
p.refused(laptop, "secrets/push", p.record(laptop, "dev", "x")[0], "400 record_key", "its data key is over")
p.refused(laptop, "secrets/push", p.record(laptop, "dev", "x", new_key=True, log_seq=2,
                                           log_hash=p.log.hashes[2])[0], "400 record_cut",
          "... and a record from before the cut")
p.push(laptop, "dev", "four", new_key=True)
same(p.value(p.admin, "dev"), "four", "who is left goes on")
short = p.admit("short", READER, ["dev"], expires=now() - 1000)
p.refused(short, "secrets/pull", dict(poll, log_have=0), "403 device_expired", "a device whose time is over")

# ---- VAULT_KEY is replaced
old = p.vk
p.rotate()
r = p.refused(laptop, "secrets/current-version", poll, "401 vault_key_replaced", "by the old one", vk=old)
same((r["log"][-1], p.good_mac), (p.texts[-1], True), "... with the rotation, and a MAC")
r = p.refused(laptop, "devices/register", p.joining(laptop, vk=old), "401 vault_key_replaced",
              "a registration by the old one", vk=old)
same(r["log"], p.texts, "... with the log up to the rotation")
r = p.refused(stranger, "devices/register", p.joining(stranger, vk=old), "401 vault_key_replaced",
              "... of an unknown device", vk=old)
ok("log" not in r, "... which sees no log", r)
same(p.must(laptop, "devices/register", p.joining(laptop))["status"], "approved", "one by the new one")
same(p.must(p.admin, "devices/register", p.joining(p.admin))["status"], "approved", "... of the admin")
same(p.value(laptop, "dev"), "four", "what was there can be read")
p.push(laptop, "dev", "five", new_key=True)
same(p.value(p.admin, "dev"), "five", "and what is new")

# ---- the server key is replaced
same(subprocess.call(sys.argv[2:]), 0, "another server key")
same(p.value(laptop, "dev"), "five", "nobody notices")

# ---- again and again
body, made = p.record(laptop, "dev", "six")
at, nonce = now(), secrets.token_bytes(16)
same(p.must(laptop, "secrets/push", body, at=at, nonce=nonce)["version"], 6, "a push")
same(p.must(laptop, "secrets/push", body, at=at, nonce=nonce)["version"], 6, "... the same bytes again")
p.heads["dev"] = made[:2]

# ---- who did what
rows = p.must(p.admin, "audit/list", {"limit": 5})
same((len(rows["rows"]), rows["more"]), (5, True), "the audit log")
same(rows["rows"][0]["action"], "secrets/push", "... newest first")
more = p.must(p.admin, "audit/list", {"limit": 1, "before": {k: rows["rows"][4][k] for k in ("at", "id")}})
ok(more["rows"][0]["at"] <= rows["rows"][4]["at"], "... goes on")
seen = p.must(p.admin, "audit/list", {"device_id": reader.id})["rows"]
ok({r["outcome"] for r in seen} >= {"done", "role_refused", "scope_refused", "device_removed"},
   "... tells what came of it", seen)
p.refused(laptop, "audit/list", {}, "403 role_refused", "for admins only")

# ---- the end
def deletion(by, vk, **more):
    s = dict(label="vault-delete-v2", suite=SUITE, project=p.id, count=len(p.texts),
             head=p.log.hashes[-1], author=by.id, at=now())
    s.update(more)
    raw = (lp(s["label"]) + num(s["suite"]) + lp(s["project"]) + num(s["count"]) + lp(s["head"])
           + lp(s["author"]) + num(s["at"]))
    return dict(deletion=b64(raw + sign(by.sign_seed, raw) + sign(vk.join_seed, raw)))


p.refused(laptop, "project/delete", deletion(laptop, p.vk), "403 role_refused", "a writer deletes nothing")
p.refused(p.admin, "project/delete", deletion(p.admin, old), "400 log_join", "nor the old VAULT_KEY")
p.refused(p.admin, "project/delete", deletion(laptop, p.vk, author=p.admin.id), "400 log_signature",
          "nor does another in an admin's name")
p.refused(p.admin, "project/delete", deletion(p.admin, p.vk, author=laptop.id), "400 log_author",
          "... or an admin in another's")
p.refused(p.admin, "project/delete", deletion(p.admin, p.vk, at=now() - 400000), "400 request_time", "at another time")
p.refused(p.admin, "project/delete", deletion(p.admin, p.vk, count=3), "409 log_changed", "by an older log")
p.refused(p.admin, "project/delete", deletion(p.admin, p.vk, head=ZERO), "409 log_changed", "by another log")
p.refused(p.admin, "project/delete", deletion(p.admin, p.vk, project=fake.id), "400 wrong_project",
          "or of another project")
same(p.must(p.admin, "project/delete", deletion(p.admin, p.vk)), {"deleted": True}, "an admin does")
p.refused(p.admin, "secrets/pull", dict(poll, log_have=0), "404 project_not_found", "... and it is gone")
p.refused(p.admin, "project/create", p.root, "409 project_exists", "... for good", vk=old)

# ---- whoever makes environments without end can still be removed
p = Project()
p.create()
thief = p.admit("thief", WRITER, ["*"])
statuses = []
for i in range(101):
    body, made = p.record(thief, "e%03d" % i, "x")
    status, reply = p.send(thief, "secrets/push", body)
    statuses.append((status, reply.get("code")))
    if status == 200:
        p.heads["e%03d" % i] = made[:2]
same(statuses, 100 * [(200, None)] + [(409, "too_many_environments")],
     "a project has no more environments than an entry can cut")
p.append(REVOKE, device=thief.id, cuts=p.cut(*p.heads))
done()
