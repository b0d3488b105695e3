#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Secrets: push, pull, current_version, versions, rollback; the device check,
# replays, base_version, bounds, audit.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my $p = $db->project('x');
my $nobody = '00000000-0000-4000-8000-000000000000';
my $used = 'VE091 Signature already used for another request';
my $n = 0;

sub quoted { return defined $_[0] ? "'$_[0]'" : 'null' }

sub hashed { return defined $_[0] ? digest($_[0]) : 'null' }

sub push_
{
	my (%o) = @_;
	return $db->as_server(sprintf "select outcome, version from vault.secret_push('%s', "
		. "%s, '10.0.0.4', %s, '%s', %s, %s, %s, %s, %d, %d, %d)",
		$o{project} // $p, signed($o{digest} // 'p' . $n++),
		hashed($o{hash}), $o{env} // 'production',
		bytes(28, $o{blob} // 'e1'), quoted($o{keys}),
		$o{count} // 'null', $o{base} // 'null', $o{max} // 100,
		$o{keep} // 0, $o{room} // 0);
}

sub pull
{
	my (%o) = @_;
	my @args = ("'" . ($o{project} // $p) . "'::uuid", bytes(60, 'cd'),
		digest($o{digest} // 'l' . $n++), "'10.0.0.5'",
		hashed($o{hash}) . '::bytea', "'" . ($o{env} // 'production')
		. "'");
	return $db->as_server("select outcome, left(encode(blob, 'hex'), 2), "
		. 'version from ' . ($o{version} ? 'vault.secret_pull_version('
		. join(', ', @args, $o{version}) : 'vault.secret_pull('
		. join(', ', map { "array[$_]" } @args)) . ')');
}

sub rollback
{
	my ($version, %o) = @_;
	return $db->as_server(sprintf "select * from vault.secret_rollback("
		. "'%s', %s, '10.0.0.6', '%s', %d, %d, %d)", $o{project} // $p,
		signed($o{digest} // 'b' . $n++), $o{env} // 'production',
		$version, $o{keep} // 0, $o{room} // 0);
}

sub current
{
	my (%o) = @_;
	return $db->as_server(sprintf
		"select * from vault.secret_current_version(array['%s']::uuid[], "
		. "array[%s], array[%s], array['%s'])", $o{project} // $p,
		bytes(60, 'cd'), digest($o{digest} // 'c' . $n++),
		$o{env} // 'production');
}

sub version { return (split /\|/, current())[1] }

sub versions
{
	my (%o) = @_;
	return $db->as_server(sprintf
		"select version, changed_keys from vault.secret_versions('%s', "
		. "%s, '%s')", $o{project} // $p,
		signed($o{digest} // 'v' . $n++), $o{env} // 'production');
}

sub audit
{
	my ($action) = @_;
	return $db->ok("select outcome, device_id, environment, version, remote
		from vault.audit_log where project_id = '$p' and
		action = '$action' order by at");
}

sub rows { return $db->ok("select count(*) from vault.$_[0]") }

# --- no device ------------------------------------------------------------
is current(), '00000|0|', 'nothing stored: version 0, no time';
is pull(), 'VE042||', 'nothing to pull';
is pull(version => 1), 'VE043||', '... by number either';
is versions(), '', 'no versions';
is push_(digest => 'one', keys => '["+A","+B"]', count => 2, base => 0),
	'00000|1', 'first push';
is push_(digest => 'two', blob => 'e2', base => 1), '00000|2', 'second';
is pull(), '00000|e2|2', 'pull the newest';
is pull(version => 1), '00000|e1|1', 'pull the first';
is pull(version => 3), 'VE043||', 'pull one to come';
like current(), qr/^00000\|2\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'current';
is versions(), "2|\n1|[\"+A\",\"+B\"]", 'versions, newest first';
is $db->ok("select key_count, device_id from vault.secret_versions where
	project_id = '$p' and version = 1"), '2|', 'key_count is kept';
is $db->ok("select e.updated_at = s.created_at from vault.environments e
	join vault.secret_versions s using (project_id, version)
	where project_id = '$p' and e.name = s.environment"), 't',
	'updated_at is the time of the newest version';
is audit('secrets/push'), "00000||production|1|10.0.0.4\n"
	. '00000||production|2|10.0.0.4', 'pushes are audited';
is audit('secrets/pull'), join("\n", map { "$_|10.0.0.5" }
	'VE042||production|', 'VE043||production|', '00000||production|2',
	'00000||production|1', 'VE043||production|'),
	'pulls are audited, with what came of them';

# --- unknown --------------------------------------------------------------
my $no_project = 'VE040 Project not found';
for ([\&pull, 'pull', 'VE041||', 'VE040||'],
	[\&current, 'current', 'VE041||', 'VE040||'],
	[\&versions, 'versions', 'VE041 Environment not found', $no_project]) {
	my ($call, $name, $no_environment, $no_project) = @$_;
	is $call->(env => 'nope'), $no_environment, "$name: unknown environment";
	is $call->(project => $nobody), $no_project, "$name: unknown project";
}
is rollback(1, env => 'nope'), 'VE041 Environment not found',
	'rollback: unknown environment';
is rollback(1, project => $nobody), 'VE040 Project not found',
	'rollback: unknown project';
is push_(project => $nobody), 'VE040 Project not found',
	'push: unknown project';

# --- base_version ---------------------------------------------------------
my $before = rows('secret_versions') . rows('requests')
	. rows('environments');
is push_(base => 0), 'VE092|2', 'stale base_version: the current one';
is push_(base => 3), 'VE092|2', 'base_version to come';
is push_(env => 'fresh', base => 1), 'VE092|0',
	'base_version of an environment that is not';
is rows('secret_versions') . rows('requests') . rows('environments'),
	$before, 'a conflict stores nothing, and keeps no signature';
is audit('secrets/push') =~ s/.*\n(?=(?:.*\n){2}.*\z)//sr,
	"VE092||production|2|10.0.0.4\nVE092||production|2|10.0.0.4\n"
	. 'VE092||fresh|0|10.0.0.4', 'but is audited';
is push_(digest => 'conflict', base => 1), 'VE092|2', 'a conflict';
is push_(digest => 'conflict', base => 1), 'VE092|2', '... sent again';

# --- replay ---------------------------------------------------------------
is push_(digest => 'one', base => 0), '00000|1',
	'a push sent again: the version of the first time';
is push_(digest => 'one', base => 77, blob => 'e9'), '00000|1',
	'... whatever else it says';
is version(), 2, '... and nothing is stored';
my $q = $db->project('y');
is push_(digest => 'one', project => $q), '00000|1',
	'a digest belongs to one project';
is rollback(1, digest => 'one'), $used, 'push is no rollback';
is pull(digest => 'one'), 'VE091||', '... no pull';
is pull(digest => 'one', version => 1), $used, '... no pull by number';
is current(digest => 'one'), 'VE091||', '... no current-version';
is versions(digest => 'one'), $used, '... no versions';
is $db->as_server("select * from vault.device_register('$p', "
	. signed('one') . ", '', 'n', sha256(repeat('a', 64)::bytea), 9)"), $used,
	'... no register';
is $db->ok("select count(*) from vault.devices"), 0, '... really none';

is rollback(1, digest => 'back'), '00000|3', 'rollback';
is pull(), '00000|e1|3', '... brings the old blob back';
is push_(blob => 'e4', base => 3), '00000|4', 'a push after it';
is rollback(1, digest => 'back'), '00000|3', 'rollback sent again';
is pull(), '00000|e4|4', '... changes nothing';
is push_(digest => 'back'), $used, 'rollback is no push';
is rollback(9), 'VE043 Version not found', 'rollback to none';
is rollback(5), 'VE043 Version not found',
	'rollback to the very version it would make';
is version(), 4, '... takes no number';
is $db->ok("select changed_keys, key_count from vault.secret_versions where
	project_id = '$p' and version = 3"), '["rollback_from_v1"]|2',
	'changed_keys of a rollback';
is audit('secrets/rollback'), '00000||production|3|10.0.0.6',
	'audited once';

is pull(digest => 'read'), '00000|e4|4', 'a pull';
is pull(digest => 'read'), '00000|e4|4', '... may be sent again';
is current(digest => 'poll'), current(digest => 'poll'),
	'current-version too';
is pull(digest => 'old', version => 1), '00000|e1|1', 'a pull by number';
is pull(digest => 'old', version => 1), '00000|e1|1', '... twice';
is rollback(1, digest => 'old'), $used,
	'... has the body of a rollback and is none';

# --- environments ---------------------------------------------------------
is push_(env => 'preview', max => 4), '00000|1', 'push makes one';
is push_(env => 'one-more', max => 4, digest => 'many'),
	'VE094|', 'bound';
is push_(env => 'preview', max => 4), '00000|2', '... not for known ones';
is push_(env => 'one-more', max => 5, digest => 'many'), '00000|1',
	'what was refused may be sent again';
is push_(env => 'preview', base => 0, max => 5), 'VE092|2',
	'a conflict at the bound';
is $db->ok("select count(*) from vault.environments where
	project_id = '$p'"), 5, 'five in all';
like push_(env => 'a b'), qr/^23514 .*environments_name_check/,
	'a name outside the grammar';
like $db->as_server("select vault.secret_push('$p', " . signed('short')
	. ", '', null, 'production', " . bytes(27, 'ee')
	. ", null, null, null, 9, 0, 0)"), qr/^23514 .*secret_versions_blob_check/,
	'a blob of 27 bytes is none';
like $db->as_server("select vault.secret_push('$p', " . bytes(60, 'cd') . ", '\\x00', '', null,
	'production', " . bytes(28, 'ee') . ", null, null, null, 9, 0, 0)"),
	qr/^23514 .*requests_digest_check/, 'a digest of one byte is none';

# --- devices --------------------------------------------------------------
sub register
{
	my ($hash) = @_;
	return $db->ok("select device_id from vault.device_register('$p', "
		. signed('reg' . $n++) . ", '', 'n', sha256(repeat('$hash', 64)::bytea), 9)");
}
my ($good, $wait) = (register('a'), register('b'));
my ($A, $B, $Z) = map { $_ x 64 } qw(a b f);
$db->ok("delete from vault.audit_log");
my $made = rows('secret_versions');

is push_(hash => $A, env => 'dev', blob => 'da'), '00000|1',
	'an approved device pushes';
is pull(hash => $A, env => 'dev'), '00000|da|1', '... and pulls';
is $db->ok("select device_id from vault.secret_versions where
	project_id = '$p' and environment = 'dev'"), $good,
	'the version names its device';
for ([pull => \&pull], [push => \&push_]) {
	my ($name, $call) = @$_;
	my @extra = $name eq 'push' ? ('') : ('|');
	is $call->(hash => $B, env => 'dev', digest => "$name-b"),
		"VE030|$extra[0]", "$name: pending device";
	is $call->(hash => $Z, env => 'dev'), "VE031|$extra[0]",
		"$name: unknown device";
	is $call->(env => 'dev'), "VE031|$extra[0]", "$name: no device hash";
	is $call->(hash => '', env => 'dev'), "VE031|$extra[0]",
		"$name: empty device hash";
	is $call->(hash => uc $A, env => 'dev'), "VE031|$extra[0]",
		"$name: hash in upper case";
	is audit("secrets/$name"), "00000|$good|dev|1|10.0.0."
		. ($name eq 'push' ? 4 : 5) . "\n"
		. join("\n", map { "$_|dev||10.0.0."
		. ($name eq 'push' ? 4 : 5) } "VE030|$wait", ('VE031|') x 4),
		"$name: refusals are audited";
}
is rows('secret_versions'), $made + 1, 'refused pushes store nothing';
is pull(hash => $A, env => 'nope'), 'VE041||',
	'device first, then the environment';
is pull(env => 'nope'), 'VE031||', '... not the other way round';

$db->ok("select vault.device_approve('$p', " . signed('ok') . ", '', '$wait')");
is push_(hash => $B, env => 'dev', digest => 'push-b'), '00000|2',
	'the refused push, sent again once approved';
$db->ok("select vault.device_revoke('$p', " . signed('no') . ", '', '$wait')");
is push_(hash => $B, env => 'dev'), 'VE031|', 'revoked: no push';
is pull(hash => $B, env => 'dev'), 'VE031||', '... no pull';
is push_(hash => $B, env => 'dev', digest => 'push-b'), '00000|2',
	'what it did before keeps its answer';
like current(env => 'dev'), qr/^00000\|2\|/, 'current-version asks for no device';
is rollback(1, env => 'dev'), '00000|3', 'rollback neither';

# --- last_seen_at ---------------------------------------------------------
sub seen
{
	return $db->ok("select last_seen_at from vault.devices where
		id = '$good'");
}
my $seen = seen();
isnt $seen, '', 'last_seen_at is set';
pull(hash => $A, env => 'dev');
is seen(), $seen, '... and left alone within a minute';
$db->ok("update vault.devices set last_seen_at =
	now() - interval '61 seconds' where id = '$good'");
$seen = seen();
pull(hash => $A, env => 'dev');
isnt seen(), $seen, '... and set again after it';
is $db->ok("select last_seen_at > now() - interval '1 minute' from
	vault.devices where id = '$good'"), 't', '... to now';
is $db->ok("select last_seen_at is null from vault.devices where
	id = '$wait'"), 'f', 'seen while it was approved';

# --- 50 versions ----------------------------------------------------------
$db->ok("do \$\$ begin for i in 1..60 loop perform vault.secret_push('$q',
	" . bytes(60, 'cd') . ", sha256(i::text::bytea), '', null, 'staging', " . bytes(28, 'ee')
	. ", null, null, null, 9, 0, 0); end loop; end \$\$");
is versions(project => $q, env => 'staging'),
	join("\n", map { "$_|" } reverse 11 .. 60), 'the 50 newest versions';
like $db->as_server("select created_at from vault.secret_versions('$q', "
	. signed('t') . ", 'staging') limit 1"),
	qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'created_at';
$db->ok("select vault.audit('$q', 'long', '00000', null, null, null,
	repeat('x', 100))");
is $db->ok("select length(remote) from vault.audit_log where
	action = 'long'"), 64, 'remote is cut at 64 characters';

# --- a key that was replaced -----------------------------------------------
my $k = $db->project('key');
is push_(project => $k), '00000|1', 'a push by the present key';
$db->ok("update vault.projects set auth_key = " . bytes(60, 'ce')
	. " where id = '$k'");
my $rows_before = $db->ok("select (select count(*) from vault.requests),
	(select count(*) from vault.audit_log), (select count(*) from
	vault.secret_versions), (select count(*) from vault.devices)");
for my $call ("secret_push('$k', KEY, '', null, 'staging', "
		. bytes(28, 'ee') . ', null, null, null, 9, 0, 0)',
	"secret_pull_version('$k', KEY, '', null, 'production', 1)",
	"secret_versions('$k', KEY, 'production')",
	"secret_rollback('$k', KEY, '', 'production', 1, 0, 0)",
	"device_register('$k', KEY, '', 'n', sha256('d'), 9)",
	"device_list('$k', KEY)",
	"device_approve('$k', KEY, '', gen_random_uuid())",
	"device_revoke('$k', KEY, '', gen_random_uuid())") {
	is $db->as_server('select vault.'
		. $call =~ s/KEY/signed('k' . $n++)/er),
		'VE054 Auth key replaced', $call =~ s/\(.*//sr . ': the old key';
}
# Polls and pulls are answered many at once: each by itself, in their order.
my @polls = ([$p, 'poll', 'staging'], [$k, 'poll', 'production'],
	[$p, 'poll', 'nowhere'], [$nobody, 'poll', 'production'], [$p, 'one', 'staging'], [$p, 'poll', 'production']);
my $staging = current(env => 'staging') =~ s/\|[^|]*\z//r;
my $production = current() =~ s/\|[^|]*\z//r;
my $arrays = sprintf 'array[%s]::uuid[], array[%s], array[%s], ',
	join(',', map { "'$_->[0]'" } @polls),
	join(',', (bytes(60, 'cd')) x @polls),
	join(',', map { digest($_->[1]) } @polls);
my $environments = join ',', map { "'$_->[2]'" } @polls;
is $db->as_server('select outcome, version from '
	. "vault.secret_current_version($arrays array[$environments])"),
	join("\n", $staging, 'VE054|', 'VE041|', 'VE040|', 'VE091|', $production),
	'six polls in one statement';
isnt $staging, $production, '... of which these differ';
is $db->ok("select (select count(*) from vault.requests),
	(select count(*) from vault.audit_log), (select count(*) from
	vault.secret_versions), (select count(*) from vault.devices)"), $rows_before,
	'... and nothing is written';

$db->ok("delete from vault.audit_log; update vault.devices set last_seen_at =
	case when id = '$good' then now() - interval '2 minutes' end");
my @pulls = ([$p, 'a', $A, 'dev'], [$p, 'a', $B, 'dev'], [$p, 'a', undef, 'dev'],
	[$p, 'a', $Z, 'dev'], [$p, 'one', $A, 'dev'], [$k, 'a', undef, 'production'],
	[$nobody, 'a', undef, 'dev'], [$q, 'a', undef, 'staging'],
	[$q, 'a', $Z, 'development'], [$p, 'a', $A, 'nowhere'],
	[$p, 'a', $A, 'production'], [$p, 'a', $A, 'dev']);
my @wanted = ("00000|da|3|$good", "VE031|||$wait", 'VE031|||', 'VE031|||',
	'VE091|||', 'VE054|||', 'VE040|||', '00000|ee|60|', 'VE042|||',
	"VE041|||$good", "00000|e4|4|$good", "00000|da|3|$good");
my $pulls = 'select outcome, left(encode(blob, \'hex\'), 2), version, device_id '
	. sprintf 'from vault.secret_pull(array[%s]::uuid[], array[%s], '
	. 'array[%s], array[%s], array[%s]::bytea[], array[%s])',
	join(',', map { "'$_->[0]'" } @pulls),
	join(',', (bytes(60, 'cd')) x @pulls),
	join(',', map { digest($_->[1]) } @pulls),
	join(',', map { "'10.0.1.$_'" } 1 .. @pulls),
	join(',', map { hashed($_->[2]) } @pulls),
	join(',', map { "'$_->[3]'" } @pulls);
is $db->as_server($pulls), join("\n", @wanted), 'twelve pulls in one statement';
is $db->ok("select outcome, device_id, environment, version, remote from
	vault.audit_log where action = 'secrets/pull'
	order by split_part(remote, '.', 4)::int"), join("\n", map {
		my ($outcome, undef, $version, $device) =
			split /\|/, $wanted[$_], -1;
		$outcome =~ /VE040|VE054|VE091/ ? () : join '|', $outcome,
			$device, $pulls[$_][3], $version, '10.0.1.' . ($_ + 1)
	} 0 .. $#pulls), '... a row of the audit log for each whose signature counts';
is $db->ok("select id, last_seen_at > now() - interval '1 minute' from
	vault.devices where project_id = '$p' order by id <> '$good'"),
	"$good|t\n$wait|", '... and the device that may pull was seen';
my $holder = $db->_start("begin; update vault.devices set last_seen_at = null
	where id = '$good'; select 'held';\n");
SqlTest::Database::_until(sub { -s $holder->{out}->filename });
is $db->as_server("set statement_timeout = '5s'; $pulls"), join("\n", @wanted),
	'... nobody waits for the row of a device';
print { $holder->{in} } "commit;\n";
SqlTest::Database::_finish($holder);

# --- how many versions stay -------------------------------------------------
my $r = $db->project('retain');
push_(project => $r, env => 'staging') for 1 .. 14;
is push_(project => $r, env => 'staging', keep => 12), '00000|15',
	'a push that keeps twelve';
push_(project => $r, env => 'production');
my $first_version = "select min(version), count(*) from vault.secret_versions
	where project_id = '$r' and environment = 'staging'";
is $db->ok($first_version), '4|12', '... keeps twelve';
is versions(project => $r), '1|', '... and other environments';
is pull(project => $r, env => 'staging', version => 3), 'VE043||',
	'what went is not found';
is pull(project => $r, env => 'staging'), '00000|e1|15', 'the newest stays';
is push_(project => $r, env => 'staging', keep => 1), '00000|16', 'keep one';
is $db->ok($first_version), '7|10', '... is ten';
is rollback(16, project => $r, env => 'staging', keep => 10), '00000|17',
	'a rollback';
is $db->ok($first_version), '8|10', '... keeps as many';
push_(project => $r, env => 'staging') for 1 .. 40;
push_(project => $r, env => 'staging', keep => 10);
is $db->ok($first_version), '18|41', 'ten go at most';

# --- what a project may store -----------------------------------------------
my $full = $db->project('full');
my @room = (project => $full, room => 100);
my $stored = "select name, version, bytes from vault.environments
	where project_id = '$full' and version > 0 order by name";
is push_(@room), '00000|1', 'a version of 28 bytes, of 100';
is push_(@room, env => 'staging', keys => '["Ab"]'), '00000|1',
	'... and one with six of names';
is push_(@room), '00000|2', '... 90 in all';
is push_(@room), 'VE09F|', 'one too many';
is push_(@room, env => 'new'), 'VE09F|', '... in a new environment too';
is $db->ok($stored), "production|2|56\nstaging|1|34", 'nothing of it is stored';
is $db->ok("select count(*) from vault.secret_versions where project_id =
	'$full'"), 3, '... no version';
is $db->ok("select count(*) from vault.requests where project_id = '$full'"),
	3, '... no signature: sent again, it is judged anew';
is $db->ok("select outcome from vault.audit_log where project_id = '$full'
	order by at desc limit 1"), 'VE09F', 'it is in the audit log';
is rollback(1, @room), 'VE09F Project has used up its storage',
	'a rollback stores as well';
is pull(project => $full), '00000|e1|2', 'pulls go on';
is push_(project => $full, room => 118), '00000|3', 'raised: a push';
is rollback(1, project => $full, room => 166), '00000|4', '... a rollback';
is $db->ok($stored), "production|4|132\nstaging|1|34", '... with its names';
push_(project => $full, keep => 10) for 1 .. 8;
is $db->ok($stored), "production|12|300\nstaging|1|34",
	'what goes takes its bytes with it';
is $db->ok("select sum(octet_length(blob) + coalesce(octet_length(
	changed_keys), 0)) from vault.secret_versions where project_id = '$full'
	and environment = 'production'"), 300, '... exactly';
is push_(project => $r, room => 1), 'VE09F|', 'each project by itself';
is push_(project => $db->project('other'), room => 28), '00000|1',
	'... to the last byte';
$db->ok("update vault.environments set bytes = null where project_id = '$full'");
push_(project => $full);
is $db->ok($stored), "production|13|328\nstaging|1|",
	'what an older release stored is counted with the next push';

done_testing;
