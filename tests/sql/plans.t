#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# No call on the hot path reads a table from end to end, or by an index that
# does not begin with project_id: neither with plans made when the tables were
# empty, or small and analyzed, nor with those of a new session.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;
use V2;

my @tables = qw(projects devices environments secret_versions requests log
	members member_keys heads records wraps);
my $c = SqlTest->start;
my $db = $c->database('t');
my $p = $db->project('x');
my $A = "sha256(repeat('a', 64)::bytea)";
$db->ok("select vault.device_register('$p', " . signed('d')
	. ", '', 'n', $A, 100)");
$db->ok("select vault.secret_push('$p', " . signed('s')
	. ", '', $A, 'production', " . bytes(28, 'ee')
	. ", null, null, null, 9, 0, 0)");

my $t = V2->new($db);
$t->push_('admin', data => 'k', readers => ['admin']);
sub named
{
	my ($function, %arg) = @_;
	return "vault.$function(" . join(', ', map { "p_$_ => "
		. V2::quote($arg{$_}) } sort keys %arg) . ')';
}
my %who = (project => $t->{id}, key => $t->key('admin'), remote => '');
my %push = $t->push_args('admin');
my %append = $t->append_args('admin', kind => 2, of => 'x', role => 1,
	environments => '{none}');

my %call = (
	member_key => "vault.member_key('$t->{id}', " . $t->key('admin') . ')',
	record_push => named('record_push', %push, digest => 'DIGEST'),
	record_push_many => 'vault.record_push_many(' . join(', ', map {
		my ($name, $type) = split /:/;
		my %with = (%push, digest => 'sha256(gen_random_uuid()::text'
			. '::bytea)', (map { $_ => "decode('0000000000000000"
			. "00000011', 'hex')" } qw(wrap_member wrap)),
			max_bytes => 1000000, keep_versions => 1000);
		"p_$name => " . array($type // 'bytea', ($with{$name}) x 2) }
		qw(project:uuid key digest remote:text flaw:text
		environment:text version:bigint prev data_key op:int
		author:uuid log_seq:bigint log_hash record hash blob
		wrap_member wrap max_environments:int keep_versions:int
		max_bytes:bigint)) . ')',
	record_pull => named('record_pull', project => array('uuid', $t->{id},
		$p), key => array('bytea', $t->key('admin'), 'x'), remote =>
		array('text', '', ''), environment => array('text', 'dev',
		'e'), log_have => array('bigint', 0, 0), record_have =>
		array('bytea', undef, 'x'), records_from => array('bigint', 1,
		1), version => array('bigint', undef, 1)),
	record_poll => named('record_poll', project => array('uuid', $t->{id},
		$p), key => array('bytea', $t->key('admin'), 'x'),
		environment => array('text', 'dev', 'e')),
	record_heads => named('record_heads', %who),
	record_list => named('record_list', %who, environment => 'dev',
		from => 1, to => undef, blobs => 'true'),
	log_read => named('log_read', %who, path => 'log/read', role => 1,
		have => 0),
	log_append => named('log_append', %append, digest => 'DIGEST'),
	member_list => named('member_list', %who, after => undef),
	member_register => named('member_register', $t->register_args('new'),
		digest => 'DIGEST'),
	wrap_read => named('wrap_read', %who, environment => 'dev', all =>
		'true', after_key => undef, after_member => undef),
	wrap_add => named('wrap_add', %who, digest => 'DIGEST', environment =>
		'dev', data_key => array('bytea', hash('k')), member =>
		array('uuid', $t->device('admin')), wrap => array('bytea',
		bytes(80, '77'))),

	project_auth => "vault.project_auth('$p')",
	secret_pull => "vault.secret_pull(array['$p'::uuid, '$p',
		gen_random_uuid()], array[" . bytes(60, 'cd') . ', '
		. bytes(60, 'cd') . ", 'x'], array[sha256('q'), sha256('r'),
		'x'], array['', '', ''], array[$A, null, null],
		array['production', 'production', 'e'])",
	secret_pull_version => "vault.secret_pull_version('$p', DIGEST, '',
		$A, 'production', 1)",
	secret_push => "vault.secret_push('$p', DIGEST, '', $A, 'production',
		" . bytes(28, 'ee') . ", null, null, null, 9, 0, 0)",
	secret_push_keeping_some => "vault.secret_push('$p', DIGEST, '', $A,
		'production', " . bytes(28, 'ee') . ", null, null, null, 9, 1000, 0)",
	secret_push_many => "vault.secret_push_many(array['$p'::uuid, '$p'],
		array[" . bytes(60, 'cd') . ', ' . bytes(60, 'cd') . "],
		array[sha256(gen_random_uuid()::text::bytea),
		sha256(gen_random_uuid()::text::bytea)], array['', ''],
		array[$A, $A], array['production', 'production'], array["
		. bytes(28, 'ee') . ', ' . bytes(28, 'ee') . "], array[null,
		null], array[null, 1], array[null, 1], array[9, 9],
		array[1000, 1000], array[1000000, 0])",
	secret_current_version => "vault.secret_current_version(array['$p'::uuid,
		gen_random_uuid()], array[" . bytes(60, 'cd') . ", 'x'], " .
		"array[sha256('q'), sha256('r')], array['production', 'e'])",
	secret_versions => "vault.secret_versions('$p', DIGEST,
		'production')",
	secret_rollback => "vault.secret_rollback('$p', DIGEST, '',
		'production', 1, 0, 0)",
	device_list => "vault.device_list('$p', DIGEST)",
	device_register => "vault.device_register('$p', DIGEST, '', 'n', $A,
		100)",
);

# Called at a start, by housekeeping, by the operator, once for a project or a
# device, or to read the audit log.
my %rare = map { $_ => 1 } qw(audit_list audit_retain device_approve
	device_revoke housekeep log_proof project_create project_create_v2
	project_delete project_freeze project_joins project_set_key
	project_unfreeze request_refuse schema_version server_key_get
	server_key_init);
is join(' ', grep { !$call{$_} && !$rare{$_} } split /\n/, $db->ok("select
	proname from pg_proc where pronamespace = 'vault'::regnamespace and
	has_function_privilege('vault_server', oid, 'execute')")), '',
	'every other function of the server is called here';

my $load = "insert into vault.projects (id, name)
	select md5(i::text)::uuid, 'x' from generate_series(1, 20000) i;
	insert into vault.environments (project_id, name)
	select md5(i::text)::uuid, 'e' from generate_series(1, 20000) i;
	insert into vault.devices (project_id, name, hash, status)
	select md5(i::text)::uuid, 'd', sha256('d'), 'approved'
	from generate_series(1, 20000) i;
	insert into vault.secret_versions (project_id, environment, version,
		blob) select md5(i::text)::uuid, 'e', 1, sha256('b')
	from generate_series(1, 20000) i;
	insert into vault.requests (project_id, digest, path)
	select md5(i::text)::uuid, sha256('r'), 'secrets/push'
	from generate_series(1, 20000) i;
	insert into vault.members (project_id, id, name, sign_public,
		box_public, status, role, environments)
	select md5(i::text)::uuid, md5(i::text)::uuid, 'd', sha256('s'),
		sha256('b'), 'approved', 1, '{*}'
	from generate_series(1, 20000) i;
	insert into vault.member_keys (project_id, key_id, member_id, sealed,
		generation) select md5(i::text)::uuid, uuid_send(md5(i::text)
		::uuid), md5(i::text)::uuid, @{[bytes(60, '01')]}, 0
	from generate_series(1, 20000) i;
	insert into vault.log (project_id, seq, entry, hash, kind)
	select md5(i::text)::uuid, 0, 'e', sha256('e'), 1
	from generate_series(1, 20000) i;
	insert into vault.heads (project_id, environment, version, hash,
		key_id, updated_at) select md5(i::text)::uuid, 'dev', 1,
		sha256('h'), sha256('k'), now()
	from generate_series(1, 20000) i;
	insert into vault.records (project_id, environment, version, record,
		hash, key_id, op, log_seq, author, blob)
	select md5(i::text)::uuid, 'dev', 1, 'r', sha256('h'), sha256('k'), 0,
		0, md5(i::text)::uuid, @{[bytes(28, 'b1')]}
	from generate_series(1, 20000) i;
	insert into vault.wraps (project_id, environment, key_id, member_id,
		generation, wrap) select md5(i::text)::uuid, 'dev',
		sha256('k'), md5(i::text)::uuid, 0, @{[bytes(80, '77')]}
	from generate_series(1, 20000) i;";
my $scans = "select pg_stat_force_next_flush(); select relname, seq_scan from
	pg_stat_user_tables where relname in ('"
	. join("', '", @tables) . "') union all select indexrelname, idx_scan from
	pg_stat_user_indexes i where schemaname = 'vault' and (select a.attname
	from pg_attribute a join pg_index x on x.indexrelid = i.indexrelid
	where a.attrelid = i.relid and a.attnum = x.indkey[0]) not in
	('project_id', 'id', 'single') order by 1;\nselect 'mark';\n";

my $n = 0;
sub calls
{
	my ($name) = @_;
	return join '', map { "select count(*) from "
		. ($call{$name} =~ /=>/
			? $call{$name} =~ s/'DIGEST'/digest('q' . $n++)/er
			: $call{$name} =~ s/DIGEST/signed('q' . $n++)/er)
		. ";\n" }
		1 .. 12;
}

sub counts { return $_[0] =~ s/^\d*\n|^\n//gmr }

# One session from small tables to full ones, without another look at them.
sub grown
{
	my ($tables) = @_;
	my $script = join '', map { calls($_) } sort keys %call;
	$script .= "select 'mark';\n$load\n";
	$script .= $scans . join('', map { calls($_) . $scans } sort keys %call);
	my @part = map { counts($_) } split /^mark\n?/m, $db->ok($script);
	shift @part;
	for my $name (sort keys %call) {
		is $part[1], $part[0], "$name: plans made on $tables";
		shift @part;
	}
	like $part[0], qr/^secret_versions\|\d+$/m, 'counters are there';
	like $part[0], qr/^requests_at_idx\|\d+$/m, '... of indexes too';
}

grown('empty tables');

# New sessions, before and after ANALYZE.
for my $when ('not analyzed', 'analyzed') {
	$db->ok("analyze") if $when eq 'analyzed';
	for my $name (sort keys %call) {
		my ($before, $after) = map { counts($_) } split /^mark\n?/m,
			$db->ok($scans . calls($name) . $scans);
		is $after, $before, "$name: a new session, $when";
	}
}

# Small again, and known to be.
$db->ok('set session_replication_role = replica; ' . join '', map {
	"delete from vault.$_ where @{[$_ eq 'projects' ? 'id' : 'project_id']}
	not in ('$p', '$t->{id}');" } @tables);
$db->ok('vacuum full analyze');
grown('small tables that were analyzed');

# And the counters do see a scan.
my ($before, $after) = map { counts($_) } split /^mark\n?/m,
	$db->ok($scans . "select count(blob) from vault.secret_versions;\n"
	. $scans);
isnt $after, $before, 'a sequential scan is noticed';

done_testing;
