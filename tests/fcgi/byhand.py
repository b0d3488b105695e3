# SPDX-License-Identifier: MIT
"""What an operator does by hand to a server of etc/dev-server: its command line, its
database. libpq's variables lead there as the owner.
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
