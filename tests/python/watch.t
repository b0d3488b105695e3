#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# watch(): what a running program sees of a push, of a removal and of a server
# that goes away; its callbacks; fork; the end of the process; that it does not
# grow over 600 polls, or VAULT_POLLS=10000.
# protocol 1 2
import signal
import sys

sys.dont_write_bytecode = True
from vaulttest import *  # noqa: E402

use_installed()
import vaultdotenv  # noqa: E402
from vaultdotenv import (VaultError, VaultNetworkError, load_vault, push,
                         unwatch, version, watch)  # noqa: E402

INTERVAL = 0.5
# Two intervals, and what a busy machine adds.
SOON = 2 * INTERVAL + 10
server = DevServer()
me = Person(server.url).init()
me.enter()
me.push("A=1\nB=2\nKEEP=vault\n")
os.environ["KEEP"] = "program"
updates, errors = [], []


def hear(changed, all_secrets):
    updates.append(changed)


def env(*names):
    return [os.environ.get(name) for name in names]


def quiet(seconds=3 * INTERVAL):
    time.sleep(seconds)


# ---- changes

load_vault()
ok(watch(INTERVAL, on_change=hear, on_error=errors.append),
   "watch() is True")
start = time.monotonic()
me.push("A=one\nB=2\nKEEP=vault2\nC=3\n")
pushed = time.monotonic()
ok(within(SOON, lambda: updates), "a push is seen")
took = time.monotonic() - pushed
print("# after %.2f s at an interval of %.1f s" % (took, INTERVAL))
ok(took <= 2 * INTERVAL + 1.5, "within two intervals")
changed = updates[0]
same(changed, {"A": "one", "KEEP": "vault2", "C": "3"}, "what has changed")
same([changed.version, changed.added, changed.removed], [2, ["C"], []],
     "and what more is known")
same(repr(changed), "<Changes, version 2: C, A, KEEP; added ['C'], removed []>",
     "repr shows no value")
same(env("A", "B", "C", "KEEP"), ["one", "2", "3", "program"],
     "os.environ follows, except what was there before")
same(subprocess.check_output(["printenv", "A"]), b"one\n", "C sees it, too")
same(version(), 2, "version()")

updates.clear()
os.environ["C"] = "mine"
me.push("A=one\n")
ok(within(SOON, lambda: updates), "a removal is seen")
same([updates[0], sorted(updates[0].removed)],
     [{"B": None, "C": None, "KEEP": None}, ["B", "C", "KEEP"]],
     "as a name without a value")
same(env("A", "B", "C", "KEEP"), ["one", None, "mine", "program"],
     "what we had set is gone, what the program has set is not")
updates.clear()
push({"A": "one"}, replace=True)
quiet()
same(updates, [], "nothing has changed: no call")

# ---- the published description

unwatch()
text = read(HERE + "/sample/watch.py").replace("30.0", str(INTERVAL))
watches, stops = text.split("# Stop watching\n")
lines = []
names = {"print": lambda *args: lines.append(args)}
exec(watches, names)
me.push("A=published\nNEW=1\n")
within(SOON, lambda: lines)
exec(stops, names)
same(lines, [("Updated:", ["NEW", "A"])],
     "the lines of the published description, as they stand")
watch(INTERVAL, on_change=lambda *both: updates.append(both),
      on_error=errors.append)
updates.clear()
me.push("A=one\n")
within(SOON, lambda: updates)
same([updates[0][0], updates[0][1]["A"], updates[0][1].version],
     [{"A": "one", "NEW": None}, "one", 5],
     "the second argument is all there is, with its version")
watch(INTERVAL, on_change=hear, on_error=errors.append)

# ---- a server that goes away

server("stop", "vault")
ok(within(SOON, lambda: errors), "on_error hears of a server that is away")
ok(isinstance(errors[0], VaultNetworkError) and
   errors[0].code in ("SERVER", "NETWORK"), "as a VaultNetworkError", errors)
same(env("A"), ["one"], "os.environ stays")
server("start", "vault")
updates.clear()
me.push("A=again\n")
ok(within(10 * INTERVAL + SOON, lambda: updates),
   "and the watch survives its restart")
same(env("A"), ["again"], "os.environ follows again")


# ---- callbacks

def fail(changed, all_secrets):
    updates.append(changed)
    raise RuntimeError("in on_change")


errors.clear()
updates.clear()
watch(INTERVAL, on_change=fail, on_error=errors.append)
me.push("A=3\n")
ok(within(SOON, lambda: errors), "an exception in on_change goes to on_error")
same([type(errors[0]), str(errors[0])], [RuntimeError, "in on_change"],
     "as it is")
same(env("A"), ["3"], "os.environ had changed before")
me.push("A=4\n")
ok(within(SOON, lambda: len(errors) == 2), "the watch goes on")

unraisable = []
sys.unraisablehook = unraisable.append


def fail_too(error):
    raise KeyError("in on_error")


for on_error, kind in (None, RuntimeError), (fail_too, KeyError):
    unraisable.clear()
    watch(INTERVAL, on_change=fail, on_error=on_error)
    for value in "56":
        me.push("A=%s%s\n" % (value, kind.__name__))
        ok(within(SOON, lambda: unraisable and unraisable[-1].exc_type is kind
                  and env("A") == [value + kind.__name__]),
           "%s that nobody takes: sys.unraisablehook, and on" % kind.__name__)
sys.unraisablehook = sys.__unraisablehook__


def end(changed, all_secrets):
    updates.append(changed)
    unwatch()
    updates.append("unwatched")


updates.clear()
watch(INTERVAL, on_change=end)
me.push("A=7\n")
ok(within(SOON, lambda: len(updates) == 2), "on_change may call unwatch()")
me.push("A=8\n")
quiet()
same([len(updates), env("A")], [2, ["7"]], "and that ends it")

updates.clear()
watch(INTERVAL, on_change=hear)
begin = time.monotonic()
unwatch()
unwatch()
ok(time.monotonic() - begin < 3, "unwatch() waits for no interval; twice is "
   "fine")
threads = [open("/proc/self/task/%s/comm" % t).read().strip()
           for t in os.listdir("/proc/self/task")]
ok("vaultenv-watch" not in threads, "its thread is gone", threads)

watch(INTERVAL, on_change=lambda *_: updates.append("first"))
watch(INTERVAL, on_change=lambda *_: updates.append("second"))
me.push("A=9\n")
ok(within(SOON, lambda: updates), "a second watch")
quiet()
same(set(updates), {"second"}, "replaces the first")
unwatch()

for wrong in 0, -1, float("nan"), float("inf"):
    ok(raises(ValueError, watch, wrong), "interval %s" % wrong)

# What one watch has seen, the next does not see again.
watch(INTERVAL, on_change=hear)
updates.clear()
quiet()
same(updates, [], "a watch begins where the last one ended")
unwatch()

# ---- options

updates.clear()
os.environ["A"] = "program"
load_vault(override=True)
watch(INTERVAL, on_change=hear)
os.environ["A"] = "program"
me.push("A=10\n")
ok(within(SOON, lambda: updates), "override is taken over")
same(env("A"), ["10"], "and applies")
updates.clear()
watch(INTERVAL, "production", on_change=hear)
quiet()
me.push("PROD=1\n", "--env", "production")
ok(within(SOON, lambda: env("PROD") == ["1"]),
   "environment: one that was not loaded, and empty before")
unwatch()
plain = Person()
plain.enter()
write(".env", "A=plain\n")
load_vault(".env")
same(watch(INTERVAL), False, "no VAULT_KEY: False")
me.enter()
load_vault()

# ---- fork

watch(INTERVAL, on_change=hear)


def child_names():
    tasks = os.listdir("/proc/self/task")
    unwatch()
    load_vault(override=True)
    first = env("A")
    seen = []
    watch(INTERVAL, on_change=lambda changed, _: seen.append(changed))
    os.write(ready, b"x")
    within(SOON, lambda: seen)
    return [len(tasks), first, seen, env("A")]


updates.clear()
listen, ready = os.pipe()
workers = []
for n in range(2):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, json.dumps(child_names()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    workers.append((pid, reader))
for n in workers:
    os.read(listen, 1)
me.push("A=forked\n")
for pid, reader in workers:
    same(json.loads(os.read(reader, 65536) or "null"),
         [1, ["10"], [{"A": "forked"}], ["forked"]],
         "a child has no watch, loads, and starts its own")
    os.waitpid(pid, 0)
ok(within(SOON, lambda: env("A") == ["forked"]), "the parent's goes on")

# Pre-fork as gunicorn has it: the master loads and watches, its workers are
# forked at any moment, again and again.
watch(0.01)
deaths = 0
for n in range(30):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        code = 1
        try:
            watch(0.01)
            unwatch()
            code = 0 if load_vault() else 2
        finally:
            os._exit(code)
    deaths += os.waitpid(pid, 0)[1] != 0
same(deaths, 0, "30 children in the middle of polls: each loads and watches")
unwatch()

# ---- the end of the process

code, out, err = me.python(
    "import vaultdotenv as v; v.load_vault(); v.watch(0.01);"
    "import time; time.sleep(0.3); print('done')")
same([code, out, err], [0, "done\n", ""], "a watch keeps no process alive")
hung = socket.socket()
hung.bind(("127.0.0.1", 0))
hung.listen(5)
hung_url = "http://127.0.0.1:%d" % hung.getsockname()[1]
watch(0.01, vault_url=hung_url, on_error=errors.append)
errors.clear()
time.sleep(0.5)
begin = time.monotonic()
unwatch()
took = time.monotonic() - begin
ok(took < 3 and not errors, "unwatch() ends a poll that a server does not answer "
   "(%.1f s)" % took, errors)
begin = time.monotonic()
code, out, err = me.python(
    "import vaultdotenv as v, sys, time; v.load_vault();"
    "v.watch(0.01, vault_url=sys.argv[1]); time.sleep(0.5); print('done')",
    hung_url)
took = time.monotonic() - begin
same([code, out, err], [0, "done\n", ""], "not even in the middle of a poll")
ok(took < 15, "that a server does not answer (%.1f s)" % took)
code, out, err = me.python(
    "import vaultdotenv as v, time, threading; v.load_vault();"
    "e = threading.Event();"
    "v.watch(0.01, on_error=lambda x: (e.set(), time.sleep(60)),"
    "vault_url='http://127.0.0.1:1'); e.wait(30); print('done')")
same([code, out, err], [0, "done\n", ""], "nor within a callback")
code, out, err = me.python(
    "import vaultdotenv as v, time; v.load_vault();"
    "v.watch(0.01, vault_url='http://127.0.0.1:1'); time.sleep(1)")
same([code, err], [0, "[vault-env] Cannot reach http://127.0.0.1:1: "
                   "Connection refused. Check the URL (VAULT_URL)\n"],
     "without on_error: each sentence once on stderr")

# ---- no leak; each 50th time there is another version

with open(SRC + "/tests/vectors/fallback.json") as file:
    table = json.load(file)
POLLS = max(600, int(os.environ.get("VAULT_POLLS") or 0))
blobs = [table["caches"]["fresh"]["text"],
         table["servers"]["up"]["secrets/pull"]["body"]["secrets"]]
many = TableServer()


def polls():
    return many.calls.count("secrets/current-version")


def pushed():
    n = 1 + polls() // 50
    return {"status": 200, "body": {"version": n, "secrets": blobs[n % 2],
                                    "updated_at": None}}


many.row = {"secrets/pull": pushed, "secrets/current-version": pushed}
us = Person(many.url)
write(us.dir + "/.env", table["env_files"]["file"])
child = subprocess.Popen([sys.executable, "-c", """
import gc, os, sys, vaultdotenv as v
changes = []
v.watch(0.001, on_change=lambda *_: changes.append(1), on_error=print)
for line in sys.stdin:
    gc.collect()
    with open('/proc/self/statm') as file:
        print(len(changes), int(file.read().split()[1]) * 4, flush=True)
"""], cwd=us.dir, env=us.env(ENVIRONMENT="production", VAULT_DEVICE_SECRET=table[
    "device_secret"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    universal_newlines=True)


def after(n):
    within(300, lambda: polls() >= n)
    child.stdin.write("how much?\n")
    child.stdin.flush()
    return child.stdout.readline()


early, late = after(POLLS // 2), after(POLLS)
child.stdin.close()
print("# changes and kB: %s, then %s" % (early.strip(), late.strip()))
same(child.wait(30), 0, "%d polls" % POLLS)
changes, kb = map(int, late.split())
ok(changes >= POLLS // 50 - 2, "each change is seen", changes)
ok(kb - int(early.split()[1]) < 1024, "and resident memory is flat")

# ---- at exit: no callback begins once the stop has been asked for, however long
# the watch's own thread takes to end. Here each thread but the first, which is the
# watch's, begins three seconds late, and each poll brings another version.
quick = TableServer()
last = Person(quick.url)
write(last.dir + "/.env", table["env_files"]["file"])
write(last.dir + "/late.c", """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
struct start { void *(*routine)(void *); void *arg; };
static void *late(void *p)
{
	struct start s = *(struct start *)p;

	free(p);
	sleep(3);
	return s.routine(s.arg);
}
int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *),
    void *arg)
{
	static int n;
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
	    = dlsym(RTLD_NEXT, "pthread_create");
	struct start *s = malloc(sizeof(*s));

	if (n++ == 0 || s == NULL)
		return real(t, a, f, arg);
	s->routine = f;
	s->arg = arg;
	return real(t, a, late, s);
}
""")
subprocess.run(["cc", "-shared", "-fPIC", "-o", last.dir + "/late.so",
                last.dir + "/late.c"], check=True)


def each_time():
    n = 1 + quick.calls.count("secrets/current-version")
    return {"status": 200, "body": {"version": n, "secrets": blobs[n % 2],
                                    "updated_at": None}}


quick.row = {"secrets/pull": each_time, "secrets/current-version": each_time}
code, out, err = last.python("""
import atexit, time
# Registered first, so called last: the watch's own stop has been asked for.
atexit.register(lambda: (print("stopped", flush=True), time.sleep(1)))
import vaultdotenv as v
changes = []
v.watch(0.01, on_change=lambda *_: (changes.append(1), print("c", flush=True)))
end = time.monotonic() + 20
while len(changes) < 3 and time.monotonic() < end:
    time.sleep(0.01)
""", LD_PRELOAD=last.dir + "/late.so", ENVIRONMENT="production",
                             VAULT_DEVICE_SECRET=table["device_secret"])
same([code, out.count("c\n") >= 3, out.split("stopped")[1:]], [0, True, ["\n"]],
     "at exit: no callback begins behind the stop")
done()
