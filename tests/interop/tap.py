# SPDX-License-Identifier: MIT
"""TAP, for tests in Python that VaultTest::relay() passes on."""
import sys

n_tests = 0


def ok(good, name, why=""):
    global n_tests
    n_tests += 1
    print("%sok %d - %s" % ("" if good else "not ", n_tests, name))
    if not good:
        print("# " + str(why).replace("\n", "\n# "))
    sys.stdout.flush()
    return good


def same(got, want, name):
    return ok(got == want, name, "%s, not %s" % (got, want))


def done():
    print("1..%d" % n_tests)
