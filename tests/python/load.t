#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Every function and option of vaultdotenv but watch, against the development
# server: what gets into os.environ, what is returned, which error comes.
# protocol 1 2
import inspect
import io
import pickle
import re
import sys

sys.dont_write_bytecode = True
from vaulttest import *  # noqa: E402

use_installed()
import vaultdotenv  # noqa: E402
from vaultdotenv import *  # noqa: E402,F401,F403

server = DevServer()
me = Person(server.url).init()
me.cli("register-device", "--name", "laptop")
write(me.dir + "/.env", "VAULT_KEY=%s\n" % me.key)
SHOP = "DB_URL=postgres://db\nGREETING='Grüße, \"you\"'\nLINES=\"a\\nb\"\n"
me.push(SHOP)
SECRETS = {"DB_URL": "postgres://db", "GREETING": 'Grüße, "you"',
           "LINES": "a\nb"}


def load(how, *args, preset={}, who=None, **named):
    """In a child: returned, what is new in os.environ, stderr."""
    def child():
        (who or me).enter()
        os.environ.update(preset)
        before = dict(os.environ)
        sys.stderr = io.StringIO()
        returned = how(*args, **named)
        new = {n: v for n, v in os.environ.items() if before.get(n) != v}
        return [returned, new, sys.stderr.getvalue(), vaultdotenv.version()]
    return in_child(child)


def fails(code, text, how, *args, kind=VaultError, name=None, **named):
    def child():
        me.enter()
        try:
            how(*args, **named)
        except VaultError as error:
            return [type(error).__name__, error.code, str(error)]
        return None
    same(in_child(child), [kind.__name__, code, text],
         name or "%s: %s" % (how.__name__, code))


# ---- load_vault

same(load(load_vault), [True, SECRETS, "", 1],
     "load_vault: secrets and the file's variables")
write(me.dir + "/.env", "VAULT_KEY=%s\nVAULT_DEVICE_SECRET=x\nVAULT_KEY_NEXT=%s\n"
      "VAULT_KEY_V1=x\n" % (me.key, me.key))
same(load(load_vault)[1], SECRETS, "but not its keys")
same(in_child(lambda: [me.enter(), dict(vault_values())][1]), SECRETS,
     "which vault_values has not either")
write(me.dir + "/.env", "VAULT_KEY=%s\n" % me.key)
same(load(load_vault, me.dir + "/.env"), [True, SECRETS, "", 1],
     "load_vault: path")
same(load(load_vault, preset={"DB_URL": "mine", "LINES": ""}),
     [True, dict(GREETING=SECRETS["GREETING"]), "", 1],
     "load_vault: existing variables win, empty ones too")
same(load(load_vault, preset={"DB_URL": "mine"}, override=True),
     [True, SECRETS, "", 1], "load_vault: override")
me.push("WHERE=production\n", "--env", "production")
production = [True, dict(WHERE="production"), "", 1]
same(load(load_vault, environment="production"), production,
     "load_vault: environment")
secret = read(glob(me.home + "/.vault/*.key")[0]).strip()
same(load(load_vault, "nowhere/.env", cache=False, preset={
    "VAULT_KEY": me.key + "\n", "VAULT_URL": server.url + " \r\n",
    "VAULT_DEVICE_SECRET": secret.upper() + "\r\n", "NODE_ENV": "production\n"}),
    [True, {"WHERE": "production"}, "", 1],
    "load_vault: variables that end in white space, a device secret in upper "
    "case")
same(load(load_vault, preset={"ENVIRONMENT": "production"}), production,
     "load_vault: $ENVIRONMENT")
same(load(load_vault, preset={"NODE_ENV": "production"}), production,
     "load_vault: $NODE_ENV")
same(load(load_vault, preset={"VAULT_URL": "http://127.0.0.1:1"},
          vault_url=server.url)[0], True, "load_vault: vault_url")
os.unlink(me.dir + CACHE)
load(load_vault, cache=False)
ok(not os.path.exists(me.dir + CACHE), "load_vault: cache=False")

write(me.dir + "/key.env", "VAULT_KEY=%s\nLOCAL=${DB_URL}/x\n"
      "BOTH=${NOWHERE:-d}$DB_URL\nGREETING=file\n" % me.key)
same(load(load_vault, "key.env")[1],
     dict(SECRETS, LOCAL="postgres://db/x", BOTH="d$DB_URL", GREETING="file"),
     "the file's variables are expanded, and win over the vault")

os.rename(me.dir + "/.env", me.dir + "/..data-env")
os.symlink("..data-env", me.dir + "/.env")
same(load(load_vault), [True, SECRETS, "", 1],
     "a .env that is a link is followed")
os.rename(me.dir + "/..data-env", me.dir + "/.env")

for how in load_vault, pull:
    fails("NO_SECRETS", "No secrets stored yet in environment test, but in "
          "development and production. To use those, name that environment "
          "(NODE_ENV, ENVIRONMENT, --env); to fill this one, run: vault-env push "
          "--env test", how, environment="test")
me.push(SHOP + "LD_PRELOAD=/tmp/evil.so\n")
got = load(load_vault)
ok("LD_PRELOAD" not in got[1], "LD_PRELOAD is left out")
same(got[2], "[vault-env] Left out, because programs run other code by them "
     "(allow each by its name to have it): LD_PRELOAD\n",
     "with one warning that names it")
got = load(load_vault, allow=["LD_PRELOAD"])
same([got[1].get("LD_PRELOAD"), got[2]], ["/tmp/evil.so", ""],
     "unless it is wanted")
me.push(SHOP)
write(me.dir + "/named.env", "GREETING=named\n")
same(load(load_vault, "named.env")[1], dict(SECRETS, GREETING="named"),
     "a file without a key is used with the key of .env")
write(me.dir + "/empty.env", "")
same(load(load_vault, "empty.env")[1], SECRETS, "so is an empty one")
same(in_child(lambda: [me.enter(), dict(vault_values(
    stream=io.StringIO("GREETING=stream\n")))][1]),
    dict(SECRETS, GREETING="stream"), "and a stream")

# C sees what Python sees.
code, out, err = me.python(
    "import os, subprocess, vaultdotenv; vaultdotenv.load_vault();"
    "print(subprocess.check_output(['printenv', 'DB_URL']).decode(), end='',"
    "flush=True);"
    "os.system('printenv GREETING')")
same([code, out, err], [0, "postgres://db\nGrüße, \"you\"\n", ""],
     "children and C code see the variables")

# ---- finding .env

os.makedirs(me.dir + "/a/b")
write(me.dir + "/a/b/app.py", "import os, vaultdotenv\n"
      "print(vaultdotenv.load_vault(), os.environ.get('DB_URL'))\n")
elsewhere = Person(server.url, me.home)
same(elsewhere.python(me.dir + "/a/b/app.py")[:2],
     (0, "True postgres://db\n"), "upwards from the caller's folder")
far = Person(server.url, me.home)
write(far.dir + "/app.py", read(me.dir + "/a/b/app.py"))
same(me.python(far.dir + "/app.py")[:2], (0, "True postgres://db\n"),
     "nothing there: the current folder's vault key")
plain = Person()
write(plain.dir + "/.env", "PYTHONPATH=/evil\nENV=mine\n")
same(load(load_vault, ".env", who=plain), [True, dict(ENV="mine"),
     "[vault-env] Left out, because programs run other code by them "
     "(allow each by its name to have it): PYTHONPATH\n", 0],
     "nor does a file without a key make an interpreter run code")
same(load(load_vault, ".env", who=plain, allow=["PYTHONPATH"])[:3],
     [True, dict(ENV="mine", PYTHONPATH="/evil"), ""], "unless it is allowed")
write(plain.dir + "/.env", "DB_URL=local\n")
same(plain.python(far.dir + "/app.py"), (0, "False None\n", ""),
     "but no plain file of the current folder, as python-dotenv has it")
same(plain.python(
    "import os, vaultdotenv; print(vaultdotenv.load_vault(),"
    "os.environ['DB_URL'])")[:2], (0, "True local\n"),
    "python -c: the current folder's")

# ---- no key: plain dotenv

write(plain.dir + "/.env", "A=1\nB=${A}2\nC='${NO:-d}'\nexport D=x # y\n"
      "VAULT_URL=http://127.0.0.1:1\n")
me, whole = plain, me
same(load(load_vault, ".env"), [True, {"A": "1", "B": "12", "C": "d", "D": "x",
                               "VAULT_URL": "http://127.0.0.1:1"}, "", 0],
     "no key: the file, expanded, silently")
same(load(load_vault_sync, ".env")[1]["B"], "12", "no key: sync likewise")
same(load(load_vault, ".env", preset={"A": "9"})[1]["B"], "92",
     "expansion: the environment first")
same(load(load_vault, ".env", preset={"A": "9"}, override=True)[1]["B"], "12",
     "expansion: the file first with override")
same(load(load_vault, "nowhere.env"), [False, {}, "", 0],
     "no key and no file: False, silently")
os.symlink(plain.dir + "/.env", plain.dir + "/link.env")
same(load(load_vault, "link.env")[1]["B"], "12", "no key: a link is a file")
write(plain.dir + "/note.env", "# no VAULT_KEY\nA=1\n")
same(load(load_vault, "note.env"), [True, {"A": "1"}, "", 0],
     "no key: but the word")
fails("NO_KEY", me.cli("pull", status=1).strip()[len("vault-env: "):], pull,
      path=".env", name="no key: pull says what vault-env says")
me = whole

# What python-dotenv 0.21 makes of these; 20,000 random files were compared.
DOTENV = [
    ("A=b#c\nB=b #c\nC = d e  \nD\nexport E='x' # y\n",
     {"A": "b#c", "B": "b", "C": "d e", "E": "x"}),
    ('A="a\\"b\\tc\\d"\nB=\'a\\\'b\\n\'\n',
     {"A": 'a"b\tc\\d', "B": "a'b\\n"}),
    ("A=1\r\nB='x\r\ny'\rC=3", {"A": "1", "B": "x\ny", "C": "3"}),
    ("'A B'=1\nB: 2\nC='x' y\nD=4", {"A B": "1", "D": "4"}),
    ("N\nA=${N:-d}${X:-e}${X}${X:f}${A}${}$X\nA=${A}2\nB=${X",
     {"A": "e${X:f}$X2", "B": "${X"}),
    ("", {}),
]
for text, wanted in DOTENV:
    write(plain.dir + "/case.env", text)
    same(in_child(lambda: vault_values(plain.dir + "/case.env")), wanted,
         "as python-dotenv: %r" % text)

# ---- vault_values, version, check_version

same(load(lambda: [dict(v := vault_values()), v.version, v.source, repr(v)]),
     [[SECRETS, 3, "server", "<Secrets, version 3, from server: "
       "DB_URL, GREETING, LINES>"], {}, "", 0],
     "vault_values: os.environ stays, repr shows no value")
same(load(vault_values, environment="production")[0]["WHERE"], "production",
     "vault_values: environment")
same(load(lambda: [check_version(), check_version("staging"),
                   check_version("production", vault_url=server.url)])[0],
     [3, 0, 1], "check_version")

# ---- pull and push

same(load(lambda: [dict(p := pull()), p.version])[0], [SECRETS, 3],
     "pull: the secrets alone")
same(load(lambda: pull("production"))[0], {"WHERE": "production"},
     "pull: environment")
same(load(lambda: pull(version=2))[0]["LD_PRELOAD"], "/tmp/evil.so",
     "pull: version")
ok("VAULT_KEY" not in load(pull)[1], "pull: os.environ stays")
same(load(push, {"A": "1", "VAULT_KEY": "never", "É": "ü"},
          "staging")[0], 1, "push: a first version")
same(load(pull, "staging")[0], {"A": "1", "É": "ü"},
     "push: reserved names stay here")
same(load(push, {"A": "1", "É": "ü"}, "staging")[0], 1,
     "push: nothing changed, no new version")
same(load(push, {"A": "2", "B": "3"}, "staging", base_version=1)[0], 2,
     "push: base_version")
ok("+B" in me.cli("versions", "--env", "staging", "--json") and
   "~A" in me.cli("versions", "--env", "staging", "--json"),
   "push: the history has the names")


def conflict(*args, **how):
    me.enter()
    try:
        push(*args, **how)
    except VaultConflictError as error:
        return [error.code, str(error).split(" in ")[0]]
    return None


same(in_child(lambda: conflict({"A": "9"}, "staging", base_version=1)),
     ["CONFLICT", "Others have changed A"], "push: both have changed a name")
same(load(push, {"A": "1", "É": "ü", "C": "1"}, "staging",
          base_version=1)[0], 3, "push: what others have changed stays")
same(load(pull, "staging")[0], {"A": "2", "B": "3", "C": "1"},
     "push: and what is new is there")
same(load(push, {"A": "9"}, "staging", base_version=1, ours=True)[0], 4,
     "push: ours")
same(in_child(lambda: conflict({"A": "1"}, "staging"))[0], "CONFLICT",
     "push: without base_version nothing is taken away")
same(load(push, {"D": "1"}, "staging", merge=True)[0], 5, "push: merge")
same(load(pull, "staging")[0], {"A": "9", "B": "3", "C": "1", "D": "1"},
     "push: and the others stay")
write(me.dir + "/more.env", "VAULT_KEY=%s\nX='${A}'\n" % me.key)
same(load(push, environment="staging", path="more.env", replace=True)[0], 6,
     "push: a file, as vault-env push")
same(load(pull, "staging")[0], {"X": "${A}"}, "push: nothing is expanded")
made_from = "# vault-env: made from staging %s of project %s\n" % (
    "%d", me.key.split("_")[1])
ok(read(me.dir + "/more.env").startswith(made_from % 6),
   "push: the file knows what it was made from")
me.cli("set", "THEIRS=1", "--env", "staging")
write(me.dir + "/more.env", read(me.dir + "/more.env") + "MINE=1\n")
same(load(push, environment="staging", path="more.env")[0], 8,
     "push: a file of an older version")
same(load(pull, "staging")[0], {"X": "${A}", "THEIRS": "1", "MINE": "1"},
     "push: undoes nothing")
same(read(me.dir + "/more.env"), made_from % 8 + "VAULT_KEY=%s\nX='${A}'\n"
     "MINE=1\nTHEIRS=1\n" % me.key, "push: the file has it, too")
fails("NOT_FOUND", "Nothing to push: there is no nowhere.env", push,
      path="nowhere.env")
fails("INVALID", "Nothing to push: there is no variable to share", push,
      {"VAULT_KEY": "x"})
ok(raises(TypeError, push, {"A": 1}), "push: values are str")
ok(raises(ValueError, push, {"A=B": "1"}), "push: a name that cannot be")
ok(raises(ValueError, push, {"A": "1"}, base_version=-2),
   "push: no negative base_version")

# ---- errors: the sentences of vault-env


def like_cli(kind, code, status, *args):
    sentence = me.cli(*args, status=status).splitlines()[0]
    fails(code, sentence[len("vault-env: "):], pull, kind=kind,
          name="%s: vault-env's sentence" % code)


good, wrong = me.key, me.key[:100] + "0000" + me.key[104:]
write(me.dir + "/.env", "VAULT_KEY=%s\n" % wrong)
like_cli(VaultAuthError, "UNAUTHORIZED", 3, "pull")
fails("UNAUTHORIZED", (
    "The server does not accept this VAULT_KEY for project %s. Check that key "
    "and server belong together" if PROTOCOL == 1 else
    "VAULT_KEY is not one of project %s. Copy it again") % good[3:39],
      load_vault, kind=VaultAuthError, name="401: no cache is used")
if PROTOCOL == 2:
    write(me.dir + "/.env", "VAULT_KEY=%s\n" % (good[:-4] + "0000"))
    like_cli(VaultVerifyError, "VERIFY", 5, "pull")
    same(in_child(lambda: [me.enter(), raises(
        VaultVerifyError, load_vault).reason][1]), "log_anchor",
        "VERIFY: with a reason, and no cache is used")
write(me.dir + "/.env", "VAULT_KEY=vk_nonsense\n")
like_cli(VaultError, "INVALID", 1, "pull")
write(me.dir + "/.env", "VAULT_KEY=%s\n" % good)
second = Person(server.url)
write(second.dir + "/.env", "VAULT_KEY=%s\n" % good)
me = second
like_cli(VaultAuthError, "DEVICE", 3, "pull")
me.cli("register-device", "--name", "second")
like_cli(VaultAuthError, "PENDING", 3, "pull")
me = whole
ok(raises(TypeError, load_vault, 3), "a path that is none")
ok(raises(ValueError, check_version, "a\0b"), "a NUL in an argument")
error = VaultNetworkError("Cannot", "NETWORK", "Wait", "reply_mac")
copy = pickle.loads(pickle.dumps(error))
same([type(copy), str(copy), copy.code, copy.hint, copy.reason],
     [VaultNetworkError, "Cannot", "NETWORK", "Wait", "reply_mac"],
     "errors can be pickled")

# ---- a file that can be read only once, and one that is not UTF-8


def with_fifo(name, text, do):
    """do() while somebody gives text to whoever opens the FIFO, once."""
    path = me.dir + "/" + name
    if not os.path.exists(path):
        os.mkfifo(path)
    writer = subprocess.Popen(["sh", "-c", 'printf %s "$1" >"$2"', "sh", text,
                               path])
    try:
        return do(path)
    finally:
        writer.wait(60)


same(with_fifo("fifo", "A=1\nB=${A}2\n", lambda path: load(load_vault, path,
                                                             who=plain)),
     [True, {"A": "1", "B": "12"}, "", 0], "load_vault: a FIFO without a key")
same(with_fifo("fifo", "VAULT_KEY=%s\nA=1\n" % me.key,
               lambda path: load(load_vault, path, cache=False)),
     [True, dict(SECRETS, A="1"), "", 3], "load_vault: and with one")
same(with_fifo("fifo", "VAULT_KEY=%s\nA=1\n" % me.key,
               lambda path: load(load_vault_sync, path))[0],
     True, "load_vault_sync: read once for cache and file")
os.symlink("/dev/null", me.dir + "/null")
same(load(load_vault, me.dir + "/null", who=plain), [False, {}, "", 0],
     "load_vault: a link to /dev/null is an empty file")
with open(me.dir + "/wide", "wb") as file:
    file.write("\ufeffVAULT_KEY=x\r\n".encode("utf-16-le"))
for how in load_vault, load_vault_sync:
    fails("INVALID", "Cannot use wide: it is in UTF-16LE, not in UTF-8. Run: "
          "(umask 077; iconv -f UTF-16 -t UTF-8 wide >wide.utf8) && mv "
          "wide.utf8 wide", how, "wide", name=how.__name__ + ": UTF-16")

# ---- the cache, and its other readers and writers

load(load_vault)
server("stop", "vault")
got = load(load_vault)
same([got[1], got[3]], [SECRETS, 3], "server away (502): the cache")
ok(re.fullmatch(r"\[vault-env\] Remote fetch failed, using cached secrets "
                r"\(\d+ seconds? old\): \S+ cannot answer now: .*\n", got[2]),
   "and a line that says why, and how old that is", got[2])
same(load(load_vault_sync)[:2], [True, SECRETS],
     "sync: the cache")
same(load(load_vault_sync, preset={"DB_URL": "x"}, override=True)[1]["DB_URL"],
     "postgres://db", "sync: override")
same(load(load_vault_sync, me.dir + "/key.env")[1]["LOCAL"], "postgres://db/x",
     "sync: path")
if "run" in me.cli("help"):
    same(me.cli("run", "--offline", "--", "printenv", "DB_URL"),
         "postgres://db\n", "vault-env run reads the cache that Python wrote")
    server("start", "vault")
    os.unlink(me.dir + CACHE)
    me.cli("run", "--", "true")
    server("stop", "vault")
    same(load(load_vault)[1], SECRETS,
         "Python reads the cache that vault-env run wrote")
else:
    skip("the cache between Python and vault-env run", "there is no run")
if PROTOCOL == 1:
    then = time.time() - 3 * 86400 - 60
    os.utime(me.dir + CACHE, (then, then))
    got = load(load_vault_sync, preset={"VAULT_CACHE_MAX_AGE": "1d"})
    why = ("No cache available \\(it is 3 days old, older than "
           "VAULT_CACHE_MAX_AGE \\(1 day\\)\\). Load once with the server in "
           "reach")
else:
    time.sleep(2)  # its age is in it, and signed
    got = load(load_vault_sync, preset={"VAULT_CACHE_MAX_AGE": "1"})
    why = ("The cache is \\d+ seconds old, VAULT_CACHE_MAX_AGE is 1 second. Pull again")
same(got[1], {}, "sync: too old a cache: the file")
ok(re.fullmatch("\\[vault-env\\] " + why + "\n", got[2]), "and why", got[2])
if PROTOCOL == 2:
    key_file = "%s/.vault/%s.key" % (me.home, me.key[3:39])
    os.rename(key_file, me.dir + "/away")
    same(load(load_vault_sync)[1:3], [{}, "[vault-env] Device not registered. "
         "Run: vault-env register-device\n"], "sync: no device, the file")
    os.rename(me.dir + "/away", key_file)
    # a mirror is read only by a device that accepts no old version
    server("start", "vault")
    device, = [d["id"] for d in json.loads(me.cli("list-devices", "--json"))["devices"]
               if d["status"] == "approved"]
    me.cli("scope-device", "--id", device, "--fresh", "1d", "--yes")
    me.cli("pull", "--quiet")
    os.mkdir(me.dir + "/" + me.key[3:39])
    me.cli("bundle", "--output", me.key[3:39] + "/development.json")
    server("stop", "vault")
    mirror = serve_folder(me.dir)
    got = load(load_vault, mirror=mirror)
    same([got[1], got[3]], [SECRETS, 3], "server away: the mirror")
    ok(re.fullmatch(r"\[vault-env\] Remote fetch failed, using the mirror: .*\n",
                    got[2]), "and a line that says so", got[2])
    same(in_child(lambda: [me.enter(), vault_values(
        cache=False, mirror=mirror).source])[1], "mirror", "vault_values, too")
got = in_child(lambda: [me.enter(), os.environ.update(
    VAULT_CACHE_MAX_AGE="soon"), raises(VaultError, load_vault_sync).code])
same(got[2], "INVALID", "sync: a wrong setting is an error")

# ---- others run on while a call waits for the server

me.enter()
slow = TableServer()
slow.row = {path: {"status": 503, "body": {"error": "Database unavailable"}}
            for path in ("secrets/pull", "secrets/push",
                         "secrets/current-version")}
for path, answer in list(slow.row.items()):
    slow.row[path] = lambda answer=answer: (time.sleep(0.5), answer)[1]
for name, function in (
        ("load_vault", lambda: load_vault(vault_url=slow.url, cache=False)),
        ("pull", lambda: vaultdotenv.pull(vault_url=slow.url)),
        ("push", lambda: vaultdotenv.push({"A": "1"}, vault_url=slow.url)),
        ("check_version", lambda: vaultdotenv.check_version(
            vault_url=slow.url))):
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.01):
            ticks.append(1)

    other = threading.Thread(target=tick)
    other.start()
    raises(VaultError, function)
    stop.set()
    other.join()
    ok(len(ticks) >= 10, name + ": another thread runs meanwhile", len(ticks))

# ---- the package

folder = os.path.dirname(vaultdotenv.__file__)
ok(os.path.exists(folder + "/py.typed"), "py.typed is installed")
for name in __import__("vaultdotenv").__all__:
    thing = getattr(vaultdotenv, name)
    if not inspect.isfunction(thing):
        continue
    missing = [p for p in inspect.signature(thing).parameters.values()
               if p.annotation is p.empty]
    ok(not missing and "return" in thing.__annotations__ and thing.__doc__,
       name + " is annotated and documented", missing)
same(vaultdotenv.__version__,
     me.cli("--version").split()[-1], "its version is vault-env's")
imported = me.python("import sys; before = set(sys.modules); "
                     "import vaultdotenv; vaultdotenv.load_vault();"
                     "print(sorted(m for m in set(sys.modules) - before "
                     "if m not in ('vaultdotenv', 'vaultdotenv._errors',"
                     "'vaultdotenv._dotenv', 'vaultdotenv._file',"
                     "'vaultdotenv._names')))")[1]
same(imported, "['__future__', 'vaultdotenv._native']\n",
     "a load imports nothing but the extension")
os.unlink(plain.dir + "/.env")
imported = plain.python("import sys, vaultdotenv as v; v.load_vault('none');"
                        "print('vaultdotenv._native' in sys.modules)",
                        VAULT_KEY="")[1]
same(imported, "False\n", "and without a key not even that")
done()
