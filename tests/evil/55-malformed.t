#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
# Attack 55: lengths of 2^32-1, lists of 2^53 items, trailing bytes, NUL, C0 and C1,
# digits that are not ASCII, upper-case UUIDs: in entries and in records, well signed.
from evil import *

team = EvilTeam()
team.push(team.writer, "production", "right")
victim = Victim(team.reader, team)
victim.reads("right")
scope = team.block(team.machine("x"), READER, ["*"])
entry = split(team.entry(team.admin, ADMIT, **scope), 2)[0]
record = split(team.record(team.writer, "production", "WRONG")[0]["record"])[0]
HUGE = b"\xff\xff\xff\xff"


def named(name):
    """The entry with these bytes for the device's name."""
    return entry.replace(lp("x") + lp(scope["sign"]), lp(name) + lp(scope["sign"]))


def signed(raw, by, second=True):
    return b64(raw + sign(by.sign_seed, raw) + (sign(team.vk.join_seed, raw) if second else b""))


entries = {
    "a length of 2^32-1": HUGE + entry[4:], "... inside": entry.replace(lp("x"), HUGE + b"x"),
    "a list of 2^53 items": entry.replace(num(1) + lp("*"), lp((2**53).to_bytes(8, "big")) + lp("*")),
    "a list of 2^53-1 items": entry.replace(num(1) + lp("*"), num(2**53 - 1) + lp("*")),
    "trailing bytes": entry + b"x", "cut off": entry[:-1], "a number of 7 bytes": entry[:-12] + lp(bytes(7)),
    "a NUL in a name": named(b"a\0b"), "C0": named(b"a\x1bb"), "C1": named("a\u009bb"),
    "not UTF-8": named(b"a\xffb"), "a name too long": named(b"a" * 129), "an empty name": named(b""),
    "a surrogate": named(b"\xed\xa0\x80"),
    "an upper-case UUID": entry.replace(team.id.encode(), team.id.upper().encode()),
    "digits of another script": entry.replace(team.id.encode(), team.id.replace(
        team.id[:2], "\u0661").encode()[:36].ljust(36, b"0"))}
for what, raw in entries.items():
    assert raw != entry, what
    lie = team.fork()
    lie.texts.append(signed(raw, team.admin))
    hostile.show(lie)
    print("# an entry with " + what)
    victim.refuses("bad_form", 5)
# A kind that there is none of; and a suite that there may be one day.
for what, raw, code, status in (
        ("a kind of its own", entry.replace(lp(team.admin.id) + num(ADMIT),
                                            lp(team.admin.id) + num(9)), "bad_kind", 5),
        ("a suite to come", entry.replace(num(1), num(2), 1), "bad_suite", 3)):
    assert raw != entry, what
    lie = team.fork()
    lie.texts.append(signed(raw, team.admin))
    hostile.show(lie)
    print("# an entry of " + what)
    victim.refuses(code, status)
records = {
    "a length of 2^32-1": HUGE + record[4:], "trailing bytes": record + b"x", "cut off": record[:-1],
    "version 2^53": record.replace(num(2), lp((2**53).to_bytes(8, "big"))),
    "a number of 9 bytes": record[:-12] + lp(bytes(9)),
    "an upper-case UUID": record.replace(team.id.encode(), team.id.upper().encode()),
    "a NUL in the environment": record.replace(lp("production"), lp("produc\0ion")),
    "a letter that is not ASCII": record.replace(lp("production"), lp("pr\u00f6ductio")),
    "nothing": b"", "one byte": b"\0"}
for what, raw in records.items():
    assert raw != record, what
    hostile.honest()
    hostile.lie("secrets/pull", lambda call: call.answer(200, dict(
        shown(team, call.path, dict(call.body, record_have=None), call.device)[1],
        version=2, unchanged=False,
        records=team.records["production"] + [signed(raw, team.writer, False)])))
    print("# a record with " + what)
    victim.refuses("bad_form", 5)
hostile.honest()
for what, text in (("base64 with a line break", lambda t: t[:76] + "\n" + t[76:]),
                   ("base64 without its end", lambda t: t[:-1]), ("no base64", lambda t: "!" + t[1:]),
                   ("base64 of the URL kind", lambda t: "-" + t[1:]), ("nothing", lambda t: "")):
    hostile.lie("secrets/pull", edit("log", lambda log: [text(log[0])] + log[1:]))
    print("# an entry as " + what)
    Victim(team.reader, team).refuses("bad_form", 5)
    hostile.honest()
victim.reads("right")
done()
