#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# record_push_many: many pushes of protocol v2 in one statement. What it does, it
# does as record_push() would; whom it would have to refuse, or to wait for, or
# who brings a new data key, it leaves out, and for them nothing happens.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;
use V2;

my $c = SqlTest->start;
my $db = $c->database('t');
my %type = (project => 'uuid', author => 'uuid', (map { $_ => 'bigint' }
	qw(version log_seq max_bytes)), (map { $_ => 'int' } qw(op
	max_environments keep_versions)), map { $_ => 'text' } qw(remote flaw
	environment));
# As db/array.c writes an array of none, and one of one element.
my %wraps = (none => "decode('000000000000000000000011', 'hex')",
	one => "decode('00000001', 'hex')");

# Each push: [team, who, what record_push is told otherwise]. wraps: none or one.
sub statement
{
	my @pushes = map {
		my ($team, $who, %o) = @$_;
		my $wraps = $wraps{delete $o{wraps} // 'none'};
		my %arg = $team->push_args($who, remote => '10.0.0.8', %o);
		+{%arg, wrap_member => $wraps, wrap => $wraps};
	} @_;

	return 'select outcome, code, version from vault.record_push_many('
		. join(', ', map { my $name = $_; "p_$name => " . array(
		$type{$name} // 'bytea', map { $_->{$name} } @pushes) }
		sort keys %{$pushes[0]}) . ')';
}

sub many { return [split /\n/, $db->as_server(statement(@_)), -1] }

# The team goes on from what is stored of dev.
sub follow
{
	my ($team) = @_;
	my ($version, $hash) = split /\|/, $db->ok("select version,
		encode(hash, 'hex') from vault.heads where project_id =
		'$team->{id}' and environment = 'dev'");

	$team->{env}{dev} = {%{$team->{env}{dev}}, version => $version,
		hash => "decode('$hash', 'hex')"};
}

my $everything = "select (select count(*) from vault.requests), (select count(*)
	from vault.audit_log), (select count(*) from vault.records),
	(select sum(version) from vault.heads), (select sum(bytes) from
	vault.heads), (select sum(blobs) from vault.heads)";

my ($t, $u) = map { V2->new($db) } 1, 2;
$t->admit(@$_) for ['writer', 2, '{dev}'], ['reader', 1, '{dev}'],
	['late', 2, '{dev}', expires => 1], ['gone', 2, '{none}'],
	['other', 2, '{dev,prod}'], ['lost', 2, '{dev}'];
is $t->push_('admin', data => 'k', readers => [qw(admin writer reader late other lost)]),
	'00000||1', 'the first version of an environment';
$t->push_('admin', env => 'prod', data => 'p', readers => ['admin', 'other']);
$u->push_('admin', data => 'k', readers => ['admin']);

# On shards all are left out.
if ($ENV{SQL_SHARDS}) {
	my $before = $db->ok($everything);
	is_deeply many([$t, 'admin'], [$u, 'admin']), ['||', '||'],
		'an answer for each';
	is $db->ok($everything), $before, '... and nothing is done';
	done_testing;
	exit;
}

# --- what is done
is_deeply many([$t, 'writer', digest => hash('one')], [$u, 'admin'],
	[$t, 'admin', env => 'prod']), ['00000||2', '00000||2', '00000||2'],
	'three pushes to three environments';
is $db->ok("select h.version, h.hash = r.hash, h.blobs, h.bytes = (select
	sum(octet_length(record) + octet_length(blob)) from vault.records x where
	x.project_id = h.project_id and x.environment = h.environment),
	h.updated_at is not null, r.author, r.op, r.log_seq, encode(r.blob, 'hex')
	from vault.heads h join vault.records r on r.project_id = h.project_id
	and r.environment = h.environment and r.version = h.version
	where h.project_id = '$t->{id}' and h.environment = 'dev'"),
	join('|', 2, 't', 2, 't', 't', $t->device('writer'), 0, $t->{count} - 1,
	'b1' x 28), '... are stored, and their environments know it';
is $db->ok("select outcome, environment, version, device_id = any(array['"
	. join("', '", map { $t->device($_) } qw(writer admin)) . "', '"
	. $u->device('admin') . "']::uuid[]) from vault.audit_log where
	remote = '10.0.0.8' order by environment, project_id"),
	join("\n", ('00000|dev|2|t') x 2, '00000|prod|2|t'), '... and audited';
is $db->ok("select count(*) from vault.members where last_seen_at is not null and
	id = '" . $t->device('writer') . "'"), 1, '... and the device was seen';
follow($t);
is V2::call($db, 'outcome, version', 'record_push', $t->push_args('writer',
	digest => hash('one'))), '00000|2', 'a repeat learns what it stored';

# --- who is left out, and leaves nothing behind
$t->register('waits');
$db->ok("update vault.members set status = 'revoked' where id = '"
	. $t->device('lost') . "'");
$db->ok("update vault.member_keys set retired = true where project_id =
	'$t->{id}' and key_id = " . $t->key('other'));
my $before = $db->ok($everything);
for (['a record that is not good', 'writer', flaw => 'blob_hash'],
	['a new data key', 'writer', wraps => 'one'],
	['no such project', 'writer', project => '00000000-0000-4000-8000-000000000000'],
	['an unknown key', 'writer', key => bytes(16, 'ff')],
	['a key of an older VAULT_KEY', 'other'], ['a device that waits', 'waits'],
	['one that was removed', 'lost'], ['a reader', 'reader'], ['one that has expired', 'late'],
	['one without the environment', 'gone'],
	['the record of another', 'writer', author => $t->device('admin')],
	['a log that is not this one', 'writer', log_hash => hash('x')],
	['the present version', 'writer', version => 2],
	['a version to come', 'writer', version => 4],
	['a record behind another', 'writer', prev => hash('x')],
	['another data key', 'writer', data_key => hash('x')],
	['a new environment', 'admin', env => 'new'],
	['a MAC that was used', 'writer', digest => hash('one')],
	['a used-up quota', 'writer', max_bytes => 100]) {
	my ($name, @push) = @$_;
	is_deeply many([$t, @push]), ['||'], "left out: $name";
}
is $db->ok($everything), $before, '... and nothing is done';
is_deeply many([$t, 'writer'], [$t, 'admin']), ['00000||3', '||'],
	'of two to one environment the first is done';

follow($t);
my $holder = $db->_start("begin; select from vault.heads where project_id =
	'$t->{id}' and environment = 'dev' for update; select 'locked';\n");
SqlTest::Database::_until(sub { -s $holder->{out}->filename });
is_deeply many([$t, 'writer']), ['||'], 'a row that is locked is passed by';
print { $holder->{in} } "rollback;\n";
SqlTest::Database::_finish($holder);

# --- a confirm, old versions, a cut
is_deeply many([$t, 'writer', op => 2]), ['00000||4'], 'a confirm';
follow($t);
is_deeply many([$t, 'writer']), ['||'], '... what follows it is left out';
$t->push_('writer');
for my $version (6 .. 14) {
	follow($t);
	is_deeply many([$t, 'writer', keep_versions => 10]),
		["00000||$version"], "version $version, of which ten are to stay";
}
is $db->ok("select blobs, (select count(*) from vault.records r where r.blob is not
	null and r.project_id = h.project_id and r.environment = h.environment),
	bytes - (select sum(octet_length(blob) + octet_length(record)) from
	vault.records r where r.blob is not null and r.project_id = h.project_id
	and r.environment = h.environment) > 0 from vault.heads h where
	project_id = '$t->{id}' and environment = 'dev'"), '10|10|t', '... do';
follow($t);
is $t->append('admin', kind => 4, of => 'reader', cuts => [$t->cut('dev')]),
	"00000||$t->{count}", 'a removal cuts the environment';
is_deeply many([$t, 'writer']), ['||'], '... and its data key is not gone on with';
$t->push_('writer', data => 'l', readers => [qw(admin writer late other)]);
is_deeply many([$t, 'writer', log_seq => 0, log_hash => hash($t->{root})]), ['||'],
	'a record behind a cut does not name a log before it';
is_deeply many([$t, 'writer']), ["00000||16"], '... but that of today';

done_testing;
