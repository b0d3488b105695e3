# SPDX-License-Identifier: MIT
"""The whole history of a project, read and judged by another implementation of
protocol v2: python3 history.py URL, with {"key": VAULT_KEY, "secret": an admin's
device secret} on standard input. Prints {environment: [what each version holds,
from 1 on; null: it or its data key is no longer kept]}. It fails at an entry or record that does not verify, at a version left out (those
before the last cut may be lost with a database), at a data key on both sides of a
cut, and at a reader without a wrap.
"""
import json, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from team import *


class Reader(Team):
    def __init__(self, url, key, secret):
        super().__init__(url)
        self.vk = VaultKey(key)
        self.id = self.vk.project
        self.admin = self.machine("admin", secret=secret)
        self.must(self.admin, "devices/register", self.joining(self.admin))

    def pages(self, path, body, what, more):
        """All rows of a call; more(row): where the next page begins."""
        rows = []
        while True:
            r = self.must(self.admin, path, body)
            rows.append(r)
            if not r["more"]:
                return rows
            body = dict(body, **more(r[what][-1]))

    def whole_log(self):
        texts = []
        while True:
            r = self.must(self.admin, "log/read", {"log_have": len(texts)})
            texts += r["log"]
            if not r["more"]:
                return Log(self.id, texts)

    def wraps_of(self, env):
        pages = self.pages("keys/read", {"environment": env, "all": True}, "wraps",
                           lambda w: {"after": {"key_id": w["key_id"], "device_id": w["device_id"]}})
        return {(w["key_id"], w["device_id"]): w for p in pages for w in p["wraps"]}

    def records_of(self, env):
        pages = self.pages("secrets/records", {"environment": env, "from": 1, "blobs": True}, "records",
                           lambda text: {"from": split_record(text)[0]["version"]})
        records, blobs = [], []
        for n, p in enumerate(pages):  # the last record comes again
            records += p["records"][n > 0:]
            blobs += p["secrets"][n > 0:]
        return records, blobs


def opened(t, log, env, s, blob, wraps):
    kid = s["key_id"].hex()
    if blob is None or (kid, t.admin.id) not in wraps:
        return None
    w = wraps[kid, t.admin.id]
    data = hpke_open(t.admin.box_secret, wrap_info(t.id, env, s["key_id"], t.admin.id),
                     log.psk(t.vk, w["generation"]), log.joins[w["generation"]], b"", unb64(w["wrap"]))
    need(key_id(t.id, env, data) == s["key_id"], "key_commitment")
    need(sha(unb64(blob)) == s["blob"], "blob_hash")
    return json.loads(unseal(content_key(t.id, env, data), blob_aad(t.id, env, s["version"], s["key_id"]),
                             unb64(blob), "blob_open"))["secrets"]


def judged(t, log, env):
    records, blobs = t.records_of(env)
    wraps = t.wraps_of(env)
    first = split_record(records[0])[0]["version"]
    need(first == 1 or first <= log.last_cut(env)[1], "a beginning behind the last cut")
    check_chain(log, records, env, (first, sha(split(records[0])[0])))
    checked = [check_record(log, r, env) for r in records]
    for _, version, _, _ in log.cuts.get(env, []):
        before = {s["key_id"] for s in checked if s["version"] <= version}
        need(not before & {s["key_id"] for s in checked if s["version"] > version},
             "a data key kept after a cut")
    for reader in log.readers(env):
        need((checked[-1]["key_id"].hex(), reader) in wraps, "a reader without its wrap")
    return (first - 1) * [None] + [opened(t, log, env, s, b, wraps)
                                   for s, b in zip(checked, blobs)]


asked = json.load(sys.stdin)
t = Reader(sys.argv[1], asked["key"], asked["secret"])
log = t.whole_log()
heads = t.must(t.admin, "secrets/heads", {})["records"]
print(json.dumps({env: judged(t, log, env) for env in [split_record(r)[0]["env"] for r in heads]}))
