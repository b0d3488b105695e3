#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The reference implementation of protocol v2 on one side, the library on the other.

    fresh.py make        a project of new keys, as vectors: every case of
                         scenario.py, and bundles changed at random
    fresh.py check FILE  judge the cases of a file; not ok where they differ
"""
import copy, json, os, random, sys
import scenario
from reference import CHECKS, Refused, b64, unb64

CHANGES = 40  # of each bundle that opens


def flip(text):
    raw = bytearray(unb64(text))
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    return b64(bytes(raw))


def change(b):
    """Something that a server could do to what it gives."""
    name = random.choice(("log", "records", "wraps", "secrets"))
    if name == "secrets":
        b[name] = flip(b[name])
        return
    items = b[name]
    at = random.randrange(len(items))
    what = random.choice(("flip", "flip", "drop", "swap", "double", "cut"))
    if what == "flip" and name == "wraps":
        items[at]["wrap"] = flip(items[at]["wrap"])
    elif what == "flip":
        items[at] = flip(items[at])
    elif what == "drop":
        del items[at]
    elif what == "swap":
        other = random.randrange(len(items))
        items[at], items[other] = items[other], items[at]
    elif what == "double":
        items.insert(at, copy.deepcopy(items[at]))
    else:
        del items[at + 1:]


def judge(case):
    given = {k: v for k, v in case.items() if k not in ("kind", "name", "refuse", "result")}
    try:
        return None, CHECKS[case["kind"]](given)
    except Refused as e:
        return str(e), None


def changed(case):
    for i in range(CHANGES):
        c = copy.deepcopy(case)
        c["name"] += ", changed (%d)" % i
        try:
            change(c["bundle"])
        except (ValueError, IndexError):
            continue  # nothing there to change
        c["refuse"], c["result"] = judge(c)
        yield c


def make():
    scenario.SEED = os.urandom(32)
    w = scenario.World()
    cases = scenario.make_cases(w)
    if scenario.run(cases):
        sys.exit(1)
    # An own log is of one's own making: what differs from it is a fork at once.
    good = [c for c in cases if c["kind"] == "bundle" and c["refuse"] is None and not c.get("log")]
    for case in good:
        cases += changed(case)
    scenario.write(sys.stdout, scenario.derived(w), *scenario.pack(cases))


def check(path):
    with open(path) as f:
        file = json.load(f)
    cases = scenario.unpack(file["strings"], file["cases"])
    bad = scenario.run(cases)
    print("%d cases, %d wrong" % (len(cases), bad))
    return bad > 0


if __name__ == "__main__":
    sys.exit(make() if sys.argv[1] == "make" else check(sys.argv[2]))
