#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# housekeep and audit_partitions: what goes, what never goes, that nobody waits.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my $keep = "select * from vault.housekeep(15)";

sub create
{
	return $db->ok("select project_id from
		vault.project_create('x', '', 0)");
}

sub age
{
	my ($table, $where, $interval) = @_;
	my $column = $table eq 'requests' ? 'at' : 'created_at';
	$db->ok("update vault.$table set $column = now() - interval '$interval'
		where $where");
}

sub partitions
{
	return $db->ok("select count(*) from pg_inherits where
		inhparent = 'vault.audit_log'::regclass");
}

sub month
{
	my ($ahead) = @_;
	return $db->ok("select to_char(date_trunc('month', timezone('UTC',
		now())) + interval '$ahead months', 'YYYY_MM')");
}

# --- projects -------------------------------------------------------------
my $old = create();
my $young = create();
my $claimed = $db->project('claimed');
my $device = create();
my $secret = create();
my $busy = create();
$db->ok("insert into vault.devices (project_id, name, hash, status)
	values ('$device', 'd', sha256('d'), 'approved');
	select vault.secret_push('$secret', null, sha256('s'), '', null, 'staging', "
	. bytes(28, 'ee') . ", null, null, null, 9, 0, 0)");
age('projects', "id <> '$young'", '16 minutes');
age('projects', "id = '$young'", '14 minutes');

is $db->as_server('select * from vault.housekeep(0)'), '0|0',
	'below a minute: none goes';
is $db->as_server('select * from vault.housekeep(null)'), '0|0', 'NULL: none';

my $other = $db->_start("begin; update vault.projects set name = 'z' where
	id = '$busy'; select 'locked';\n");
SqlTest::Database::_until(sub { -s $other->{out}->filename });
is $db->as_server("set statement_timeout = '5s'; $keep"), '1|0',
	'one goes; one in use is not waited for';
print { $other->{in} } "rollback;\n";
SqlTest::Database::_finish($other);
is $db->as_server($keep), '1|0', '... and goes the next time';

is $db->ok("select count(*) from vault.projects where id in ('$old',
	'$busy')"), 0, 'those nobody claimed are gone';
is $db->ok("select count(*) from vault.environments where project_id in
	('$old', '$busy')"), 0, '... with their environments';
is $db->ok("select count(*) from vault.projects where id in ('$young',
	'$claimed', '$device', '$secret')"), 4,
	'not: a young one, one with a key, a device, a secret';
is $db->ok("select action from vault.audit_log where project_id = '$old'
	order by at"), "project/create\nproject/remove", 'audited';
is $db->as_server("select * from vault.project_set_key('$old', "
	. bytes(60, 'cd') . ', ' . bytes(16, 'ab') . ", '')"),
	'VE040 Project not found', 'a key comes too late';

# --- requests -------------------------------------------------------------
$db->ok('delete from vault.requests');
$db->ok("insert into vault.requests (project_id, digest, path)
	select '$claimed', sha256(i::text::bytea), 'secrets/push'
	from generate_series(1, 10) i");
age('requests', "digest in (sha256('1'), sha256('2'))", '7 minutes');
age('requests', "digest in (sha256('3'))", '6 minutes');
is $db->as_server($keep), '0|2', 'signatures go when no longer fresh';
is $db->ok('select count(*) from vault.requests'), 8, 'the others stay';

# --- counts of networks ---------------------------------------------------
$db->ok("insert into vault.creations values
	('192.0.2.0/24', now() - interval '25 hours', 9),
	('192.0.3.0/24', now() - interval '23 hours', 9)");
$db->as_server($keep);
is $db->ok('select network from vault.creations'), '192.0.3.0/24',
	'a count goes when its day is over';

# --- partitions -----------------------------------------------------------
is partitions(), 5, 'this month, three more and the default';
is $db->ok("select tableoid::regclass from vault.audit_log limit 1"),
	'vault.audit_log_' . month(0), 'rows go to the month';
is $db->ok('select count(*) from vault.audit_log_default'), 0,
	'... not to the default';

my $last = 'vault.audit_log_' . month(3);
$db->ok("drop table $last");
my $writer = $db->_start("begin; select vault.audit('$claimed', 'x', '00000',
	null, null, null, null); select 'inserted';\n");
SqlTest::Database::_until(sub { -s $writer->{out}->filename });
my $r = $db->run("set statement_timeout = '5s'; $keep",
	user => 'vault_server');
is $r->{err}, '', 'a partition is made under an open insert';
is partitions(), 5, '... really';
print { $writer->{in} } "commit;\n";
is SqlTest::Database::_finish($writer)->{err}, '', '... which goes on';
is $db->ok("select pg_get_expr(relpartbound, oid) like 'FOR VALUES FROM%'
	from pg_class where oid = '$last'::regclass"), 't', 'with its range';

$db->ok("drop table $last");
my $keeper = $db->_start("begin; $keep; select 'kept';\n",
	user => 'vault_server');
SqlTest::Database::_until(sub { -s $keeper->{out}->filename });
is partitions(), 4, 'one being made by an open transaction';
$r = $db->run("set statement_timeout = '5s'; select vault.audit('$claimed',
	'y', '00000', null, null, null, null)");
is $r->{err}, '', 'an insert does not wait for it';
$r = $db->run("set statement_timeout = '5s'; $keep", user => 'vault_server');
is $r->{err}, '', 'nor does a second housekeeper';
print { $keeper->{in} } "commit;\n";
SqlTest::Database::_finish($keeper);
is partitions(), 5, 'made once';

$db->ok("drop table $last");
$db->ok("insert into vault.audit_log (project_id, at, action, outcome)
	values ('$claimed', date_trunc('month', now()) + interval '3 months
	10 days', 'stray', '00000')");
$r = $db->run($keep, user => 'vault_server');
is $r->{out}, '0|0', 'rows of that month in the default: no failure';
like $r->{err}, qr/^.*WARNING: .* partition \Q$last\E not made: vault\.audit_log_default holds too many rows, or rows of that month; move them as sql\/README says$/m,
	'but a warning';
is partitions(), 4, 'no partition';
is $db->ok("select count(*) from vault.audit_log where action = 'stray'"), 1,
	'and no row lost';
$db->ok("delete from vault.audit_log where action = 'stray'");
$db->as_server($keep);
is partitions(), 5, 'made when they are gone';

# A long reader of the default partition must not hold up housekeeping.
$db->ok("drop table $last");
my $reader = $db->_start("begin; select from vault.audit_log_default;
	select 'read';\n");
SqlTest::Database::_until(sub { -s $reader->{out}->filename });
$r = $db->run("set statement_timeout = '2s'; $keep", user => 'vault_server');
is $r->{err}, '', 'a reader of the default partition: no failure, no wait';
is partitions(), 4, '... left for the next time';
print { $reader->{in} } "commit;\n";
SqlTest::Database::_finish($reader);
$db->as_server($keep);
is partitions(), 5, '... when it is made';

is $db->ok("select count(*) from pg_index i join pg_inherits h
	on h.inhrelid = i.indrelid where h.inhparent =
	'vault.audit_log'::regclass and i.indisprimary"), partitions(),
	'every partition has the primary key';
like $db->as_server("select from $last"), qr/^42501/,
	'and is closed to the server';

# --- months of the audit log -------------------------------------------------
sub keep_months
{
	my ($months) = @_;
	return $db->as_server("select vault.audit_retain($months)");
}

sub logged
{
	return $db->ok("select string_agg(action, ' ' order by at)
		from vault.audit_log where action like 'old%'");
}

for my $ago (5, 4, 3, 2, 1) {
	my $from = "timezone('UTC', date_trunc('month', timezone('UTC', now()))
		- interval '$ago months')";
	my ($name, $lower, $upper) = split /\|/, $db->ok("select
		to_char(timezone('UTC', $from), 'YYYY_MM'), $from,
		timezone('UTC', timezone('UTC', $from) + interval '1 month')");
	$db->ok("create table vault.audit_log_$name partition of
		vault.audit_log for values from ('$lower') to ('$upper');
		insert into vault.audit_log (project_id, at, action, outcome)
		values ('$claimed', '$lower', 'old$ago', '00000')");
}
$db->ok("insert into vault.audit_log (project_id, at, action, outcome)
	values ('$claimed', now() - interval '400 days', 'older', '00000'),
	('$claimed', now(), 'old0', '00000')");
is keep_months(0), 0, 'no limit';
is logged(), 'older old5 old4 old3 old2 old1 old0', '... and every month stays';
my $open = $db->_start('begin; select from vault.audit_log_' . month(-5)
	. "; select 'read';\n");
SqlTest::Database::_until(sub { -s $open->{out}->filename });
is keep_months(4), 1, 'four months: one that is read is left, one is emptied';
is logged(), 'old5 old3 old2 old1 old0', '... with what no partition had';
print { $open->{in} } "commit;\n";
SqlTest::Database::_finish($open);
is keep_months(4), 1, '... the other when the reader is gone';
is logged(), 'old3 old2 old1 old0', '... this month and three more stay';
is keep_months(1), 1, 'one month';
is logged(), 'old2 old1 old0', '... is three';
is keep_months(1), 0, 'and then there is nothing to do';
is partitions(), 10, 'emptied partitions stay';

done_testing;
