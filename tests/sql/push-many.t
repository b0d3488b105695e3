#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# secret_push_many: many pushes in one statement. What it does, it does as
# secret_push() would; whom it would have to refuse, or to wait for, it leaves
# out, and for them nothing happens at all.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my $n = 0;

sub quoted { return defined $_[0] ? "'$_[0]'" : 'null' }

# Each push: {project, env, base, hash, key, digest, blob (its length), keep,
# room}. The answers, in order: 'outcome|version'.
sub statement
{
	my @pushes = @_;
	my $list = sub { my ($type, $of) = @_;
		'array[' . join(', ', map { $of->($_) } @pushes) . "]::${type}[]" };

	return 'select outcome, version from vault.secret_push_many('
		. join(', ', $list->('uuid', sub { quoted($_->{project}) }),
		$list->('bytea', sub { bytes(60, $_->{key} // 'cd') }),
		$list->('bytea', sub { digest($_->{digest} // 'm' . $n++) }),
		$list->('text', sub { "'10.0.0.7'" }),
		$list->('bytea', sub { $_->{hash} ? digest($_->{hash}) : 'null' }),
		$list->('text', sub { quoted($_->{env} // 'production') }),
		$list->('bytea', sub { bytes($_->{blob} // 28, 'e1') }),
		$list->('text', sub { quoted($_->{keys}) }),
		$list->('int', sub { $_->{count} // 'null' }),
		$list->('bigint', sub { $_->{base} // 'null' }),
		$list->('int', sub { 100 }),
		$list->('int', sub { $_->{keep} // 0 }),
		$list->('bigint', sub { $_->{room} // 0 })) . ')';
}

sub many { return [split /\n/, $db->as_server(statement(@_)), -1] }

sub singly
{
	my ($p, $env, $digest) = @_;
	return $db->as_server("select outcome, version from vault.secret_push("
		. "'$p', " . signed($digest // 's' . $n++) . ", '', null, "
		. "'$env', " . bytes(28, 'ee') . ', null, null, null, 100, 0, 0)');
}

sub versions
{
	my ($p, $env) = @_;
	return $db->ok("select string_agg(version::text, ' ' order by version)
		from vault.secret_versions where project_id = '$p' and
		environment = '$env'");
}

my $everything = "select (select count(*) from vault.requests), (select count(*)
	from vault.audit_log), (select count(*) from vault.secret_versions),
	(select sum(version) from vault.environments),
	(select sum(bytes) from vault.environments)";

my ($p, $q) = map { $db->project($_) } 'p', 'q';
is_deeply many({project => $p}, {project => $q}), ['|', '|'],
	'the first push of an environment is left out';
singly(@$_) for [$p, 'production'], [$p, 'staging'], [$q, 'production'];

# On shards all of them are.
if ($ENV{SQL_SHARDS}) {
	my $before = $db->ok($everything);
	is_deeply many({project => $p}, {project => $q}, {project => $p}),
		['|', '|', '|'], 'an answer for each';
	is $db->ok($everything), $before, '... and nothing is done';
	done_testing;
	exit;
}

# --- what is done
is_deeply many({project => $p, digest => 'one', keys => '["A"]', count => 1},
	{project => $q, blob => 40}, {project => $p}, {project => $p, env => 'staging'}),
	['00000|2', '00000|2', '00000|3', '00000|2'],
	'four pushes to three environments';
is versions($p, 'production'), '1 2 3', '... are stored';
is $db->ok("select octet_length(blob), changed_keys, key_count, version from
	vault.secret_versions where project_id = '$p' and version = 2 and
	environment = 'production'"), '28|["A"]|1|2', '... as they came';
is $db->ok("select outcome, environment, version, remote from vault.audit_log
	where action = 'secrets/push' and remote <> '' order by project_id = '$q',
	environment, version"), join("\n", map { "00000|$_|10.0.0.7" }
	'production|2', 'production|3', 'staging|2', 'production|2'),
	'... and audited';
is $db->ok("select e.version, e.bytes - (select sum(octet_length(blob)
	+ coalesce(octet_length(changed_keys), 0)) from vault.secret_versions s
	where s.project_id = e.project_id and s.environment = e.name),
	e.updated_at = (select max(s.created_at) from vault.secret_versions s
	where s.project_id = e.project_id and s.environment = e.name)
	from vault.environments e where project_id = '$p' and name = 'production'"),
	'3|0|t', '... and the environment counts them';
is singly($p, 'production', 'one'), '00000|2', 'a repeat learns what it stored';

my $A = $db->ok("select device_id from vault.device_register('$q', "
	. signed('a') . ", '', 'n', sha256('dev-a'), 100)");
$db->ok("select vault.device_register('$q', " . signed('b') . ", '', 'n',
	sha256('dev-b'), 100)");
is_deeply many({project => $q, hash => 'dev-a'}), ['00000|3'], 'by a device';
is $db->ok("select d.last_seen_at is not null, s.device_id = d.id from
	vault.devices d, vault.secret_versions s where d.id = '$A' and
	s.project_id = '$q' and s.version = 3"), 't|t', '... which is noted';
is_deeply many(map { {project => $q, hash => 'dev-a', base => $_} } 3, 3, 4),
	['00000|4', '|', '|'], 'of those that name a base, the first is done';

# --- who is left out, and leaves nothing behind
my $frozen = $db->project('frozen');
singly($frozen, 'production');
$db->ok("update vault.projects set frozen = true where id = '$frozen'");
my $before = $db->ok($everything);
for (['unknown project', {project => '00000000-0000-4000-8000-000000000000'}],
	['replaced key', {project => $p, key => 'ce'}],
	['frozen project', {project => $frozen}],
	['unknown environment', {project => $p, env => 'nowhere'}],
	['device that waits', {project => $q, hash => 'dev-b'}],
	['unknown device', {project => $q, hash => 'dev-z'}],
	['no device', {project => $q}],
	['another base', {project => $p, base => 2}],
	['signature that was used', {project => $p, digest => 'one'}],
	['used-up quota', {project => $p, room => 100}]) {
	my ($name, $push) = @$_;
	is_deeply many($push), ['|'], "left out: $name";
}
is $db->ok($everything), $before, '... and nothing is done';
is_deeply many({project => $p, room => 140}, {project => $p, room => 140,
	env => 'staging'}), ['|', '|'], 'quota: 140 bytes are taken already';
is_deeply many({project => $p, room => 190}, {project => $p, room => 190,
	env => 'staging'}), ['00000|4', '|'], '... and room for one is not for two';
is_deeply many(({project => $p, digest => 'same'}) x 3), ['00000|5', '|', '|'],
	'one signature three times';
is_deeply many({project => $q}, {project => $p}, {project => $frozen},
	{project => $p}), ['|', '00000|6', '|', '00000|7'],
	'the others among them are done';

# --- a locked row
my $holder = $db->_start("begin; select from vault.environments where
	project_id = '$p' and name = 'production' for update; select 'locked';\n");
SqlTest::Database::_until(sub { -s $holder->{out}->filename });
is_deeply many({project => $p}, {project => $p, env => 'staging'}),
	['|', '00000|3'], 'a row that is locked is passed by';
print { $holder->{in} } "rollback;\n";
SqlTest::Database::_finish($holder);

# --- old versions go
is_deeply many(map { {project => $p, keep => 10} } 1 .. 6),
	[map { "00000|$_" } 8 .. 13], 'six more, of which ten are to stay';
is versions($p, 'production'), join(' ', 4 .. 13), '... and they do';
is $db->ok("select bytes from vault.environments where project_id = '$p' and
	name = 'production'"), 10 * 28, '... and those that went do not count';

# --- at once
my @all = map { $db->project("at once $_") } 1 .. 4;
singly($_, 'production') for @all;
my @answers = $db->at_once((map { statement(map { {project => $_} } @all, @all) }
	1 .. 6), map { "select outcome, version from vault.secret_push('$all[0]', "
	. signed("o$_") . ", '', null, 'production', " . bytes(28, 'ee')
	. ', null, null, null, 100, 0, 0)' } 1 .. 3);
my @done = map { /^00000\|(\d+)$/mg } @answers;
is scalar(grep { /^\w+ / } @answers), 0, 'six such statements at once, and pushes';
is $db->ok("select count(*) from vault.secret_versions where project_id in ('"
	. join("', '", @all) . "')"), @done + 4, '... what was answered is stored';
is versions($_, 'production'), join(' ', 1 .. $db->ok("select version from
	vault.environments where project_id = '$_' and name = 'production'")),
	'... without a gap' for @all;

done_testing;
