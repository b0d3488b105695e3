# SPDX-License-Identifier: MIT
"""Teams whose server lost its newest state, and what vault.fcgi --restore makes of
the files that their machines have: python3 byhand-restore.py URL FOLDER prints TAP.
"""
import random, tempfile
from byhand import *

FILES = tempfile.TemporaryDirectory()
TABLES = ("log", "members", "member_keys", "heads", "records", "wraps")


def rows(t):
    """All that the database has of a project."""
    return sql(" union all ".join(
        "select md5(coalesce(string_agg(x::text, ',' order by x::text), '')) from vault.%s x "
        "where %s = '%s'" % (table, "id" if table == "projects" else "project_id", t.id)
        for table in TABLES + ("projects",)))


def save(t):
    """A backup of the database, as far as this project goes."""
    sql("drop schema if exists saved cascade; create schema saved;" + "".join(
        "create table saved.%s as select * from vault.%s where project_id = '%s';"
        % (table, table, t.id) for table in TABLES)
        + "create table saved.projects as select * from vault.projects where id = '%s'" % t.id)
    return t.fork()


def forget(t):
    sql("".join("delete from vault.%s where project_id = '%s';" % (table, t.id) for table in TABLES)
        + "delete from vault.projects where id = '%s'" % t.id)


def put_back(t):
    """The backup, put in place."""
    forget(t)
    sql("".join("insert into vault.%s select * from saved.%s;" % (table, table)
                for table in TABLES + ("projects",)))


def bundle(t, env=None, n=100, log=True, content=True):
    """What a machine holds of an environment; without one, of the log."""
    records = t.records.get(env, [])[-n:]
    b = dict(vault_bundle=2, project_id=t.id, environment=env, log=t.texts if log else [],
             records=records, wraps=[], secrets=None)
    if records:
        newest = decode(RECORD, split(records[-1])[0], "vault-record-v2")
        b["wraps"] = t.wraps[env, newest["key_id"].hex()]
        b["secrets"] = b64(t.blobs[env, newest["version"]]) if content else None
    return b


def written(*bundles, name="all.json"):
    """vault-env bundle --all"""
    path = os.path.join(FILES.name, name)
    open(path, "w").write("".join(b if isinstance(b, str) else json.dumps(b) + "\n"
                                  for b in bundles))
    return path


def everything(t, name="all.json", **more):
    return written(bundle(t), *(bundle(t, e, log=False, **more) for e in sorted(t.records)), name=name)


def seen(t, who, env):
    """What a machine with all of the team's pins makes of the server, or the code."""
    status, r = t.send(who, "secrets/pull", dict(environment=env, log_have=0, records_from=t.heads[env][0]))
    if status != 200:
        return "%d %s" % (status, r.get("code"))
    b = dict(project_id=t.id, environment=env, log=r["log"], records=r["records"],
             wraps=r["wraps"], secrets=r["secrets"])
    try:
        return open_bundle(dict(
            vault_key=t.key_text(), device_secret=who.secret.hex(), environment=env, version=None,
            heads=heads_text(t.id, t.log, t.heads), now=now(), bundle=b))["secrets"]["A"]
    except Refused as refused:
        return str(refused)


def stored(t, env, version):
    """True if the server gives the content of that version, as it was pushed."""
    status, r = t.send(t.admin, "secrets/pull", dict(environment=env, log_have=0, version=version))
    return status == 200 and r["secrets"] == b64(t.blobs[env, version])


def refused(t, said, name, *files):
    """Nothing of the project is changed."""
    before = rows(t)
    r = vault("--restore", *files)
    ok(r.returncode == 1 and said in r.stderr, name, r.said)
    same(rows(t), before, "... nothing is changed")


def is_whole(name="... the tables are what the log says"):
    r = vault("--check-log")
    same((r.returncode, r.stderr), (0, ""), name)


# ---- a backup of yesterday is put in place
t = team()
reader = t.admit("reader", READER, ["dev"])
writer = t.admit("writer", WRITER, ["*"])
t.push(writer, "dev", "one")
t.push(writer, "test", "one")
t.push(writer, "dev", "two")
old = save(t)
late = t.admit("late", WRITER, ["dev", "new"])
t.push(late, "dev", "three")
t.revoke(reader)
t.push(writer, "dev", "four")
t.push(late, "new", "one")
put_back(t)
same(seen(t, t.admin, "dev"), "log_short", "machines refuse an old backup")
# ... and somebody who has seen nothing works on it
old.alone = False
early = old.admit("early", WRITER, ["*"])
old.push(early, "dev", "three, since")
old.push(early, "test", "two, since")
same(old.value(t.admin, "dev"), "three, since", "others go on with it")
before = rows(t)
look = done_by("--restore", "--dry-run", everything(t))
same(rows(t), before, "--dry-run changes nothing")
# ... by a file of more than 64 MiB, as a machine that has read much writes one
large = everything(t)
with open(large, "a") as f:
    f.write("\n" * (65 << 20))
said = done_by("--restore", large)
same(look.splitlines()[:-1], said.splitlines()[:-1], "... and has told the same")
contains(look, "\nAll of it was verified by what devices signed, and nothing was changed: ", "... but for the end")
for sentence in ("Project %s:\n" % t.id, "2 entries of its log came back, 3 to 4.\n",
                 "Entry 3 of the log was made since, and is discarded: it admits %s, by admin" % early.id,
                 "Version 3 of dev was made since, and is discarded: by device (%s)" % early.id[:8],
                 "Version 2 of test was made since, and is discarded",
                 "Versions 3 to 4 of dev came back.\n", "Version 1 of new came back.\n",
                 "All of it was verified by what devices signed"):
    contains(said, sentence, "... it says: " + sentence.strip())
is_whole()
same([seen(t, t.admin, e) for e in ("dev", "test", "new")], ["four", "one", "one"],
     "machines accept it again, pins and all")
same(t.code(reader, "secrets/pull", dict(environment="dev", log_have=0)), "403 device_removed",
     "who was removed is out again")
same(t.code(early, "secrets/pull", dict(environment="dev", log_have=0)), "401 request_key_unknown",
     "who was admitted since is unknown")
same(t.must(late, "devices/register", t.joining(late))["status"], "approved",
     "who was admitted before needs no approval")
same(seen(t, late, "dev"), "four", "... and reads")
t.push(late, "dev", "five")
same(seen(t, writer, "dev"), "five", "work goes on")
contains(done_by("--restore", everything(t)),
         "Nothing of it was missing.", "a second run finds nothing to do")
is_whole()

# ---- VAULT_KEY was replaced since
t = team()
writer = t.admit("writer", WRITER, ["*"])
t.push(writer, "dev", "one")
old = save(t)
t.rotate()
t.must(writer, "devices/register", t.joining(writer))
t.push(writer, "dev", "two")
put_back(t)
waiting = old.machine("waiting")
old.must(waiting, "devices/register", old.joining(waiting))
contains(done_by("--restore", everything(t)), "all request keys are retired",
         "it says that request keys are retired")
is_whole()
same(t.code(writer, "log/read", {"log_have": 0}, vk=old.vk), "401 vault_key_replaced",
     "the old VAULT_KEY is over")
same(sql("select count(*) from vault.members where status = 'pending' and project_id = '%s'" % t.id),
     "0", "... with whoever waits by it")
same(t.must(writer, "devices/register", t.joining(writer))["status"], "approved",
     "by the new one a device registers again")
same(seen(t, writer, "dev"), "two", "... and reads")

# ---- nothing is left of a project
t = team()
writer = t.admit("writer", WRITER, ["*"])
gone = t.admit("gone", READER, ["dev"])
t.push(writer, "dev", "one")
t.push(writer, "test", "one")
t.revoke(gone)
t.rotate()
forget(t)
contains(done_by("--restore", everything(t)),
         "The database did not have it: it is made from its root, with 5 entries in its log",
         "a project is made from its root")
is_whole()
for d in (t.admin, writer):
    same(t.must(d, "devices/register", t.joining(d))["status"], "approved",
         "%s needs no approval" % d.name)
same(seen(t, writer, "test"), "one", "... and reads")
t.push(writer, "dev", "two")
same(seen(t, t.admin, "dev"), "two", "... and writes")

# ---- contents and keys that nobody brought
t = team()
t.push(t.admin, "dev", "one")
save(t)
t.push(t.admin, "dev", "two", new_key=True)
put_back(t)
bare = bundle(t, "dev", content=False)
contains(done_by("--restore", written(dict(bare, wraps=[]))),
         "came without its content: a writer has to run vault-env push --replace --env dev",
         "a version without its content")
same(vault("--check-log").stdout, "Project %s: device %s may read dev, and has no key of its version 2: "
     "a writer runs vault-env share --env dev.\n" % (t.id, t.admin.id), "... and without a key")
same(t.code(t.admin, "secrets/pull", dict(environment="dev", log_have=0)), "404 version_gone",
     "... is stored so")
said = done_by("--restore", everything(t))
contains(said, "The content of version 2 of dev came back.", "a file that has it")
contains(said, "1 keys of dev came back.", "... and its keys")
same(seen(t, t.admin, "dev"), "two", "... puts it right")
is_whole()
t.wraps["dev", key_id(t.id, "dev", t.data["dev"]).hex()][0]["wrap"] = b64(bytes(80))
done_by("--restore", everything(t))
same(seen(t, t.admin, "dev"), "two", "a key that is there is not replaced")

# ---- two histories
t = team()
t.push(t.admin, "dev", "one")
save(t)
x, y = t.fork(), t.fork()
x.admit("x", READER, ["*"])
y.admit("y", READER, ["*"])
a, b = everything(x, "a.json"), everything(y, "b.json")
refused(t, "b.json, line 1: entry 1 of the log is another than in %s (log_fork): give one of the two "
        "files" % a, "two files with two logs", a, b)
x, y = t.fork(), t.fork()
x.push(x.admin, "dev", "x")
y.push(y.admin, "dev", "y")
a, b = everything(x, "a.json"), everything(y, "b.json")
refused(t, "version 2 of dev is another than in", "two files with two versions", a, b)
done_by("--restore", b)
same(seen(y, t.admin, "dev"), "y", "one of them is taken")
same(vault("--restore", a).returncode, 0, "... and the other instead of it")
same(seen(x, t.admin, "dev"), "x", "... when the operator says so")

invented = Team(URL)
invented.alone = True
invented.id = t.id
invented.log, invented.admin = Log(t.id), Machine(t.id, "thief", URL)
invented.vk = invented.new_key()
invented.create()
invented.admit("more", READER, ["*"])
invented.admit("and more", READER, ["*"])
refused(t, "begins with another root than in the database (log_root)",
        "a log that somebody made up for this project", everything(invented))

# ---- what is not what devices signed
t = team()
writer = t.admit("writer", WRITER, ["dev"])
t.push(writer, "dev", "one")
save(t)
t.push(writer, "dev", "two")
t.revoke(writer)
put_back(t)


def flipped(text, at):
    raw = bytearray(unb64(text))
    raw[at] ^= 1
    return b64(bytes(raw))


whole, dev = bundle(t), bundle(t, "dev", log=False)
stranger = team()
for said, name, lines in (
        ("holds no bundle", "an empty file", [""]),
        ("line 1: this is no bundle", "text", ["hello\n"]),
        ("line 2: this is no bundle", "half a bundle", [whole, json.dumps(dev)[:-30] + "\n"]),
        ("line 1: this is no bundle", "another form", [dict(whole, vault_bundle=3)]),
        ("line 1: this is no bundle", "no id", [dict(whole, project_id="x")]),
        ("line 2: this is no bundle", "a name that is none", [whole, dict(dev, environment="../x")]),
        ("line 1: this is no bundle", "versions of no environment", [dict(dev, environment=None)]),
        ("entry 2 of the log is refused (log_join)", "an entry changed",
         [dict(whole, log=t.texts[:2] + [flipped(t.texts[2], -1)])]),
        ("entry 1 of the log is refused (log_gap)", "an entry left out",
         [dict(whole, log=t.texts[::2])]),
        ("entry 0 of the log is refused (wrong_project)", "another project's log",
         [dict(whole, log=stranger.texts)]),
        ("version 2 of dev is refused (record_signature)", "a version changed",
         [whole, dict(dev, records=[dev["records"][0], flipped(dev["records"][1], -1)])]),
        ("version 1 of dev is refused (record_link)", "versions in another order",
         [whole, dict(dev, records=dev["records"][::-1], secrets=b64(t.blobs["dev", 1]))]),
        ("(wrong_environment)", "versions of another environment",
         [whole, dict(dev, environment="test")]),
        ("(blob_hash)", "a content changed", [whole, dict(dev, secrets=flipped(dev["secrets"], 40))]),
        ("holds no bundle", "nothing at all", ["\n\n"])):
    refused(t, said, name, written(*lines))
refused(t, "/dev/zero: not a regular file", "no file", "/dev/zero")
refused(t, "No such file", "a file that is missing", "/nonexistent/all.json")
forged = t.fork()
forged.push(writer, "dev", "three", new_key=True)
good = everything(stranger, "good.json")
refused(t, "line 1: this is no bundle", "one bad file among good ones", everything(t), written("x\n", name="x"))
forged = everything(forged, "forged.json")
contains(done_by("--restore", everything(t), forged, good),
         "Version 3 of dev in %s does not go with the log (record_author): it is left out, with those "
         "behind it." % forged, "a version by who was removed is left out")
same(seen(t, t.admin, "dev"), "two", "the good ones")
is_whole()

# ---- versions that hang in the air
t = team()
for i in range(4):
    t.push(t.admin, "dev", str(i))
save(t)
for i in range(4, 8):
    t.push(t.admin, "dev", str(i))
put_back(t)
last = written(bundle(t), bundle(t, "dev", n=2, log=False))
contains(done_by("--restore", last), "Versions 7 to 8 of dev could not be taken from %s: nobody" % last,
         "versions that link to nothing")
is_whole("... leave what is stored")
contains(done_by("--restore", last, written(bundle(t, "dev", n=5), name="more.json")),
         "Versions 5 to 8 of dev came back.", "with those between them they are taken")
same(seen(t, t.admin, "dev"), "7", "... and read")
put_back(t)
t.alone = True
t.rotate()
t.push(t.admin, "dev", "8")
t.alone = False
last = written(bundle(t, "dev", n=2))
contains(done_by("--restore", last), "Versions 1 to 4 of dev had to go",
         "versions from the last cut on stand alone")
is_whole()
t.must(t.admin, "devices/register", t.joining(t.admin))
same(t.value(t.admin, "dev"), "8", "... and are read by who remembers nothing")
same(seen(t, t.admin, "dev"), "8", "... and by who remembers the newest")
put_back(t)
contains(done_by("--restore", written(bundle(t))), "dev stood at version 8 when a device was removed, "
         "and nobody brought that version", "a cut without its version")
contains(vault("--check-log").stdout, "dev ends at version 4, but version 8 was there when entry 1 was "
         "made.", "... which is not forgotten")
forget(t)

# ---- a lost version, and a removal since that did not know of it
t = team()
writer = t.admit("writer", WRITER, ["*"])
t.push(t.admin, "dev", "one")
old = save(t)
t.push(writer, "dev", "two")
put_back(t)
old.alone = False
old.revoke(writer)
old.push(t.admin, "dev", "two, since")
contains(done_by("--restore", everything(t)),
         "Version 2 of dev in %s does not go with the log (record_cut)" % everything(t),
         "a removal counts, whatever it did not know of")
is_whole()
same(seen(old, old.admin, "dev"), "two, since", "... and what was built on it")

# ---- several machines have a part each
t = team()
for i in range(8):
    t.push(t.admin, "dev", str(i))


def piece(first, last):
    b = bundle(t, "dev", log=False)
    return dict(b, records=b["records"][first - 1:last], secrets=b64(t.blobs["dev", last]))


forget(t)
parts = [written(bundle(t), piece(*ends), name="%d.json" % i)
         for i, ends in enumerate(((1, 3), (7, 8), (2, 6)))]
contains(done_by("--restore", *parts), "Versions 1 to 8 of dev came back.", "pieces are joined")
is_whole()
same(sql("select string_agg(version::text, ' ' order by version) from vault.records where "
         "project_id = '%s' and blob is not null" % t.id), "3 6 8", "... with the contents that came")

# ---- of what was pushed a confirm alone came back
t = team()
t.push(t.admin, "dev", "one")
save(t)
t.push(t.admin, "dev", "two")
t.push(t.admin, "dev", "two", op=CONFIRM)
a = everything(t, "a.json")
put_back(t)
contains(done_by("--restore", a), "Versions 2 to 3 of dev came back.", "a version and its confirm")
t.push(t.admin, "dev", "three")
same(stored(t, "dev", 3), True, "the next push leaves the only copy of what was there")
is_whole()
put_back(t)
done_by("--restore", a, everything(t))
same(stored(t, "dev", 3), True, "... and so does a file that goes further")
is_whole()

# ---- files that turn up one by one
t = team()
t.push(t.admin, "dev", "one")
save(t)
files = []
for i, value, op in ((2, "two", PUSH), (3, "two", CONFIRM), (4, "three", PUSH)):
    t.push(t.admin, "dev", value, op=op)
    files.append(everything(t, "%d.json" % i))
put_back(t)
done_by("--restore", files[2])
same([stored(t, "dev", v) for v in (1, 2, 3, 4)], [True, False, False, True],
     "the file of a machine that was not there before")
for v, kept in ((3, [True, False, True, True]), (2, [True, True, False, True])):
    contains(done_by("--restore", files[v - 2]), "The content of version %d of dev came back.\n" % v,
             "... one that has the content of version %d" % v)
    same([stored(t, "dev", v) for v in (1, 2, 3, 4)], kept, "... which is kept, but once")
    is_whole()
contains(done_by("--restore", *files), "Nothing of it was missing.", "... and now all is there")
sql("update vault.records set blob = set_byte(blob, 40, get_byte(blob, 40) # 1) "
    "where project_id = '%s' and version in (2, 4)" % t.id)
said = done_by("--restore", files[1])
contains(said, "The content of version 2 of dev is not the one that was signed, and is removed.\n",
         "a stored content that was changed")
contains(said, "The content of version 3 of dev came back.\n", "... is not taken for its confirm's")
contains(said, "The content of version 4 of dev is not the one that was signed, and is removed.\n",
         "... nor one that no file has the version of")
same([stored(t, "dev", v) for v in (1, 2, 3, 4)], [True, False, True, False], "... which is kept")
is_whole()

# ---- what is stored goes further than the files
t = team()
t.push(t.admin, "dev", "one")
a = everything(t, "old.json")
t.admit("x", READER, ["*"])
t.push(t.admin, "dev", "two")
sql("update vault.records set blob = null where project_id = '%s' and version = 1" % t.id)
contains(done_by("--restore", a), "Nothing of it was missing.",
         "an old file takes nothing away, and brings no old content back")
same(seen(t, t.admin, "dev"), "two", "... all is there")

# ... nor does one who was a writer when he signed, and is none any more
gone = t.admit("gone", WRITER, ["*"])
forged = t.fork()
t.revoke(gone)
t.push(t.admin, "later", "true")
forged.push(gone, "later", "false")
forged.push(gone, "other", "false")
a = written(bundle(t), bundle(forged, "later", log=False), bundle(forged, "other", log=False))
contains(done_by("--restore", a), "Version 1 of later could not be taken from %s: one of them is by a "
         "device that may not write there any more." % a, "versions of a removed writer")
same(seen(t, t.admin, "later"), "true", "... replace nothing")
t.heads["other"] = forged.heads["other"]
same(seen(t, t.admin, "other"), "record_author",
     "... and are read by nobody where nothing was")
del t.heads["other"]
is_whole()

# ---- tables that were changed by hand
here = "project_id = '%s'" % t.id
sql("update vault.members set role = 2 where %s" % here)
sql("update vault.heads set cut_version = 7 where %s" % here)
sql("update vault.log set kind = 4 where %s and seq = 1" % here)
sql("update vault.records set op = 1 where %s and version = 2" % here)
same(vault("--check-log").returncode, 1, "a changed database")
said = done_by("--restore", everything(t))
contains(said, "Entry 1 of the log is put right.", "... is put right")
is_whole()
same(seen(t, t.admin, "dev"), "two", "... and works")

# ---- any life, any backup, anything since
def step(t, r):
    """Something that a team does; the values say who won."""
    devices = [d for d in t.team if not t.log.devices[d.id]["revoked"]]
    what = r.choice(("push", "push", "push", "admit", "revoke", "rotate"))
    if what == "admit":
        t.team.append(t.admit("d%d" % len(t.team), r.choice((READER, WRITER)),
                              r.choice((["*"], ["dev"], ["dev", "test"]))))
    elif what == "revoke" and len(devices) > 1:
        t.revoke(r.choice(devices[1:]))
    elif what == "rotate":
        t.rotate()
        for d in devices:
            t.must(d, "devices/register", t.joining(d))
    else:
        env = r.choice(("dev", "test"))
        by = r.choice([d for d in devices if may_write(t.log.devices[d.id], env)])
        t.values[env] = "%s %d" % (t.who, r.randrange(10 ** 9))
        t.push(by, env, t.values[env], new_key=t.key_is_over(env) or r.random() < 0.2)


for seed in range(12):
    r = random.Random(seed)
    t = team()
    t.who, t.team, t.values = "before", [t.admin], {}
    for i in range(r.randrange(1, 8)):
        step(t, r)
    old = save(t)
    old.alone, old.who, old.team, old.values = False, "since", list(t.team), dict(t.values)
    t.team.append(t.admit("then", READER, ["*"]))
    for i in range(r.randrange(0, 6)):
        step(t, r)
    put_back(t)
    for i in range(r.randrange(0, 6)):
        step(old, r)
    if seed % 4 == 3:
        forget(t)
    result = vault("--restore", everything(t))
    checked = vault("--check-log")
    if result.returncode:
        ok(False, "life %d" % seed, result.said)
        continue
    t.must(t.admin, "devices/register", t.joining(t.admin))
    # What was built since on the newest version of the team is no loss to anybody.
    got = {e: seen(t, t.admin, e) for e in t.values}
    for e in t.values:
        n = len(t.records[e])
        if old.records.get(e, [])[:n] == t.records[e] and got[e].startswith("since "):
            got[e] = t.values[e]
    same((checked.returncode, got), (0, t.values), "life %d" % seed)

# ---- projects that are none of ours
lost = everything(t, "lost.json")
s = dict(label="vault-delete-v2", suite=SUITE, project=t.id, count=len(t.texts),
         head=t.log.hashes[-1], author=t.admin.id, at=now())
raw = (lp(s["label"]) + num(s["suite"]) + lp(s["project"]) + num(s["count"]) + lp(s["head"])
       + lp(s["author"]) + num(s["at"]))
t.must(t.admin, "project/delete",
       dict(deletion=b64(raw + sign(t.admin.sign_seed, raw) + sign(t.vk.join_seed, raw))))
refused(t, "an admin has deleted this project", "a project that was deleted", lost)
t = team()
a = everything(t)
forget(t)
sql("insert into vault.projects (id, name) values ('%s', 'x')" % t.id)
refused(t, "it is a project of protocol v1", "a project of v1", a)
refused(t, "No file has the log of project", "versions without a log",
        written(dict(bundle(t, "dev"), log=[], project_id=str(uuid.uuid4()))))
done()
