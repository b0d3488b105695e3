# SPDX-License-Identifier: MIT
"""One development server for all files of this folder, which run by themselves:
the first one that needs it starts its keeper, and the keeper stops it when nobody
has used it for a while. Whoever uses it gets a place for a proxy too: a socket
that listens at one of the URLs which the server says it is.

    url, place, folder, socket = shared.use()     until this process ends
"""
import hashlib, json, os, select, socket, subprocess, sys, time
from glob import glob

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "python"))
from vaulttest import BUILD, SRC, DevServer, skip_all

PLACES, IDLE_S, LOG = 16, 10, BUILD + "/tests/evil-server.log"


def name():
    """Of this build's keeper: another server program or function is another server's."""
    at = [os.stat(path) for path in [BUILD + "/fcgi/vault.fcgi"] + sorted(glob(
        SRC + "/sql/functions/*.sql"))]
    of = "%s %d %s" % (BUILD, os.getuid(), [(s.st_mtime_ns, s.st_size) for s in at])
    return "\0vault-evil-" + hashlib.sha256(of.encode()).hexdigest()[:16]


def use():
    if not os.path.exists(BUILD + "/fcgi/vault.fcgi"):
        skip_all("vault.fcgi is missing")
    for _ in range(100):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            s.connect(name())
            text, passed, _, _ = socket.recv_fds(s, 4096, 1)
            if passed:
                use.kept = s  # the keeper sees it close
                said = json.loads(text)
                return said["url"], said["place"], said["folder"], socket.socket(fileno=passed[0])
        except ConnectionError:
            with open(LOG, "w") as log:  # it holds no pipe of a test's
                subprocess.Popen([sys.executable, "-B", __file__], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log, start_new_session=True)
        s.close()
        time.sleep(0.1)
    sys.exit("Bail out! no server can be had: see " + LOG)


def listening():
    s = socket.create_server(("127.0.0.1", 0), backlog=100)
    return s, "http://127.0.0.1:%d" % s.getsockname()[1]


def keep():
    gate = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        gate.bind(name())
    except OSError:
        return  # another one was faster
    gate.listen(200)
    free = [listening() for _ in range(PLACES)]
    server = DevServer("url=" + " ".join(url for _, url in free))
    used = {}
    while True:
        ready = select.select([gate] * bool(free) + list(used), [], [], IDLE_S)[0]
        if not ready and not used:
            return
        for s in ready:
            if s is not gate:
                free.append(used.pop(s))
                s.close()
                continue
            user, _ = gate.accept()
            used[user] = place, url = free.pop()
            socket.send_fds(user, [json.dumps(dict(
                url=url, place=server.url, folder=server.dir)).encode()], [place.fileno()])


if __name__ == "__main__":
    keep()
