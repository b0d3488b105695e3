# SPDX-License-Identifier: MIT
"""What an operator of vault.fcgi does by hand, and what the teams of protocol v2
notice: python3 operator.py URL FOLDER prints TAP. FOLDER is the server's; libpq's
variables lead to its database as the owner.
"""
import os, subprocess, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from tap import *
from team import *

URL, FOLDER = sys.argv[1:]


def vault(*args):
    r = subprocess.run([os.environ["VAULT_FCGI"], "--config", FOLDER + "/vault.conf", *args],
                       capture_output=True, text=True)
    r.said = r.stdout + r.stderr
    return r


def done_by(*args):
    """The command's report, on success."""
    r = vault(*args)
    ok(r.returncode == 0, " ".join(args[:1]), r.said)
    return r.stdout


def restart():
    subprocess.run([os.environ["DEV_SERVER"], "restart", "--dir", FOLDER, "vault"], check=True,
                   capture_output=True)


def sql(text):
    r = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    return r.stdout.strip()


def team():
    t = Team(URL)
    t.create()
    return t


def contains(text, part, name):
    ok(part in text, name, text)


# ---- the server key is lost
t = team()
t.push(t.admin, "dev", "one")
key_file = FOLDER + "/server.key"
lost = open(key_file).read()
open(key_file, "w").write(secrets.token_hex(32) + "\n")
contains(vault("--check").stderr, "server_key_file", "a new server key: the database is not its")
said = done_by("--forget-keys")
contains(said, "1 request keys are forgotten.", "... says how many keys are gone")
contains(said, "1 projects of protocol v1 lie under the lost key", "... and what cannot be helped")
same(vault("--check").stdout, "ok\n", "... the new one is in force")
restart()
same(t.code(t.admin, "log/read", {"log_have": 0}), "401 request_key_unknown",
     "a machine is told that its key is unknown")
same(t.must(t.admin, "devices/register", t.joining(t.admin))["status"], "approved",
     "... it registers again, and nobody has to approve it")
same(t.value(t.admin, "dev"), "one", "... and reads")
open(key_file, "w").write(lost)
contains(done_by("--forget-keys"), "is in force from now on", "the lost key turns up")
same(vault("--check").stdout, "ok\n", "... and is in force again")
restart()
t.must(t.admin, "devices/register", t.joining(t.admin))
said = done_by("--forget-keys")
ok("in force" not in said, "with the key in force, keys are forgotten and nothing else", said)
t.must(t.admin, "devices/register", t.joining(t.admin))

done()
