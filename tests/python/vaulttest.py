# SPDX-License-Identifier: MIT
"""What the Python tests share: TAP, a Python with vault-env installed by pip,
a throw-away server (etc/dev-server), one that answers by a table, a person.

A test begins with `from vaulttest import *` and `use_installed()`, which runs
it again under a virtual environment into which lib/python was installed. That
is made once for all tests, below TOP_BUILDDIR.
"""
import atexit
import fcntl
import hashlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from glob import glob

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("TOP_SRCDIR") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("TOP_BUILDDIR") or SRC
CLI = BUILD + "/cli/vault-env"
VENV = BUILD + "/tests/python-venv"
OURS = ("VAULT_KEY", "VAULT_URL", "VAULT_DEVICE_SECRET", "NODE_ENV",
        "ENVIRONMENT", "VAULT_CACHE_MAX_AGE", "VAULT_CA_FILE", "http_proxy",
        "PYTHONPATH")
# Of the projects that vault-env makes
PROTOCOL = int(os.environ.get("TEST_PROTOCOL", "2"))
CACHE = "/.vault-cache" if PROTOCOL == 1 else "/.vault-cache.d/development"

# ------------------------------------------------------------------- TAP

_count = 0
_failed = 0


def ok(good, name, *more):
    global _count, _failed
    _count += 1
    print("%sok %d - %s" % ("" if good else "not ", _count, name), flush=True)
    if not good:
        _failed += 1
        for text in more:
            for line in str(text).splitlines():
                print("#   " + line, flush=True)
    return good


def same(got, want, name):
    return ok(got == want, name, "got:  %r" % (got,), "want: %r" % (want,))


def skip(name, why):
    global _count
    _count += 1
    print("ok %d - %s # SKIP %s" % (_count, name, why), flush=True)


def skip_all(why):
    if os.environ.get("VAULT_NO_SKIP"):
        sys.exit("Bail out! " + why)
    print("1..0 # SKIP " + why)
    sys.exit(0)


def done():
    print("1..%d" % _count, flush=True)
    sys.exit(1 if _failed else 0)


def raises(kind, function, *args, **named):
    """The exception, or None after a failed test of its own."""
    try:
        function(*args, **named)
    except kind as error:
        return error
    except BaseException:
        ok(False, "raises " + kind.__name__, traceback.format_exc())
    else:
        ok(False, "raises " + kind.__name__, "nothing raised")
    return None


def within(seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def in_child(function):
    """function() in a child of fork; what it returns, through JSON."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            text = json.dumps(function())
            with os.fdopen(writer, "w") as file:
                file.write(text)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as file:
        text = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return json.loads(text) if status == 0 else "exit status %d" % status


# ------------------------------------------- a Python that has vault-env

def _stamp():
    state = hashlib.sha256(sys.version.encode())
    for name in sorted(glob(SRC + "/lib/**/*.[ch]", recursive=True) +
                       glob(SRC + "/lib/python/**/*.*", recursive=True)):
        if os.path.isfile(name) and "/build/" not in name:
            with open(name, "rb") as file:
                state.update(file.read())
    return state.hexdigest()


def _run_or_die(*argv, **named):
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       universal_newlines=True, **named)
    if r.returncode != 0:
        for line in r.stdout.splitlines()[-30:]:
            print("# " + line)
        print("Bail out! %s: exit status %d" % (" ".join(argv), r.returncode))
        sys.exit(1)


def copy_source(to):
    """What `pip install ./lib/python` looks at: the build leaves files, and the
    source tree may be read-only."""
    shutil.copytree(SRC + "/lib", to + "/lib", ignore=shutil.ignore_patterns(
        "build", "*.egg-info", "node", "*.o", "*.lo", "*.la", ".libs"))
    shutil.copy(SRC + "/configure.ac", to)
    for folder, _, _ in os.walk(to):
        os.chmod(folder, 0o755)
    return to + "/lib/python"


def pip(*args, python=VENV + "/bin/python"):
    # No index: whatever pip wants to fetch is a failure.
    _run_or_die(python, "-m", "pip", "--isolated", "--no-input",
                "--disable-pip-version-check", "-q", *args,
                env=dict(os.environ, PIP_NO_INDEX="1",
                         PIP_INDEX_URL="http://127.0.0.1:9/",
                         PIP_FIND_LINKS="", PYTHONPATH=""))


def make_venv():
    for module in "venv", "ensurepip", "setuptools", "wheel":
        try:
            __import__(module)
        except ImportError:
            skip_all("Python's %s is not installed" % module)
    if not glob("/usr/include/python3*/Python.h"):
        skip_all("python3-dev is not installed")
    os.makedirs(BUILD + "/tests", exist_ok=True)
    with open(VENV + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = _stamp()
        try:
            with open(VENV + "/stamp") as file:
                if file.read() == stamp:
                    return
        except OSError:
            pass
        shutil.rmtree(VENV, ignore_errors=True)
        _run_or_die(sys.executable, "-m", "venv", "--system-site-packages",
                    VENV)
        with tempfile.TemporaryDirectory() as folder:
            pip("install", copy_source(folder + "/tree"))
        with open(VENV + "/stamp", "w") as file:
            file.write(stamp)


def use_installed():
    if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        make_venv()
        python = VENV + "/bin/python"
        os.execv(python, [python, "-B", os.path.abspath(sys.argv[0]),
                          *sys.argv[1:]])


# ------------------------------------------------------ folders and people

_base = None
_owner = os.getpid()
_servers = []


def tmpdir():
    global _base
    if _base is None:
        _base = os.path.realpath(tempfile.mkdtemp(prefix="vt-py-"))
        # PostgreSQL may run as another user.
        os.chmod(_base, 0o711)
    folder = tempfile.mkdtemp(dir=_base)
    os.chmod(folder, 0o711)
    return folder


def _clean():
    if os.getpid() != _owner:
        return
    for server in _servers:
        server.down()
    if _base is not None and not os.environ.get("VAULT_KEEP"):
        os.chdir("/")
        shutil.rmtree(_base, ignore_errors=True)


atexit.register(_clean)
for _signal in signal.SIGTERM, signal.SIGHUP:
    signal.signal(_signal, lambda *_: sys.exit(1))


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path) as file:
        return file.read()


class Person:
    """A home and a project folder; this process becomes that person."""

    def __init__(self, url=None, home=None):
        self.url = url
        self.home = home or tmpdir()
        self.dir = tmpdir()

    def enter(self):
        for name in OURS:
            os.environ.pop(name, None)
        os.environ["HOME"] = self.home
        if self.url is not None:
            os.environ["VAULT_URL"] = self.url
        os.chdir(self.dir)

    def cli(self, *args, status=0):
        """What `vault-env args` prints: stdout, or stderr if it must fail."""
        r = subprocess.run([CLI, *args], cwd=self.dir, env=self.env(),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, universal_newlines=True)
        if r.returncode != status:
            raise RuntimeError("vault-env %s: %d\n%s%s" % (
                args, r.returncode, r.stdout, r.stderr))
        return r.stdout if status == 0 else r.stderr

    def env(self, **more):
        env = {n: v for n, v in os.environ.items() if n not in OURS}
        if self.url is not None:
            env["VAULT_URL"] = self.url
        return dict(env, HOME=self.home, **more)

    def init(self, name="shop"):
        """A project; its VAULT_KEY is in .env then."""
        self.cli("init", "--name", name, "--protocol", str(PROTOCOL))
        self.key = [line.split("=", 1)[1].strip("\"'") for line in
                    read(self.dir + "/.env").splitlines()
                    if line.startswith("VAULT_KEY=")][0]
        return self

    def push(self, text, *args):
        """text becomes what the vault holds; .env stays."""
        write(self.dir + "/to-push", text)
        self.cli("push", "--replace", "--file", "to-push", *args)

    def python(self, code, *args, **more):
        """Runs code by itself: (status, stdout, stderr)."""
        argv = [sys.executable, code, *args] if os.path.exists(code) else [
            sys.executable, "-c", code, *args]
        r = subprocess.run(argv, cwd=self.dir, env=self.env(**more),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, universal_newlines=True,
                           timeout=120)
        return r.returncode, r.stdout, r.stderr


# ---------------------------------------------------------------- servers

class DevServer:
    """settings: "name=value" of vault.conf."""

    def __init__(self, *settings):
        for part in CLI, BUILD + "/fcgi/vault.fcgi":
            if not os.path.exists(part):
                skip_all(part + " is missing")
        if not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
            skip_all("nginx is missing")
        self.dir = tmpdir() + "/s"
        _servers.append(self)
        sets = [word for setting in settings for word in ("--set", setting)]
        self.url = self("up", "--port", "0", *sets).splitlines()[-1]

    def __call__(self, command, *args):
        r = subprocess.run([SRC + "/etc/dev-server", command, "--dir",
                            self.dir, *args],
                           env=dict(os.environ, VAULT_BUILDDIR=BUILD),
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           universal_newlines=True, timeout=150)
        if r.returncode != 0:
            print("Bail out! dev-server %s: %s" % (command, " ".join(
                r.stderr.split())), flush=True)
            sys.exit(1)
        return r.stdout

    def down(self):
        if os.path.isdir(self.dir):
            self("down")


class TableServer:
    """Answers as a row of fallback.json's "servers" has it."""

    def __init__(self):
        table = self
        self.row = {}
        self.calls = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                path = self.path[len("/api/v1/"):]
                table.calls.append(path)
                answer = table.row.get(path, {
                    "status": 404, "body": {"error": "Not found"}})
                if callable(answer):
                    answer = answer()
                body = json.dumps(answer["body"]).encode()
                self.send_response(answer["status"])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.url = serve(Handler)


def serve(handler):
    """In a thread, to the end of the test; its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_address[1]


def serve_folder(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def log_message(self, *_):
            pass

    return serve(Handler)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# For tests that are no Python: prints the Python that has vault-env.
if __name__ == "__main__":
    make_venv()
    print(VENV + "/bin/python")
