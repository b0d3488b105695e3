#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Many at the same moment: versions without gap, one winner, one answer, bounds
# that hold, no deadlock. ROUNDS=20 in the environment repeats it so often.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start(deadlock_timeout => '100ms');
my $db = $c->database('t');
my $n = 0;
my $rounds = $ENV{ROUNDS} // 1;

sub push_sql
{
	my ($p, %o) = @_;
	return sprintf "select outcome, version from vault.secret_push('%s', %s, '', %s, "
		. "'%s', %s, null, null, %s, %d, 0, 0)", $p,
		signed($o{digest} // 'p' . $n++), $o{hash} // 'null',
		$o{env} // 'production', bytes(28, 'ee'), $o{base} // 'null',
		$o{max} // 100;
}

sub tally
{
	my %count;
	$count{$_}++ for @_;
	return join ', ', map { "$count{$_} x $_" } sort keys %count;
}

for my $round (1 .. $rounds) {
	my $p = $db->project("push$round");
	my @a = $db->at_once(map { push_sql($p) } 1 .. 16);
	is_deeply [sort { $a <=> $b } map { /^00000\|(\d+)$/ ? $1 : $_ } @a],
		[1 .. 16], "round $round: 16 pushes, versions 1..16";
	is $db->ok("select count(*), max(version) from vault.secret_versions
		where project_id = '$p'"), '16|16', '... all stored';
	is $db->ok("select count(*) from vault.audit_log where project_id =
		'$p' and action = 'secrets/push'"), 16, '... all audited';

	$p = $db->project("base$round");
	@a = $db->at_once(map { push_sql($p, base => 0) } 1 .. 16);
	is tally(@a), '1 x 00000|1, 15 x VE092|1',
		"round $round: 16 pushes on one base_version, one winner";

	@a = $db->at_once((push_sql($p, digest => 'same')) x 16);
	is tally(@a), '16 x 00000|2',
		"round $round: 16 identical pushes, one version";
	is $db->ok("select max(version) from vault.secret_versions where
		project_id = '$p'"), 2, '... really';
	@a = $db->at_once(("select * from vault.secret_rollback('$p', "
		. signed('roll') . ", '', 'production', 1, 0, 0)") x 16);
	is tally(@a), '16 x 00000|3',
		"round $round: 16 identical rollbacks, one version";
	@a = $db->at_once((push_sql($p, env => 'new', digest => 'newenv')) x
		10);
	is tally(@a), '10 x 00000|1',
		"round $round: identical pushes to an environment to be made";
	@a = $db->at_once(map { push_sql($p, env => 'newer') } 1 .. 10);
	is tally(@a), join(', ', map { "1 x 00000|$_" } sort 1 .. 10),
		"round $round: different pushes to one to be made";

	$p = $db->project("bound$round");
	@a = $db->at_once(map { push_sql($p, env => "e$_", max => 8) }
		1 .. 16);
	is tally(@a), '5 x 00000|1, 11 x VE094|',
		"round $round: the bound on environments holds";

	@a = $db->at_once(map { "select outcome, status from "
		. "vault.device_register('$p', " . signed('r' . $n++)
		. ", '', 'n', sha256(repeat('$_', 32)::bytea), 1000)" } 10 .. 29);
	is tally(@a), '1 x 00000|approved, 19 x 00000|pending',
		"round $round: 20 first registrations, one approved";
	@a = $db->at_once(map { "select outcome, status from "
		. "vault.device_register('$p', " . signed('r' . $n++)
		. ", '', 'n', sha256(repeat('$_', 32)::bytea), 25)" } 30 .. 39);
	is tally(@a), '5 x 00000|pending, 5 x VE095 Too many devices',
		"round $round: the bound on devices holds";
	@a = $db->at_once(map { "select device_id from "
		. "vault.device_register('$p', " . signed('r' . $n++)
		. ", '', 'n', sha256(repeat('zz', 32)::bytea), 1000)" } 1 .. 10);
	like tally(@a), qr/^10 x [0-9a-f-]{36}$/,
		"round $round: one hash, one device";

	my $q = $db->ok("select project_id from
		vault.project_create('key', '', 0)");
	@a = $db->at_once(map { "select * from vault.project_set_key('$q', "
		. bytes(60, $_) . ', ' . bytes(16, 'ab') . ", '')" } 10 .. 29);
	is tally(@a), '1 x 00000, 19 x VE090 Auth key already set',
		"round $round: 20 set-key, one winner";
}

my @a = $db->at_once(map { "select outcome from vault.project_create('x',
	'192.0.2.$_', 5)" } 1 .. 16);
is tally(@a), '5 x 00000, 11 x VE029 Too many projects created today',
	'the daily limit of a network holds';

# Everything at once on one project with devices: nobody deadlocks.
my $p = $db->project('mixed');
my $A = "sha256(repeat('a', 64)::bytea)";
my $d = $db->ok("select device_id from vault.device_register('$p', "
	. signed('first') . ", '', 'n', $A, 100)");
my $e = $db->ok("select device_id from vault.device_register('$p', "
	. signed('second') . ", '', 'n', sha256(repeat('b', 64)::bytea), 100)");
$db->ok(push_sql($p, hash => $A));
for my $round (1 .. 2 * $rounds) {
	$db->ok('update vault.devices set last_seen_at = null');
	@a = $db->at_once(
		(map { push_sql($p, hash => $A) } 1 .. 4),
		(map { push_sql($p, hash => $A, env => "m$round$_") } 1 .. 4),
		(map { "select outcome from vault.secret_pull(array['$p'::uuid, "
			. "'$p'], array[" . bytes(60, 'cd') . ', ' . bytes(60, 'cd')
			. "], array[sha256('l'), sha256('l')], array['', ''], "
			. "array[$A, $A], array['production', 'production'])" }
			1 .. 4),
		(map { "select outcome from vault.secret_rollback('$p', "
			. signed('b' . $n++) . ", '', 'production', 1, 0, 0)" }
			1 .. 2),
		(map { "select outcome from vault.device_approve('$p', "
			. signed('a' . $n++) . ", '', '$d')" } 1 .. 2),
		(map { "select outcome from vault.device_register('$p', "
			. signed('g' . $n++) . ", '', 'n', "
			. "sha256(repeat('$round$_', 32)::bytea), 100)" } 1 .. 2),
		'select * from vault.housekeep(15)');
	is scalar(grep { !/^(?:00000|\d+\|)/ } @a), 0,
		"mixed round $round: everything is done" or diag tally(@a);
}

# approve against revoke: whatever the order, revoked is the end.
@a = $db->at_once(map { my $n = $_; map { "select outcome from
	vault.device_$_('$p', " . signed("$_$n") . ", '', '$e')" }
	qw(approve revoke) } 1 .. 5);
is scalar(grep { !/^(?:00000|VE093 Device revoked)$/ } @a), 0,
	'approve against revoke';
is $db->ok("select status from vault.devices where id = '$e'"), 'revoked',
	'... ends revoked';

# A change of the server key waits for a set-key under way, and sees its key;
# a set-key that comes meanwhile waits for the change, and is refused.
my ($one, $two) = map { $db->ok("select project_id from
	vault.project_create('f', '', 0)") } 1 .. 2;
my ($old, $new) = (bytes(16, 'ab'), bytes(16, 'ba'));
my $set = "select * from vault.project_set_key('%s', " . bytes(60, 'cd')
	. ", $old, '');\n";
my $first = $db->_start("begin; " . sprintf($set, $one),
	user => 'vault_server');
SqlTest::Database::_until(sub { -s $first->{out}->filename });
my @later = map { $db->_start($_, user => 'vault_rekey') }
	"begin; select from vault.server_key_lock(); select 'locked';
	select vault.auth_key_replace(l.project_id, " . bytes(60, 'dd') . ")
	from vault.auth_key_list() l;
	select vault.server_key_replace($old, $new);\n";
select undef, undef, undef, 1;
is -s $later[0]{out}->filename, 0, 'a change of the server key waits';
print { $first->{in} } "commit;\n";
is SqlTest::Database::_finish($first)->{out}, '00000', '... for a set-key';
SqlTest::Database::_until(sub { -s $later[0]{out}->filename });
push @later, $db->_start(sprintf($set, $two), user => 'vault_server');
select undef, undef, undef, 1;
print { $later[0]{in} } "commit;\n";
@a = map { SqlTest::Database::_answer(SqlTest::Database::_finish($_)) } @later;
like $a[0], qr/\bt\z/, '... then it is done';
is $a[1], 'VE053 Server key replaced', 'a set-key meanwhile is refused';
is $db->ok("select count(*) from vault.projects where auth_key is not null
	and auth_key <> " . bytes(60, 'dd')), 0, 'all keys are the new ones';

done_testing;
