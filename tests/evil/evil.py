# SPDX-License-Identifier: MIT
"""What the attacks share: a team on the real server, the lying server before it, and
victims: machines with the real vault-env, of which nothing may be told, kept or
given to a child that is not true.

    team = EvilTeam()                       an admin, a writer, a reader
    team.push(team.writer, "production", "right")
    victim = Victim(team.reader, team)
    victim.reads("right")
    hostile.lie("secrets/pull", lambda call: call.reply["records"].clear())
    victim.refuses("record_missing", 5)
    done()

By agreement a value that nobody may ever see begins with WRONG.

To add an attack (in brackets, what complains if a step was forgotten):
 1. its paragraph in lib/PROTOCOL-v2, "Attacks", with the next number and, after
    the arrow, each code that may be told [tests/style/protocol.t];
 2. NN-what-is-tried.t in this folder, which names each of those codes [the same];
 3. its number in a .Bq of vault-env-security(7), at the promise that it tries
    [tests/style/security.t].
Then break the check that catches it, once, and see the file go red.
"""
import os, re, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("TOP_SRCDIR") or os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [SRC + "/tests/python", SRC + "/tests/interop"]
import vaulttest
from vaulttest import BUILD, ok, read, same, skip_all, tmpdir, write
try:
    import cryptography  # noqa: F401
except ImportError:
    skip_all("python3-cryptography is not installed")
import shared
from proxy import NOTHING, Hangup, Proxy, shown
from team import *

if not os.path.exists(BUILD + "/cli/vault-env"):
    skip_all("cli/vault-env is missing")
URL, PLACE, FOLDER, SOCKET = shared.use()
hostile = Proxy(SOCKET, PLACE)


class EvilTeam(Team):
    """An admin, and unless said otherwise a writer and a reader of all."""

    def __init__(self, small=False):
        super().__init__(URL, PLACE)
        self.create()
        self.writer = self.reader = self.admin
        if not small:
            self.writer = self.admit("writer", WRITER, ["*"])
            self.reader = self.admit("reader", READER, ["*"])

    def joining(self, d, **more):
        body = super().joining(d, **more)
        hostile.learn(bytes.fromhex(body["request_key"]), d.id)
        return body

    def rotate(self, by=None, **more):
        """Whoever belongs to the team has the new key at once."""
        vk = super().rotate(by, **more)
        for d in [] if self.alone else (self.admin, self.writer, self.reader):
            if not self.log.devices[d.id]["revoked"]:
                self.must(d, "devices/register", self.joining(d))
        return vk

    def catch_up(self):
        """With what the victims did at the true server."""
        for text in self.must(self.admin, "log/read", {"log_have": len(self.texts)})["log"]:
            self.took(text)
        for head in self.must(self.admin, "secrets/heads", {})["records"]:
            env = decode(RECORD, split(head)[0], "vault-record-v2")["env"]
            first = len(self.records.setdefault(env, [])) + 1
            r = self.must(self.admin, "secrets/records", {"environment": env, "from": first,
                                                          "blobs": True})
            for i, (record, blob) in enumerate(zip(r["records"], r["secrets"])):
                self.records[env].append(record)
                if blob:
                    self.blobs[env, first + i] = unb64(blob)
            self.heads[env] = len(self.records[env]), sha(split(head)[0])
            self.data[env] = self.opened(self.admin, env)[1]

    def with_log_of(self, other):
        """A fork: these versions, and the list of devices of that one."""
        x = self.fork()
        x.log, x.texts = copy.deepcopy(other.log), list(other.texts)
        return x

    def force(self, by, kind, **more):
        """An entry that no honest server would take, at the end of this fork."""
        self.texts.append(self.entry(by, kind, **more))


# ---- sentences

def table():
    """lib/wire/code.c: text and hint of each code that has them."""
    code = re.sub(r"/\*.*?\*/", "", read(SRC + "/lib/wire/code.c"), flags=re.S)
    code = re.sub(r"\\\n", " ", code)
    macros = {}

    def text(expression):
        return "".join(s if s[:1] != "@" else macros[s[1:]] for s in (
            a if not b else "@" + b for a, b in re.findall(r'"([^"]*)"|(\w+)', expression)))

    for name, value in re.findall(r"^#define\s+(\w+)\s+(.*\".*)$", code, re.M):
        macros[name] = text(value)
    rows = re.findall(r'\[CODE_\w+\] = \{ "(\w+)",\s*CODE_\w+,\s*((?:"[^"]*"|\w+|\s)+),'
                      r'\s*((?:"[^"]*"|\w+|\s)+)\}', code)
    return {name: (text(a), text(b)) for name, a, b in rows}


SENTENCES = table()


def sentence(code, where=None, pins=None, hint=None, **fills):
    """A pattern: what a user reads of a code, {..} filled in where it is given.
    where: the file that is named, if it was not the server's answer; pins: the file
    that the pins are from, if they are not the machine's own; hint: what it says to do,
    if that is not the table's."""
    text, usual = SENTENCES[code]
    hint = hint or usual
    if pins:
        text += ", says " + pins
    if where and text.startswith("The server"):
        text = text.replace("The server", where, 1)
    elif where:
        text += " (%s)" % where
    whole = text + ". " + hint if hint else text
    return "(?i)" + "".join(re.escape(part) if part[:1] != "{" else
                   re.escape(str(fills[part[1:-1]])) if part[1:-1] in fills else ".+?"
                   for part in re.split(r"(\{\w+\})", whole))


def error_of(r):
    """What --json gives: the line that a person reads, and the code; None where the server
    is away and something else is told beside."""
    if r.stderr:
        said = json.loads(r.stderr.splitlines()[-1])
    else:
        said = json.loads(r.stdout or "{}").get("problems", [{}])[0]  # of verify
    return dict(line=". ".join(said[k] for k in ("error", "hint") if said.get(k)),
                code=said.get("code"))


# ---- the machine that is lied to

class Victim:
    """vault-env on a machine of its own, in a project folder with a .env."""

    def __init__(self, machine, team, env="production", key=None, url=None, secret=True):
        self.machine, self.team, self.env = machine, team, env
        self.home, self.dir = tmpdir(), tmpdir()
        self.key, self.planted = key or team.key_text(), set()
        write(self.dir + "/.env", "VAULT_KEY=%s\nVAULT_URL=%s\n" % (self.key, url or hostile.url))
        os.mkdir(self.home + "/.vault", 0o700)
        if secret:
            write("%s/.vault/%s.key" % (self.home, team.id), machine.secret.hex() + "\n", 0o600)

    def run(self, *args, stdin="", **env):
        base = {n: v for n, v in os.environ.items() if n not in vaulttest.OURS}
        for name in "http_proxy", "NO_COLOR":
            base.pop(name, None)
        r = subprocess.run([PROGRAM, *args], cwd=self.dir, input=stdin, timeout=100,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                           env=dict(base, HOME=self.home, NODE_ENV=self.env, TZ="UTC",
                                    LC_ALL="C.UTF-8", LD_LIBRARY_PATH=LIBRARY, **env))
        for text, what in (r.stdout, "output"), (r.stderr, "errors"), (self.child(), "a child"):
            if "WRONG" in text:
                ok(False, "a wrong value is in what vault-env %s gives: %s" % (args[0], what), text)
        return r

    def child(self):
        """The environment of the program that was run; empty: none was."""
        return read(self.dir + "/child") if os.path.exists(self.dir + "/child") else ""

    def load(self, *options, **env):
        if os.path.exists(self.dir + "/child"):
            os.unlink(self.dir + "/child")
        return self.run("run", *options, "--", "sh", "-c", "env >child", **env)

    def must(self, *args, **env):
        r = self.run(*args, **env)
        ok(r.returncode == 0, "vault-env " + " ".join(args), r.stdout, r.stderr)
        return r.stdout

    def reads(self, value, name="A", said="", **env):
        """A program that it starts sees the value."""
        r = self.load(**env)
        seen = re.findall("^%s=(.*)$" % name, self.child(), re.M)
        ok(r.returncode == 0 and seen == [value], "it reads %s%s" % (value, said), r.returncode,
           r.stderr, seen)
        self.knows_only_the_truth()
        return r

    def refuses(self, code, status, *args, truth=None, stdin="", env_vars=None, **fills):
        """args (none: a load) fail with this code, its sentence and this exit code, and
        nothing wrong is kept."""
        command, *more = args or ("run", "--", "sh", "-c", "env >child")
        if os.path.exists(self.dir + "/child"):
            os.unlink(self.dir + "/child")
        r = self.run(command, "--json", *more, stdin=stdin, **(env_vars or {}))
        said = error_of(r)
        fills.setdefault("env", self.env)
        ok(r.returncode == status and re.search(sentence(code, **fills), said["line"]) and
           said["code"] in (code, None if status == 4 else code),
           "%s: exit code %d and its sentence" % (code, status), "exit code %d" % r.returncode,
           r.stdout, r.stderr, "wanted: " + sentence(code, **fills))
        ok(self.child() == "", "... no program is started", self.child())
        self.knows_only_the_truth(truth)
        return r

    def forgets_its_cache(self):
        shutil.rmtree(self.dir + "/.vault-cache.d", ignore_errors=True)

    def says(self, status, text, *args, stdin="", env_vars=None):
        """The exit code, and what is printed as an error (a pattern)."""
        r = self.run(*args, stdin=stdin, **(env_vars or {})) if args else self.load(
            **(env_vars or {}))
        ok(r.returncode == status and re.search(text, r.stderr), "exit code %d: %s" % (status, text),
           "exit code %d" % r.returncode, r.stdout, r.stderr)
        if not args and status:
            ok(self.child() == "", "... no program is started", self.child())
        self.knows_only_the_truth()
        return r

    def env_file(self, text):
        """What stands in .env beside the key and the URL."""
        keys = [line for line in read(self.dir + "/.env").splitlines() if line[:6] == "VAULT_"]
        write(self.dir + "/.env", "\n".join(keys + [text]) + "\n")

    def cache(self, env=None):
        return "%s/.vault-cache.d/%s" % (self.dir, env or self.env)

    def files(self):
        """What is kept, by path; of a cache's time nothing."""
        found = {}
        for top in self.home, self.dir:
            for folder, _, names in os.walk(top):
                for name in names:
                    path = os.path.join(folder, name)
                    if not name.endswith(".lock") and name not in ("child", ".env"):
                        with open(path, "rb") as f:
                            found[path] = f.read().decode("latin-1")
        return found

    def path(self, ending):
        return "%s/.vault/%s.%s" % (self.home, self.team.id, ending)

    def knows_only_the_truth(self, truth=None):
        """Log, pins and caches hold nothing that the team did not do."""
        truth = truth or self.team
        bad = []
        for path, text in self.files().items():
            name = os.path.basename(path)
            if path in self.planted:
                continue
            if "WRONG" in text:
                bad.append("%s holds a wrong value" % path)
            elif path == self.path("log"):
                bad += wrong_log(truth, text.splitlines(), path)
            elif path == self.path("heads"):
                bad += wrong_pins(truth, text, path)
            elif "/.vault-cache.d/" in path and name != ".gitignore":
                bad += wrong_cache(truth, text, path)
        ok(not bad, "... no file holds anything wrong", *bad)


def wrong_log(truth, lines, path):
    return [] if lines == truth.texts[:len(lines)] else ["%s: not the log" % path]


def wrong_pins(truth, text, path):
    log, envs = parse_heads(text, truth.id)
    bad = [] if truth.log.hashes[log[0]:log[0] + 1] == [log[1]] else ["%s: log %d" % (path, log[0])]
    for env, (version, digest) in envs.items():
        kept = truth.records.get(env, [])[version - 1:version]
        if [sha(split(r)[0]) for r in kept] != [digest]:
            bad.append("%s: version %d of %s" % (path, version, env))
    return bad


def said_by(records):
    """What the records say: of those before the newest no signature is looked at, the
    next one names their hash."""
    return [split(r)[0] for r in records[:-1]] + [split(r) for r in records[-1:]]


def wrong_cache(truth, text, path):
    b = json.loads(text.splitlines()[1])
    env, n = b["environment"], len(b["records"])
    bad = wrong_log(truth, b["log"], path)
    true = truth.records.get(env, [])
    if not any(said_by(true[i:i + n]) == said_by(b["records"]) for i in range(len(true))):
        bad.append("%s: records" % path)
    if unb64(b["secrets"]) not in [v for k, v in truth.blobs.items() if k[0] == env]:
        bad.append("%s: secrets" % path)
    return bad


def program():
    """vault-env itself and its library: libtool's wrapper is a slow script."""
    real = BUILD + "/cli/.libs/vault-env"
    if not os.path.exists(real):
        return BUILD + "/cli/vault-env", os.environ.get("LD_LIBRARY_PATH", "")
    return real, ":".join(p for p in (BUILD + "/lib/.libs", os.environ.get(
        "LD_LIBRARY_PATH")) if p)


PROGRAM, LIBRARY = program()


def sql(text):
    """What the operator's hands do; the rows as psql -At prints them."""
    r = subprocess.run([SRC + "/etc/dev-server", "psql", "--dir", FOLDER, "-XqAt", "-v",
                        "ON_ERROR_STOP=1", "-c", text], stdout=subprocess.PIPE, check=True,
                       universal_newlines=True)
    return r.stdout.strip()


def flip(text, at, bit=1):
    """Base64 with one bit of what it stands for flipped."""
    raw = bytearray(unb64(text))
    raw[at] ^= bit
    return b64(bytes(raw))


def edit(name, function):
    """A rule: function(member) in place of a member of the reply."""
    def rule(call):
        if name in call.reply:
            call.reply[name] = function(call.reply[name])
    return rule


def hang_up(call):
    """The server is away."""
    raise Hangup


def done():
    ok(not hostile.problems, "the lying server had no problem of its own", *hostile.problems)
    vaulttest.done()
