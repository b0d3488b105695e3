#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Where the secrets come from: each cell of tests/vectors/fallback.json, which
# the tests of C and Node.js go through as well.
# protocol 1
import io
import sys

sys.dont_write_bytecode = True
from vaulttest import *  # noqa: E402

use_installed()
import vaultdotenv  # noqa: E402

with open(SRC + "/tests/vectors/fallback.json") as file:
    table = json.load(file)
me = Person()
server = TableServer()
LEFT_OUT = "[vault-env] %s\n" % table["left_out"]
HIDES = "[vault-env] %s\n" % table["hides"].replace(
    "{file}", me.dir + "/.env")
nobody = "http://127.0.0.1:%d" % free_port()
away = "Cannot reach %s: Connection refused. Check the URL (VAULT_URL)" % nobody
KINDS = {"NETWORK": "VaultNetworkError", "SERVER": "VaultNetworkError",
         "UNAUTHORIZED": "VaultAuthError", "PENDING": "VaultAuthError",
         "DEVICE": "VaultAuthError"}
os.makedirs(me.home + "/.vault", 0o700)
env_file = me.dir + "/.env"
cache_file = me.dir + "/.vault-cache"
state_file = "%s/.vault/%s.state" % (me.home, table["project_id"])


def prepare(row, url):
    write(env_file, table["env_files"][row["key"]])
    cache = table["caches"][row["cache"]]
    for name in cache_file, state_file:
        if os.path.exists(name):
            os.unlink(name)
    if cache["text"] is not None:
        write(cache_file, cache["text"], 0o600)
        then = time.time() - cache["age_s"]
        os.utime(cache_file, (then, then))
    if cache["state"]:
        write(state_file, json.dumps(cache["state"]).replace("{url}", url),
              0o600)


def load(how, **options):
    """In a child of its own: what happened, as the row has it."""
    me.enter()
    os.environ["ENVIRONMENT"] = "production"
    os.environ["VAULT_DEVICE_SECRET"] = table["device_secret"]
    os.environ["VAULT_CACHE_MAX_AGE"] = "1d"
    before = dict(os.environ)
    sys.stderr = io.StringIO()
    out = {}
    try:
        out["returned"] = how(env_file, **options)
    except vaultdotenv.VaultError as error:
        out = {"code": error.code, "text": str(error),
               "kind": type(error).__name__}
    out["version"] = vaultdotenv.version()
    out["new"] = {n: v for n, v in os.environ.items()
                  if before.get(n) != v}
    out["stderr"] = sys.stderr.getvalue()
    return out


def fill(text, url):
    return text.format(url=url, cache=cache_file, away=away)


def want_of(row, url):
    text = fill(row["text"], url)
    if row["want"] in table["variables"]:
        notice = text and "[vault-env] %s\n" % text
        if row["want"] != "file":
            notice = HIDES + notice + LEFT_OUT
        return {"returned": True, "version": table["versions"][row["want"]],
                "new": dict(table["variables"][row["want"]]),
                "stderr": notice}
    return {"code": row["want"], "text": text, "version": 0, "new": {},
            "kind": KINDS.get(row["want"], "VaultError"), "stderr": ""}


for row in table["rows"]:
    server.row = table["servers"][row["server"]] or {}
    url = server.url if table["servers"][row["server"]] else nobody
    prepare(row, url)
    server.calls.clear()
    same(in_child(lambda: load(vaultdotenv.load_vault, vault_url=url)),
         want_of(row, url),
         "key %(key)s, server %(server)s, cache %(cache)s" % row)
    if row["key"] == "none" and server.calls:
        ok(False, "no request without a key", server.calls)
    if row["want"] == "server":
        same(read(cache_file),
             server.row["secrets/pull"]["body"]["secrets"],
             "the cache is the server's blob, byte for byte")
        same(os.stat(cache_file).st_mode & 0o7777, 0o600, "and private")

# The synchronous load has no error for a cache that cannot be used: the plain
# file, and the reason on stderr.
for row in table["cached"]:
    prepare(row, "https://api.vaultdotenv.io")
    want = want_of(row, nobody)
    if "code" in want:
        want = {"returned": True, "version": 0,
                "stderr": "[vault-env] %s\n" % want["text"],
                "new": dict(p for p in table["variables"]["cache"]
                            if p[0] == "LOCAL")}
    server.calls.clear()
    same(in_child(lambda: load(vaultdotenv.load_vault_sync)), want,
         "sync: key %(key)s, cache %(cache)s" % row)

# cache=False: neither written nor read.
prepare({"key": "file", "cache": "absent"}, server.url)
server.row = table["servers"]["up"]
got = in_child(lambda: load(vaultdotenv.load_vault, vault_url=server.url,
                            cache=False))
same(got["version"], 7, "without the cache: loads")
ok(not os.path.exists(cache_file), "without the cache: writes none")
prepare({"key": "file", "cache": "fresh"}, nobody)
got = in_child(lambda: load(vaultdotenv.load_vault, vault_url=nobody,
                            cache=False))
same((got.get("code"), got.get("text")),
     ("NETWORK", "Failed to fetch secrets and no cache available: " + away),
     "without the cache: reads none")


def twice():
    first = load(vaultdotenv.load_vault, vault_url=nobody)
    text, sys.stderr = sys.stderr.getvalue(), io.StringIO()
    vaultdotenv.load_vault(env_file, vault_url=nobody)
    return [text, sys.stderr.getvalue(), first["version"]]


prepare({"key": "file", "cache": "fresh"}, nobody)
same(in_child(twice),
     [HIDES
      + "[vault-env] Remote fetch failed, using cached secrets (2 hours old): "
      + away + "\n" + LEFT_OUT,
      "", 5],
     "the warning comes once in a process")
done()
