#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What vault.fcgi --check-log and --restore call: the tables of a v2 project as
# they are, and as its log and records have it.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;
use V2;

my $c = SqlTest->start;
my $db = $c->database('t');
my $p = V2->new($db);
my $nobody = 'ffffffff-0000-4000-8000-000000000000';

sub call
{
	my ($columns, $function, %arg) = @_;
	return $db->as_rekey("select $columns from vault.$function(" . join(', ',
		map { "p_$_ => " . V2::quote($arg{$_}) } sort keys %arg) . ')');
}
sub of { my ($function, %o) = @_; return call('', $function, project => $p->{id}, %o) }
sub table
{
	my ($table, $columns, $where) = @_;
	return $db->ok("select $columns from vault.$table where project_id = "
		. "'$p->{id}'" . ($where ? " and $where" : '') . ' order by 1');
}

$p->admit('writer', 2, '{dev}');
$p->admit('reader', 1, '{dev,test}', expires => 1234);
$p->push_('writer', env => 'dev', data => 'k1', readers => [qw(admin writer reader)]);
$p->push_('writer', env => 'dev', op => 2);
$p->register('waiting');

# --- as it is
is call('id, log_count, log_hash = ' . $p->{head} . ', cardinality(joins)',
	'project_dump', project => $p->{id}), "$p->{id}|3|t|1", 'a project';
is call('count(*)', 'project_dump', project => undef), 1, '... and all of them';
is call('seq, kind, device_id', 'log_dump', project => $p->{id}, from => 1),
	'1|2|' . $p->device('writer') . "\n2|2|" . $p->device('reader'),
	'a log from an entry on';
is call('status, role, environments, expires', 'member_dump',
	project => $p->{id}) =~ tr/\n//, 2,
	'devices, but for those who wait';
like call('status, role, environments, expires', 'member_dump',
	project => $p->{id}), qr/^approved\|1\|\{dev,test\}\|1234$/m,
	'... with their scope';
is call('environment, version, cut_seq, cut_version', 'head_dump',
	project => $p->{id}), 'dev|2|0|0', 'an environment';
is call('version, op, log_seq, author, blob_hash = sha256(' . bytes(28, 'b1') . ')',
	'record_dump', project => $p->{id}, environment => 'dev', from => 0),
	'1|0|2|' . $p->device('writer') . "|t\n2|2|2|" . $p->device('writer') . '|t',
	'its records, with the hash of what they hold';
$db->ok("update vault.records set environment = 'lost' where version = 1");
is call('environment, version', 'head_dump', project => $p->{id}), "dev|2\nlost|",
	'records without a head are seen too';
$db->ok("update vault.records set environment = 'dev' where version = 1");
my @dev = (project => $p->{id}, environment => 'dev');
is call('blobs, bytes = has_bytes, has_blobs, has_bytes', 'head_count', @dev),
	'1|t|1|' . table('records', 'sum(octet_length(record) + octet_length(blob))'),
	'what its head says that it keeps, and what it keeps';
is call('blobs, has_blobs, has_bytes', 'head_count', @dev, environment => 'x'),
	'|0|0', '... of one that is not there';
my $wraps = join "\n", map { "$_|0|t" } sort map { $p->device($_) }
	qw(admin writer reader);
is call('member_id, generation, named', 'wrap_dump', @dev, after_key => undef,
	after_member => undef), $wraps, 'whom its wraps are for';
is call('member_id, generation, named', 'wrap_dump', @dev, after_key => hash('k1'),
	after_member => substr $wraps, 0, 36), $wraps =~ s/^.*\n//r,
	'... behind one of them';
is call("count(*), bool_and(known and not retired and generation = 0)",
	'member_key_dump', project => $p->{id}), '4|t', 'whose request keys there are';

# --- a project is held
is call('protocol, deleted', 'project_hold', project => $p->{id}), '2|f', 'a project';
is call('protocol, deleted', 'project_hold', project => $nobody), '|', 'none';
my $holder = $db->_start("begin; select 'held' from vault.project_hold("
	. "'$p->{id}');\n", user => 'vault_rekey');
SqlTest::Database::_until(sub { -s $holder->{out}->filename });
like $db->run("set lock_timeout = '100ms'; select from vault.$_ for update")->{err},
	qr/55P03/, "... nobody else changes its $_" for qw(projects members heads);
close $holder->{in};
SqlTest::Database::_finish($holder);

# --- the log
my %entry = (seq => 2, entry => hash('other'), hash => hash('other'), kind => 5,
	device => undef);
is of('log_restore', %entry), '', 'an entry, in place of another';
is of('log_restore', %entry, seq => 3, kind => 4, device => $p->device('writer')),
	'', '... and one more';
is table('log', "seq, kind, hash = sha256('other')"), "0|1|f\n1|2|f\n2|5|t\n3|4|t",
	'... are stored';

# --- what follows from it
my %project = (count => 4, hash => hash('other'), joins => array('bytea',
	bytes(32, '10'), bytes(32, '20')), kept => 1, members => array('uuid',
	$p->device('admin'), $p->device('writer')));
$db->ok("insert into vault.wraps values ('$p->{id}', 'dev', sha256('k1'),
	'$nobody', 1, @{[bytes(80, '55')]})");
is of('project_restore', %project), '', 'another VAULT_KEY came back';
is $db->ok("select log_count, log_hash = sha256('other'), cardinality(joins) from
	vault.projects where id = '$p->{id}'"), '4|t|2', '... the project has it';
is table('member_keys', 'retired, count(*)', '1 = 1 group by retired'), 't|2',
	'... request keys are retired, those of devices that are no more are gone';
is table('members', 'count(*)'), 2, '... with these devices, and who waits';
is table('wraps', 'count(*)', "member_id = '$nobody'"), 0,
	'... and with wraps of a VAULT_KEY that is none';
is table('wraps', 'count(*)'), 3, '... others stay';
is table('audit_log', 'action, outcome', "action = 'project/restore'"),
	'project/restore|00000', '... it is in the audit log';
is of('project_restore', %project, count => 3, kept => 2), '', 'a shorter log';
is table('log', 'max(seq)'), 2, '... ends where it ends';

my %member = (id => $p->device('writer'), name => 'w', sign => bytes(32, '08'),
	box => bytes(32, '09'), status => 'revoked', role => 2,
	environments => '{dev}', expires => 0);
is of('member_restore', %member), '', 'a device is revoked';
is table('members', 'status, role, revoked_at is null, name', "id = '$member{id}'"),
	'revoked|2|f|w', '... since now';
is of('member_restore', %member, status => 'approved', role => 1), '', '... is not';
is table('members', 'status, role, revoked_at is null', "id = '$member{id}'"),
	'approved|1|t', '... any more';
is of('member_restore', %member, id => $nobody, expires => 1234), '', 'an unknown one';
is table('members', "status, extract(epoch from expires_at) * 1000",
	"id = '$nobody'") =~ s/\.0+$//r, 'revoked|1234', '... is added';
$p->register('waits', join => bytes(32, '20'));
is of('member_restore', %member, id => $p->device('waits'), status => 'approved'),
	'', 'one who waits';
is table('members', 'status, registration is null, remote is null', "id = '"
	. $p->device('waits') . "'"), 'approved|t|t', '... waits no more';

is call('', 'project_restore', %project, project => $nobody, members =>
	array('uuid')), '', 'a project that is not there';
is $db->ok("select name, protocol, log_count from vault.projects where id =
	'$nobody'"), "$nobody|2|4", '... is made';

# --- versions
my %record = (environment => 'dev', version => 2, record => hash('r2'),
	hash => hash('r2'), data_key => hash('k1'), op => 0, log_seq => 2,
	author => $p->device('writer'), blob => undef, keep => 'false');
is of('record_restore', %record), '', 'a version, in place of another';
is table('records', 'version, op, blob is null', 'version = 2'), '2|0|t',
	'... without its content';
is of('record_restore', %record, blob => bytes(30, 'b2')), '', '... with it';
is of('record_restore', %record, keep => 'true'), '', '... which stays';
is table('records', 'octet_length(blob)', 'version = 2'), 30, '... if it is its own';
is of('record_restore', %record, version => 3, data_key => hash('k3')), '', 'the next';
my %head = (environment => 'dev', first => 1, last => 3, cut_seq => 1,
	cut_version => 2);
is of('head_restore', %head), '', 'the environment';
is table('records', 'version, blob is null'), "1|f\n2|f\n3|t",
	'... has the versions that it has';
is of('head_restore', %head, first => 2), '', 'one less';
is table('records', 'version'), "2\n3", '... is gone';
is table('heads', "version, hash = sha256('r2'), key_id = sha256('k3'), cut_seq,
	cut_version, blobs, bytes"), '3|t|t|1|2|1|94', '... its head is of the last';
is call('*', 'wrap_restore', project => $p->{id}, environment => 'dev',
	data_key => array('bytea', map { hash($_) } qw(k3 k3 k9)),
	member => array('uuid', ($nobody) x 3),
	generation => array('int', (1) x 3),
	wrap => array('bytea', (bytes(80, '66')) x 3)), $_->[0], $_->[1]
	for [1, 'a wrap, but not twice, and none of a data key that no record names'],
	[0, '... nor one that is there'];
is of('wrap_discard', environment => 'dev', members => array('uuid', $nobody,
	$p->device('admin'))), '', 'wraps of others than these two';
is table('wraps', 'distinct member_id'), join("\n", sort $nobody, $p->device('admin')),
	'... are gone';
is of('head_restore', %head, first => 2, last => 2), '', 'a version less';
is table('wraps', 'count(*)', "key_id = sha256('k3')"), 0, '... and no wraps of it';
is of('head_restore', %head, first => 0, last => 0), '', 'no version';
is table('heads', 'count(*)') . table('records', 'count(*)') . table('wraps',
	'count(*)'), '000', '... is no environment';

# --- what stays of the contents of confirms: P a push, C a confirm, a small letter is
# one that came without its content
sub restored
{
	my ($versions) = @_;
	my $n = 0;

	of('record_restore', %record, version => ++$n, op => /p/i ? 0 : 2,
		blob => /[PC]/ ? bytes(30, 'b1') : undef) for split //, $versions;
	of('head_restore', %head, last => $n);
	return join('', map { my ($op, $kept) = /\|(.)\|(.)/;
		my $letter = $op == 2 ? 'c' : 'p';
		$kept eq 't' ? uc $letter : $letter } split /\n/,
		table('records', 'version, op, blob is not null')) . ' '
		. call("blobs || ' ' || has_blobs", 'head_count', @dev);
}
is restored($_->[0]), $_->[1], "$_->[0]: $_->[2]" for
	['PCCP', 'PccP 2 2', 'the version that they confirm has it'],
	['PC', 'PC 1 1', 'the newest is read most'],
	['pCP', 'pCP 2 2', 'nothing else has it'],
	['pcCCcP', 'pcCccP 2 2', '... the first of them is enough'],
	['pCC', 'pCC 1 1', '... beside the newest'],
	['PpCP', 'PpCP 3 3', 'what was pushed before them is another content'],
	['CCP', 'CcP 2 2', 'the version that they confirm is not there at all'];
done_testing;
