# SPDX-License-Identifier: MIT
"""What an operator of vault.fcgi does by hand, and what the teams of protocol v2
notice: python3 byhand-tables.py URL FOLDER prints TAP. FOLDER is the server's.
"""
from byhand import *

# ---- the server key is lost
t = team()
t.push(t.admin, "dev", "one")
key_file = FOLDER + "/server.key"
lost = open(key_file).read()
open(key_file, "w").write(secrets.token_hex(32) + "\n")
contains(vault("--check").stderr, "server_key_file", "a new server key: the database is not its")
said = done_by("--forget-keys")
contains(said, "1 request keys are forgotten.", "... says how many keys are gone")
contains(said, "1 projects of protocol v1 lie under the lost key", "... and what cannot be helped")
same(vault("--check").stdout, "ok\n", "... the new one is in force")
restart()
same(t.code(t.admin, "log/read", {"log_have": 0}), "401 request_key_unknown",
     "a machine is told that its key is unknown")
same(t.must(t.admin, "devices/register", t.joining(t.admin))["status"], "approved",
     "... it registers again, and nobody has to approve it")
same(t.value(t.admin, "dev"), "one", "... and reads")
open(key_file, "w").write(lost)
contains(done_by("--forget-keys"), "is in force from now on", "the lost key turns up")
same(vault("--check").stdout, "ok\n", "... and is in force again")
restart()
t.must(t.admin, "devices/register", t.joining(t.admin))
said = done_by("--forget-keys")
ok("in force" not in said, "with the key in force, keys are forgotten and nothing else", said)
t.must(t.admin, "devices/register", t.joining(t.admin))

# ---- what the tables say
def wrong(change, undo, said, name):
    """A change by hand is found, and nothing else is."""
    sql(change)
    r = vault("--check-log")
    same((r.returncode, r.stdout), (1, "Project %s: %s.\n" % (t.id, said)), name)
    sql(undo)


t = team()
reader = t.admit("reader", READER, ["dev"])
writer = t.admit("writer", WRITER, ["*"], expires=now() + 3 * DAY + 1)
gone = t.admit("gone", WRITER, ["dev", "test"])
t.push(gone, "dev", "one")
t.push(gone, "test", "one")
t.push(writer, "dev", "two")
t.revoke(gone)
t.push(writer, "dev", "three")
t.rotate()
t.must(t.admin, "devices/register", t.joining(t.admin))
t.must(writer, "devices/register", t.joining(writer))
t.push(t.admin, "dev", "four")
waiting = t.machine("waiting")
t.must(waiting, "devices/register", t.joining(waiting))
here = "project_id = '%s'" % t.id
projects = int(sql("select count(*) from vault.projects where protocol = 2 and deleted_at is null"))
same(done_by("--check-log"), "%d projects of protocol v2 were checked. Their tables say what their "
     "logs and records say.\n" % projects, "... nothing is wrong")
member = "update vault.members set %%s where %s and id = '%s'" % (here, reader.id)
wrong(member % "role = 3", member % "role = 1",
      "device %s is reader by the log, the table says admin" % reader.id, "a role raised")
wrong(member % "environments = '{*}'", member % "environments = '{dev}'",
      "device %s has other environments than by the log" % reader.id, "an environment given")
wrong(member % "expires_at = now()", member % "expires_at = null",
      "device %s ends at another time than by the log" % reader.id, "an end set")
wrong(member % "sign_public = box_public",
      member % ("sign_public = '\\x%s'" % reader.sign.hex()),
      "device %s has other keys than by the log" % reader.id, "a key exchanged")
wrong("update vault.members set status = 'approved' where %s and id = '%s'" % (here, gone.id),
      "update vault.members set status = 'revoked' where %s and id = '%s'" % (here, gone.id),
      "device %s is revoked by the log, in the table it is not" % gone.id, "a revocation taken back")
wrong("update vault.members set status = 'approved' where %s and id = '%s'" % (here, waiting.id),
      "update vault.members set status = 'pending' where %s and id = '%s'" % (here, waiting.id),
      "device %s is in the table, not in the log" % waiting.id, "a device let in")
wrong(member % "status = 'pending'", member % "status = 'approved'",
      "device %s of the log is not in the table" % reader.id, "a device put out")
project = "update vault.projects set %%s where id = '%s'" % t.id
wrong(project % "log_count = log_count + 1", project % "log_count = log_count - 1",
      "the log has 6 entries, the table says 7", "a longer log said")
wrong(project % "joins = array[joins[2], joins[1]]", project % "joins = array[joins[2], joins[1]]",
      "joins are not the keys that the log names", "VAULT_KEYs exchanged")
head = "update vault.heads set %%s where %s and environment = '%%s'" % here
wrong(head % ("cut_seq = 0, cut_version = 0", "dev"), head % ("cut_seq = 5, cut_version = 3", "dev"),
      "dev was cut elsewhere than the table says", "a cut taken away")
wrong(head % ("version = 3", "dev"), head % ("version = 4", "dev"),
      "dev ends at another version than the table says", "a newest version hidden")
wrong(head % ("blobs = blobs + 1", "dev"), head % ("blobs = blobs - 1", "dev"),
      "dev keeps the content of 4 pushes, the table says 5", "a content more said")
size = int(sql("select bytes from vault.heads where %s and environment = 'dev'" % here))
wrong(head % ("bytes = 1", "dev"), head % ("bytes = %d" % size, "dev"),
      "dev takes %d bytes, the table says 1" % size, "another size said")
nobody = "ffffffff-0000-4000-8000-000000000000"
key = "update vault.member_keys set %%s where %s and member_id = '%%s'" % here
wrong(key % ("member_id = '%s'" % nobody, waiting.id), key % ("member_id = '%s'" % waiting.id, nobody),
      "a request key is of device %s, which is not in the table" % nobody, "a request key of nobody")
wrong(key % ("retired = false", reader.id), key % ("retired = true", reader.id),
      "a request key of device %s is of an older VAULT_KEY, and the table accepts it" % reader.id,
      "a request key taken up again")
wrong(key % ("retired = true", waiting.id), key % ("retired = false", waiting.id),
      "a request key of device %s is of the newest VAULT_KEY, and the table refuses it" % waiting.id,
      "... or retired too early")
wrong(key % ("generation = 2", waiting.id), key % ("generation = 1", waiting.id),
      "a request key of device %s is of a VAULT_KEY that the log does not have" % waiting.id,
      "... or of a VAULT_KEY that is none")
same(sql("delete from vault.member_keys where %s and member_id = '%s'; "
         "select count(*) from vault.member_keys where %s and member_id = '%s'"
         % (here, reader.id, here, reader.id)), "0", "a device without a request key")
same(vault("--check-log").returncode, 0, "... is nothing wrong: it registers another")
newest = ("%s and key_id = (select key_id from vault.heads where %s and environment = 'dev')"
          % (here, here))
wrap = "update vault.wraps set %%s where %s and member_id = '%%s'" % newest
wrong("create table kept as select * from vault.wraps where %s and member_id = '%s';"
      "delete from vault.wraps where %s and member_id = '%s'" % (newest, reader.id, newest, reader.id),
      "insert into vault.wraps select * from kept; drop table kept",
      "device %s may read dev, and has no key of its version 4: a writer runs vault-env share --env dev"
      % reader.id, "a key taken away")
wrong("insert into vault.wraps select project_id, environment, key_id, '%s', 1, wrap "
      "from vault.wraps where %s limit 1" % (nobody, newest),
      "delete from vault.wraps where %s and member_id = '%s'" % (newest, nobody),
      "a key of dev is for device %s, which is not in the log" % nobody, "a key for nobody")
wrong("insert into vault.wraps select project_id, environment, key_id, '%s', 1, wrap from vault.wraps "
      "where %s and environment = 'test' limit 1" % (reader.id, here),
      "delete from vault.wraps where %s and environment = 'test' and member_id = '%s'" % (here, reader.id),
      "a key of test is for device %s, which could never read it" % reader.id,
      "a key for a device that may not read")
wrong(wrap % ("generation = 2", reader.id), wrap % ("generation = 1", reader.id),
      "a key of dev for device %s is of a VAULT_KEY that the log does not have" % reader.id,
      "a key of a VAULT_KEY that is none")
wrong("insert into vault.wraps select project_id, environment, sha256('x'), member_id, 1, wrap "
      "from vault.wraps where %s and member_id = '%s'" % (newest, reader.id),
      "delete from vault.wraps where %s and key_id = sha256('x')" % here,
      "a key of dev for device %s is of no version of it" % reader.id, "a key of no version")
record = "update vault.records set %%s where %s and environment = 'dev' and version = %%d" % here
wrong(record % ("blob = set_byte(blob, 30, get_byte(blob, 30) # 1)", 4),
      record % ("blob = set_byte(blob, 30, get_byte(blob, 30) # 1)", 4),
      "version 4 of dev: its content is not what was signed", "a content changed")
wrong(record % ("author = '%s'" % reader.id, 4), record % ("author = '%s'" % t.admin.id, 4),
      "version 4 of dev is good, what the table says beside it is not", "another author said")
flip = "set_byte(record, %s, get_byte(record, %s) # 1)" % (("octet_length(record) - 1",) * 2)
wrong(record % ("record = " + flip, 2), record % ("record = " + flip, 2),
      "version 2 of dev is refused (record_signature)", "a signature changed")
sql("update vault.records set version = 9 where %s and environment = 'dev' and version = 3" % here)
r = vault("--check-log")
contains(r.stdout, "version 4 of dev is refused (record_link)", "a version taken out")
sql("update vault.records set version = 3 where %s and environment = 'dev' and version = 9" % here)
for table in "heads", "records":
    sql("create table kept_%s as select * from vault.%s where %s and environment = 'test';"
        "delete from vault.%s where %s and environment = 'test'" % (table, table, here, table, here))
r = vault("--check-log")
same(r.stdout, "Project %s: test has no version, but entry 5 of the log names one.\n" % t.id,
     "an environment taken away")
for table in "heads", "records":
    sql("insert into vault.%s select * from kept_%s; drop table kept_%s" % (table, table, table))
flip = "set_byte(entry, %s, get_byte(entry, %s) # 1)" % (("octet_length(entry) - 1",) * 2)
entry = "update vault.log set %%s where %s and seq = %%d" % here
wrong(entry % ("entry = " + flip, 2), entry % ("entry = " + flip, 2),
      "entry 2 of the log is refused (log_join); what follows from the log was not looked at",
      "an entry changed")
wrong(entry % ("device_id = '%s'" % writer.id, 4), entry % ("device_id = '%s'" % gone.id, 4),
      "entry 4 of the log is good, what the table says beside it is not", "... what it is about")
same(vault("--check-log").returncode, 0, "and all is as it was")
done()
