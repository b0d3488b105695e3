#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tests/python/sample: an application of python-dotenv's, and the same after the
# one-line change that the README shows, must see the same environment: without
# a key, and with its variables in the vault.
# protocol 1 2
import difflib
import importlib.util
import sys

sys.dont_write_bytecode = True
from vaulttest import *  # noqa: E402

use_installed()
SAMPLE = SRC + "/tests/python/sample/"
VARIABLE = {"LC_CTYPE", "_", "PWD", "OLDPWD", "SHLVL"}


def app(person, name, **more):
    shutil.copy(SAMPLE + name, person.dir)
    code, out, err = person.python(person.dir + "/" + name, **more)
    if code != 0 or err:
        ok(False, name + " runs", code, err)
        return None
    return {n: v for n, v in json.loads(out).items() if n not in VARIABLE}


lines = [list(map(str.rstrip, read(SAMPLE + name).splitlines()))
         for name in ("app_dotenv.py", "app_vault.py")]
changed = [line for line in difflib.ndiff(*lines) if line[0] in "+-"]
same([line[0] for line in changed], ["-", "+"], "one line is another")
diff = [line[0] + line[2:] for line in changed]
ok("\n  " + "\n  ".join(diff) + "\n" in read(SRC + "/README"),
   "it is README's", *changed)
ok("\n" + "\n".join(diff) + "\n" in read(SRC + "/lib/python/README.md"),
   "and lib/python/README.md's", *changed)

me = Person()
write(me.dir + "/.env", read(SAMPLE + "dotenv"))
before = {n: v for n, v in me.env().items() if n not in VARIABLE}
recorded = json.loads(read(SAMPLE + "expected.json"))
has_dotenv = importlib.util.find_spec("dotenv") is not None
if has_dotenv:
    wanted = app(me, "app_dotenv.py")
    same({n: v for n, v in wanted.items() if before.get(n) != v}, recorded,
         "sample/expected.json is what python-dotenv gives")
    wanted_set = app(me, "app_dotenv.py", DATABASE_HOST="other", EMPTY="no")
else:
    skip("python-dotenv itself", "python3-dotenv is not installed: compared "
         "with what it gave, sample/expected.json")
    wanted = dict(before, **recorded)
    wanted_set = dict(wanted, DATABASE_HOST="other", EMPTY="no", DATABASE_URL=
                      recorded["DATABASE_URL"].replace("db.example.org",
                                                       "other"))
same(app(me, "app_vault.py"), wanted, "no key: the same environment")
same(app(me, "app_vault.py", DATABASE_HOST="other", EMPTY="no"), wanted_set,
     "no key: the same where variables exist before")

# The values as the application has had them go to the vault; the file keeps
# the key alone.
server = DevServer()
us = Person(server.url).init()
us.enter()
import vaultdotenv  # noqa: E402

same(vaultdotenv.push(recorded), 1, "the variables move into the vault")
got = app(us, "app_vault.py")
same({n: v for n, v in got.items() if us.env().get(n) != v},
     recorded,
     "from the vault: the same")
server.down()
got = vaultdotenv.load_vault_sync() and dict(os.environ)
same({n: got.get(n) for n in recorded}, recorded, "from the cache: the same")
done()
