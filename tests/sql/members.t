#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Protocol v2, projects and members: create, register, append, what follows from
# an entry, who may ask, the log as it is read, deletion; v1 beside it.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;
use V2;

my $c = SqlTest->start;
my $db = $c->database('t');
my $nobody = '00000000-0000-4000-8000-000000000000';

sub rows
{
	my ($table, $where) = @_;
	return $db->ok("select count(*) from vault.$table where $where");
}

sub audit
{
	my ($t, $action) = @_;
	return $db->ok("select outcome, device_id, remote from vault.audit_log
		where project_id = '$t->{id}' and action = '$action'
		order by at");
}

# --- create -----------------------------------------------------------------
my $t = V2->new($db);
my $admin = $t->device('admin');
is $t->{created}, "00000|$admin|1", 'a project begins with its root';
is audit($t, 'project/create'), "00000|$admin|10.0.0.1", '... audited';
sub create
{
	my ($t, %o) = @_;
	return V2::call($db, 'outcome, log_count', 'project_create_v2',
		$t->create_args, %o);
}
is create($t), '00000|1', 'the same root again: the same answer';
is create($t, hash => hash('other')), 'VE09A|1', 'another root: there is one';
my $v1 = $db->project('old');
is create(V2->new($db, id => $v1, bare => 1)), 'VE09A|1',
	'... also of protocol v1';
is create(V2->new($db, bare => 1), key_id => bytes(16, 'ff')),
	'VE053 Server key replaced', 'a key sealed by another server key';
is create(V2->new($db, bare => 1), daily_limit => 1), '00000|1',
	'a limit of one project a day: one';
is create(V2->new($db, bare => 1), daily_limit => 1),
	'VE029 Too many projects created today', 'the daily limit';
is create($t, daily_limit => 1), '00000|1', '... not for one that is there';

# --- who may ask --------------------------------------------------------------
sub key
{
	my ($project, $key) = @_;
	return V2::call($db, 'outcome, device_id, sealed is null',
		'member_key', project => $project, key => $key);
}
is key($t->{id}, $t->key('admin')), "00000|$admin|f", 'a request key';
is key($t->{id}, bytes(16, '00')), 'VE010||t', '... nobody has';
is key($v1, bytes(16, '00')), 'VE09C||t', '... in a project of v1';
is key($nobody, bytes(16, '00')), 'VE040||t', '... in none';
is $db->as_server("select * from vault.project_auth('$t->{id}')"), 'VE036|',
	'v1 is told that the project is of v2';
is $db->as_server("select * from vault.project_set_key('$t->{id}', "
	. bytes(60, 'cd') . ', ' . bytes(16, 'ab') . ", '')"),
	'VE036 This project uses protocol v2: update vault-env',
	'... nor does it give it a key';

# --- register -----------------------------------------------------------------
is $t->register('new'), '00000||pending', 'an unknown device waits';
is $t->register('new'), '00000||pending', '... also when it asks again';
is rows('members', "project_id = '$t->{id}'"), 2, '... one row';
is $t->register('other', key => $t->key('new')),
	'VE000|register_request_key|', 'a request id of another device';
is $t->register('new', join => bytes(32, '99')), 'VE000|register_join|pending',
	'by a key that is not of this project';
is $t->register('x', project => $nobody), 'VE040||', 'no project';
is $t->register('x', project => $v1), 'VE09C||', 'a project of v1';
is $t->register('admin', key => $t->key("a$_")), '00000||approved',
	"key $_ of a device that is known" for 1 .. 5;
is rows('member_keys', "project_id = '$t->{id}' and member_id = '$admin'"), 4,
	'... which has four at most';
is key($t->{id}, $t->key('a5')), "00000|$admin|f", '... the newest';
$t->register('admin');
is $t->pull('new'), 'VE030||||||||', 'who waits may not pull';
is $t->poll('new'), 'VE030||', '... nor poll';
is $t->append('new', kind => 2, of => 'evil', role => 3), 'VE030||',
	'... nor admit';

my $crowd = V2->new($db);
$crowd->register("d$_", remote => '10.1.1.1') for 1 .. 20;
is $crowd->register('d21', remote => '10.1.1.1'), '00000||pending',
	'one more than twenty from one address';
is rows('members', "project_id = '$crowd->{id}' and status = 'pending'"), 20,
	'... and the oldest goes';
is key($crowd->{id}, $crowd->key('d1')), 'VE010||t', '... with its key';
$crowd->register("e$_", remote => '10.1.2.' . ($_ % 8)) for 1 .. 80;
is $crowd->register('late', remote => '10.9.9.9'), 'VE095||',
	'a hundred wait: no more from elsewhere';
is $crowd->register('d22', remote => '10.1.1.1'), '00000||pending',
	'... from there, in the place of one';
is rows('members', "project_id = '$crowd->{id}' and status = 'pending'"), 100,
	'a hundred still';

# --- append ---------------------------------------------------------------------
is $t->append('admin', kind => 2, of => 'new', role => 2,
	environments => '{dev,test}'), '00000||2', 'admitted';
is $t->poll('new', env => 'dev'), 'VE042||', '... and may ask';
is $t->poll('new', env => 'prod'), 'VE033||', '... within its scope';
is $t->pull('new', env => 'prod'), 'VE033||||||||', '... also pulling';
is $db->ok("select registration is null and remote is null and role = 2 from
	vault.members where id = '" . $t->device('new') . "'"), 't',
	'... its registration has served';
is $t->append('admin', kind => 2, of => 'late', seq => 1), 'VE096||2',
	'an entry for an older log';
is $t->append('admin', kind => 2, of => 'late', prev => hash('x')),
	'VE096||2', '... for another one';
is $t->append('admin', kind => 2, of => 'late', flaw => 'log_device_known'),
	'VE000|log_device_known|2', 'what the server found wrong';
is $t->append('admin', kind => 2, of => 'late',
	author => $t->device('new')), 'VE000|log_author|2', 'another author';
is $t->append('new', kind => 2, of => 'late'), 'VE032||', 'a writer admits nobody';
is $t->append('admin', kind => 2, of => 'late', max_devices => 2), 'VE095||2',
	'the bound on devices';
my %same = $t->append_args('admin', kind => 2, of => 'third', role => 1,
	environments => '{dev}', registration => hash('reg third'),
	request_key => $t->key('third'), sealed => bytes(60, '01'),
	key_id => bytes(16, 'ab'));
is V2::call($db, 'outcome, log_count', 'log_append', %same), '00000|3',
	'enrolled, with a key of its own';
@$t{qw(count head)} = (3, $t->{next});
is V2::call($db, 'outcome, log_count', 'log_append', %same), '00000|3',
	'... sent again: the first answer';
is $t->poll('third'), 'VE042||', '... it may ask';
is audit($t, 'log/append') =~ s/\|.*//gmr, join("\n", 'VE030', '00000',
	'VE096', 'VE096', 'log_device_known', 'log_author', 'VE032', 'VE095',
	'00000'), 'all of it is audited, by its code';

# --- cuts and wraps ---------------------------------------------------------------
is $t->push_('new', data => 'k1', readers => [qw(admin new third)]),
	'00000||1', 'a first version';
is $t->append('admin', kind => 2, of => 'four', role => 1,
	environments => '{dev,none}'), 'VE09D||3', 'an admission without its wrap';
is $t->append('admin', kind => 2, of => 'four', role => 1,
	environments => '{dev}', wraps => [['dev', hash('other')]]),
	'VE09D||3', '... with one of another data key';
is $t->append('admin', kind => 2, of => 'four', role => 1,
	environments => '{none}', wraps => [['dev', hash('k1')]]),
	'VE09D||3', '... with one too many';
is $t->append('admin', kind => 2, of => 'four', role => 1,
	environments => '{dev,none}', wraps => [['dev', hash('k1')]]),
	'00000||4', '... with exactly that';
is rows('wraps', "member_id = '" . $t->device('four') . "'"), 1, '... stored';
is $t->append('admin', kind => 4, of => 'four'), 'VE097||4',
	'a revocation without its cut';
is $t->append('admin', kind => 4, of => 'four', cuts => [['dev', 2, hash('x')]]),
	'VE097||4', '... with a wrong one';
is $t->append('admin', kind => 4, of => 'four', cuts => [$t->cut('dev'),
	['other', 1, hash('x')]]), 'VE097||4', '... with one too many';
$db->ok("update vault.members set last_seen_at = null");
is $t->append('admin', kind => 4, of => 'four', cuts => [$t->cut('dev')]),
	'00000||5', '... with exactly that';
is $db->ok("select cut_seq, cut_version from vault.heads where
	project_id = '$t->{id}'"), '4|1', '... and the head says so';
is $t->append('admin', kind => 3, of => 'new', role => 2,
	environments => '{dev,test,more}'), '00000||6',
	'a change that only gives, where nothing is stored';
is $t->append('admin', kind => 3, of => 'new', role => 1,
	environments => '{dev,test,more}'), 'VE097||6', 'a lower role takes';
is $t->append('admin', kind => 3, of => 'new', role => 2,
	environments => '{test,more}'), 'VE097||6', '... an environment less too';
is $t->append('admin', kind => 3, of => 'new', role => 2,
	environments => '{test}', cuts => [$t->cut('dev')]), '00000||7',
	'... with the cut of all it had';
is $t->append('admin', kind => 3, of => 'new', role => 2,
	environments => '{*}'), 'VE09D||7', 'everything again: the wrap is missing';
is $t->append('admin', kind => 3, of => 'new', role => 2,
	environments => '{*}', wraps => [['dev', hash('k1')]]), '00000||8',
	'... with it';
is $t->poll('new', env => 'anything'), 'VE042||', '... any environment now';

# --- removed, expired, replaced ------------------------------------------------------
is $t->append('admin', kind => 4, of => 'third', cuts => [$t->cut('dev')]),
	'00000||9', 'a device is revoked';
is $t->poll('third'), 'VE035||', '... and told so';
is $t->pull('third'), 'VE035||||||||', '... pulling too';
sub proof
{
	my ($outcome, $who, $have, $generation) = @_;
	return V2::call($db, 'cardinality(log), log_count', 'log_proof',
		project => $t->{id}, outcome => $outcome,
		generation => $generation, key => $t->key($who),
		have => $have);
}
is proof('VE035', 'third', 0), '9|9', 'the log up to its revocation';
is proof('VE035', 'third', 8), '1|9', '... from what it has on';
is $t->append('admin', kind => 2, of => 'five', role => 1,
	environments => '{none}'), '00000||10', 'somebody joins';
is proof('VE035', 'third', 9), '|9', '... which is not its business';
$db->ok("update vault.members set expires_at = now() - interval '1 ms' where
	id = '" . $t->device('new') . "'");
is $t->poll('new'), 'VE034||', 'a device whose time is over';
is $t->push_('new'), 'VE034||', '... pushes nothing';
$db->ok("update vault.members set expires_at = now() + interval '1 minute'
	where id = '" . $t->device('new') . "'");
is $t->poll('new'), '00000|1|10', 'one minute before it was none';

$t->register('waits');
is $t->append('admin', kind => 5, join => bytes(32, '11')), 'VE097||10',
	'a rotation cuts everything';
is $t->append('admin', kind => 5, join => bytes(32, '11'),
	cuts => [$t->cut('dev')]), '00000||11', '... and then is done';
is rows('members', "project_id = '$t->{id}' and status = 'pending'"), 0,
	'... nobody waits any more';
is $t->poll('admin'), 'VE011||', 'request keys of the old one are told so';
is $t->append('admin', kind => 2, of => 'x'), 'VE011||', '... for a change too';
is proof('VE011', 'admin', 0), '11|11', '... with the log up to the rotation';
is proof('VE011', 'third', 0), '9|9', '... or to the removal of who asks';
is $t->register('admin', key => $t->key('old')), 'VE011||approved',
	'a registration by the old one';
is $t->register('unknown'), 'VE011||', '... of an unknown device';
is proof('VE011', 'nobody', 10, 0), '1|11', '... has its proof';
is $t->register('admin', key => $t->key('fresh'), join => bytes(32, '11')),
	'00000||approved', 'a registration by the new one';
$t->{keys}{admin} = 'fresh';
is $t->poll('admin'), '00000|1|11', '... and the device goes on';
is $db->as_server("select joins from vault.project_joins('$t->{id}')"),
	'{"\\\\x' . '10' x 32 . '","\\\\x' . '11' x 32 . '"}', 'both keys are known';

# --- read the log ----------------------------------------------------------------------
sub log_read
{
	my ($who, $have, $role) = @_;
	return V2::call($db, 'outcome, cardinality(log), log_count',
		'log_read', project => $t->{id}, key => $t->key($who),
		remote => '10.0.0.9', path => 'log/read', role => $role // 1,
		have => $have);
}
is log_read('admin', 0), '00000|11|11', 'the log';
is log_read('admin', 10), '00000|1|11', '... its end';
is log_read('admin', 11), '00000||11', '... nothing new';
is log_read('third', 0), 'VE011||', 'not for those who are out';
$db->ok("insert into vault.log (project_id, seq, entry, hash, kind) select
	'$crowd->{id}', i, 'e', sha256('e'), 2 from generate_series(1, 1200) i;
	update vault.projects set log_count = 1201 where id = '$crowd->{id}'");
is V2::call($db, 'cardinality(log), log_count', 'log_read',
	project => $crowd->{id}, key => $crowd->key('admin'), remote => '',
	path => 'log/read', role => 1, have => $_->[0]), "$_->[1]|1201",
	"a page of a long log, from $_->[0]" for [0, 1000], [1000, 201];
$db->ok("update vault.log set entry = convert_to(repeat('e', 60000), 'UTF8')
	where project_id = '$crowd->{id}'");
is V2::call($db, 'cardinality(log), log_count', 'log_read',
	project => $crowd->{id}, key => $crowd->key('admin'), remote => '',
	path => 'log/read', role => 1, have => 0), '69|1201', '... of long entries';

# --- lists --------------------------------------------------------------------------------
is V2::call($db, 'count(*), count(registration), min(outcome)', 'member_list',
	project => $t->{id}, key => $t->key('admin'), remote => '',
	after => undef), '5|0|00000', 'an admin sees every device';
is V2::call($db, 'outcome, id', 'member_list', project => $t->{id},
	key => $t->key('new'), remote => '', after => undef), 'VE011|',
	'nobody else does';
my @list = split /\n/, V2::call($db, 'at, id, action, result', 'audit_list',
	project => $t->{id}, key => $t->key('admin'), remote => '',
	before_at => undef, before_id => undef, limit => 3, device => undef,
	environment => undef);
is scalar(@list), 4, 'the audit log, and one row more than wanted';
my ($at, $id) = split /\|/, $list[1];
like $at, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, '... to the microsecond';
is +(split /\n/, V2::call($db, 'at, id, action, result', 'audit_list',
	project => $t->{id}, key => $t->key('admin'), remote => '',
	before_at => $at, before_id => $id, limit => 3, device => undef,
	environment => undef))[0], $list[2], '... goes on behind the last row';
is V2::call($db, 'count(distinct environment), min(environment)', 'audit_list',
	project => $t->{id}, key => $t->key('admin'), remote => '',
	before_at => undef, before_id => undef, limit => 99, device => undef,
	environment => 'dev'), '1|dev', '... of one environment';

# --- what the server judged by itself -------------------------------------------------------
sub refuse
{
	my ($who) = @_;
	return V2::call($db, 'outcome, code', 'request_refuse',
		project => $t->{id}, key => $t->key($who), remote => '10.0.0.7',
		path => 'secrets/push', code => 'bad_form');
}
is refuse('admin'), 'VE000|bad_form', 'a statement that is malformed';
is refuse('new'), 'VE011|', '... unless the device is refused before';
is audit($t, 'secrets/push') =~ s/\A.*\n(?=.*\n.*\z)//sr, "bad_form|$admin|10.0.0.7\n"
	. 'VE011|' . $t->device('new') . '|10.0.0.7', '... audited';

# --- delete ------------------------------------------------------------------------------------
sub delete_
{
	my ($who, %o) = @_;
	return V2::call($db, 'outcome, code', 'project_delete',
		project => $t->{id}, key => $t->key($who),
		digest => hash('d' . $V2::n++), remote => '', flaw => undef,
		log_count => $t->{count}, log_hash => $t->{head},
		author => $t->device($who), %o);
}
is delete_('admin', log_count => 3), 'VE096|', 'a deletion of an older log';
is delete_('admin', flaw => 'log_join'), 'VE000|log_join', '... ill signed';
is delete_('new'), 'VE011|', '... by somebody else';
is delete_('admin'), '00000|', '... and by an admin';
is rows($_, "project_id = '$t->{id}'"), 0, "no row of $_ is left"
	for qw(log members member_keys heads records wraps requests);
is key($t->{id}, $t->key('admin')), 'VE040||t', 'the project is not found';
is $t->poll('admin'), 'VE040||', '... nor by a key from memory';
is create($t), 'VE09A|1', '... and its id serves nobody again';
cmp_ok rows('audit_log', "project_id = '$t->{id}'"), '>', 20,
	'the audit log keeps its rows';

# --- a v1 project that moves ----------------------------------------------------------------------
sub freeze
{
	my ($to, $frozen) = @_;
	return $db->as_server("select * from vault.project_freeze('$v1', "
		. signed('f' . $V2::n++) . ", '', '$to', $frozen)");
}
sub v1_push
{
	return $db->as_server("select outcome, version, moved_to from
		vault.secret_push('$v1', " . signed('p' . $V2::n++) . ", '',
		null, 'production', " . bytes(28, 'ee')
		. ", null, null, null, 9, 0, 0)");
}
is v1_push(), '00000|1|', 'a push to a project of v1';
is freeze($nobody, 'false'), "00000|$nobody|f", 'it announces where it goes';
is v1_push(), "00000|2|$nobody", '... and a push says so';
is freeze($crowd->{id}, 'true'), "VE09E|$nobody|f", 'to one place only';
is freeze($nobody, 'true'), "00000|$nobody|t", 'then nothing changes any more';
is freeze($nobody, 'false'), "00000|$nobody|t", '... for good';
my $moved = 'VE037 This project has moved to protocol v2: ask for the new VAULT_KEY';
is v1_push(), "VE037||$nobody", 'no push';
for my $call ("secret_rollback('$v1', KEY, '', 'production', 1, 0, 0)",
	"device_register('$v1', KEY, '', 'n', sha256('d'), 9)",
	"device_approve('$v1', KEY, '', '$nobody')") {
	is $db->as_server('select vault.' . $call
		=~ s/KEY/signed('k' . $V2::n++)/er), $moved,
		'no ' . $call =~ s/\(.*//sr;
}
is $db->as_server("select vault.project_set_key('$v1', " . bytes(60, 'cd') . ', '
	. bytes(16, 'ab') . ", '')"), $moved, 'no set-key';
is $db->as_server("select outcome, version from vault.secret_pull(
	array['$v1'::uuid], array[" . bytes(60, 'cd') . "], array[sha256('l')],
	array[''], array[null::bytea], array['production'])"), '00000|2',
	'reading goes on';
is $db->as_rekey("select vault.project_unfreeze('$v1')"), 't', 'the operator';
is v1_push(), '00000|3|', '... takes it back';
is $db->as_rekey("select vault.project_unfreeze('$nobody')"), 'f',
	'... if there is such a project';

# --- keys under the server key -----------------------------------------------------------------------
is $db->as_rekey('select count(*) from vault.member_key_list()'), $db->ok('select count(*)
	from vault.member_keys'), 'all request keys, to be sealed anew';
is $db->as_rekey("select vault.member_key_replace('$crowd->{id}', "
	. $crowd->key('d22') . ', ' . bytes(60, '44') . ')'), 't', '... one by one';
my $keys = $db->ok('select count(*) from vault.member_keys');
is $db->as_rekey('select vault.member_keys_forget()'), $keys, 'all are forgotten';
is rows('member_keys', 'true'), 0, '... really';

# --- a week --------------------------------------------------------------------------------------------
$db->ok("update vault.members set created_at = now() - interval '8 days' where
	project_id = '$crowd->{id}' and name in ('d22', 'admin')");
$db->as_server('select vault.housekeep(15)');
is rows('members', "project_id = '$crowd->{id}'"), 100,
	'who waits for more than a week goes';

done_testing;
