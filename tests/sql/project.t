#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Projects and the server key: project_create, project_set_key, project_auth,
# server_key_*, auth_key_*.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my $nobody = '00000000-0000-4000-8000-000000000000';
my $key = bytes(60, 'cd');
my $id = bytes(16, 'ab');

sub audit
{
	my ($p) = @_;
	return $db->ok("select action, outcome, device_id, environment, version,
		remote from vault.audit_log where project_id = '$p'
		order by at");
}

my ($outcome, $p) = split /\|/,
	$db->as_server("select outcome, project_id
		from vault.project_create('my project', '10.1.2.3', 0)");
is $outcome, '00000', 'create';
like $p, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
	'the id is a random UUID';
is $db->ok("select name, version, updated_at is null from
	vault.environments where project_id = '$p' order by name"),
	"development|0|t\nproduction|0|t\nstaging|0|t",
	'three environments, empty';
is audit($p), 'project/create|00000||||10.1.2.3', 'audited';

is $db->as_server("select auth_key is null from vault.project_auth('$p')"),
	't', 'a project without a key: one row, NULL';
is $db->as_server("select count(*) from vault.project_auth('$nobody')"), 0,
	'an unknown project: no row';

is $db->as_server("select * from vault.project_set_key('$p', $key, "
	. bytes(16, 'ac') . ", '10.1.2.3')"), 'VE053 Server key replaced',
	'set-key sealed under another server key';
is $db->as_server("select * from vault.project_set_key('$nobody', $key, $id,
	'10.1.2.3')"), 'VE040 Project not found', 'set-key, unknown project';
is $db->as_server("select * from vault.project_set_key('$p', $key, $id,
	'10.1.2.3')"), '00000', 'set-key';
is $db->as_server("select * from vault.project_set_key('$p', "
	. bytes(60, 'ee') . ", $id, '10.6.6.6')"),
	'VE090 Auth key already set', 'a second set-key';
is $db->as_server("select auth_key = $key from vault.project_auth('$p')"),
	't', 'the first key stays';
is audit($p), "project/create|00000||||10.1.2.3\n"
	. 'project/set-key|00000||||10.1.2.3', 'what was done is audited';
like $db->as_server("select vault.project_set_key('"
	. $db->ok("select project_id from vault.project_create('y', '', 0)")
	. "', " . bytes(59, 'cd') . ", $id, '')"),
	qr/^23514 .*projects_auth_key_check/, 'a key of 59 bytes is no key';

like $db->as_server("select vault.project_create(repeat('x', 129), '', 0)"),
	qr/^23514 .*projects_name_check/, 'a name of 129 bytes';
like $db->as_server("select vault.project_create('', '', 0)"),
	qr/^23514 .*projects_name_check/, 'an empty name';

subtest 'daily limit' => sub {
	my $db = $c->database('daily');
	my $create = sub {
		my ($from, $limit) = @_;
		return $db->as_server("select outcome from
			vault.project_create('x', '$from', @{[$limit // 2]})");
	};
	my $refused = 'VE029 Too many projects created today';
	is $create->('192.0.2.1'), '00000', 'first';
	is $create->('192.0.2.1'), '00000', 'second';
	is $create->('192.0.2.1'), $refused, 'third';
	is $db->ok('select count(*) from vault.projects'), 2, 'none was made';
	is $db->ok("select count(*) from vault.environments"), 6,
		'... nor its environments';
	is $create->('192.0.2.1', 0), '00000', '0 is no limit';
	is $create->('192.0.2.254'), $refused, 'the /24 has one limit';
	is $create->('::ffff:192.0.2.9'), $refused, '... written as IPv6 too';
	is $create->('192.0.3.1'), '00000', 'another network is not held up';
	is $create->('::ffff:192.0.4.1'), '00000', '... nor so';
	is $create->('::ffff:192.0.4.2'), '00000', '... twice';
	is $create->('192.0.4.3'), $refused, '... which is IPv4';
	is $create->('2001:db8:0:aa01::1'), '00000', 'IPv6';
	is $create->('2001:db8:0:aaff:1:2:3:4'), '00000', '... the same /56';
	is $create->('2001:db8:0:aa00::'), $refused, '... has one limit';
	is $create->('2001:db8:0:ab00::'), '00000', '... the next /56 its own';
	is $create->('fe80::1%eth0'), '00000', 'an address with a zone';
	is $create->($_), '00000', "no address: '$_'" for 'unknown', '10.1.2.x';
	is $create->(''), $refused, '... those share one limit';

	$db->ok('delete from vault.environments; delete from vault.projects');
	is $create->('192.0.2.1'), $refused, 'removed ones count';
	$db->ok("update vault.creations set began_at =
		now() - interval '25 hours' where network = '192.0.2.0/24'");
	is $create->('192.0.2.1'), '00000', 'those of yesterday do not';
	is $create->('192.0.2.1'), '00000', '... the day begins anew';
	is $create->('192.0.2.1'), $refused, '... with the same limit';
};

subtest 'server key' => sub {
	my $db = $c->database('key');
	my $old = bytes(16, 'ab');
	my $new = bytes(16, 'ba');
	my $p = $db->project('x');
	my $q = $db->ok("select project_id from
		vault.project_create('y', '', 0)");
	is $db->as_server('select key_id from vault.server_key_get()'),
		'\x' . 'ab' x 16, 'get';
	is $db->as_server("select * from vault.server_key_init($new)"),
		'\x' . 'ab' x 16, 'init does not replace';
	is $db->as_rekey("select * from vault.server_key_replace($new, $old)"),
		'f', 'replace, of one that is not in force';
	is $db->as_rekey("select * from vault.auth_key_list()"),
		"$p|\\x" . 'cd' x 60, 'list has the projects with a key';
	is $db->as_rekey("begin; select * from vault.server_key_lock();
		select vault.auth_key_replace('$p', " . bytes(60, 'dd') . ");
		select vault.server_key_replace($old, $new); commit"),
		'\x' . 'ab' x 16 . "\n\nt", 'one transaction replaces all';
	is $db->as_server("select auth_key from vault.project_auth('$p')"),
		'\x' . 'dd' x 60, 'the auth key is the new one';
	is $db->as_server("select * from vault.project_set_key('$q', $key,
		$old, '')"), 'VE053 Server key replaced',
		'a server with the old key gets no key in';
	is $db->as_rekey("select vault.auth_key_replace('$q', $key)"),
		'VE040 Project not found', 'none is given a first key so';
	is $db->ok("select count(*) from vault.audit_log where
		project_id = '$p' and action = 'project/rekey'"), 1,
		'audited';

	my $empty = $c->database('nokey', install => 0);
	$empty->install;
	is $empty->as_server('select count(*) from vault.server_key_get()'),
		0, 'no key yet: no row';
	is $empty->as_rekey('select count(*) from vault.server_key_lock()'),
		0, '... to lock either';
	my $r = $empty->as_server("select project_id from
		vault.project_create('x', '', 9)");
	is $empty->as_server("select vault.project_set_key('$r', $key, $id,
		'')"), 'VE053 Server key replaced', '... nor to seal under';
	is $empty->as_server("select * from vault.server_key_init($id)"),
		'\x' . 'ab' x 16, 'init sets it';
};

done_testing;
