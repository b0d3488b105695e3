#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Devices: device_register, device_approve, device_revoke, device_list.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my $p = $db->project('x');
my $other = $db->project('other');
my $nobody = '00000000-0000-4000-8000-000000000000';
my $n = 0;

sub register
{
	my ($hash, %o) = @_;
	return $db->as_server(sprintf "select * from vault.device_register("
		. "'%s', %s, '10.0.0.2', '%s', sha256(repeat('%s', 64)::bytea), %d)",
		$o{project} // $p, signed($o{digest} // 'r' . $n++),
		$o{name} // "name $hash", $hash, $o{max} // 1000);
}

sub act
{
	my ($what, $device, $digest, $project) = @_;
	return $db->as_server(sprintf "select * from vault.device_%s('%s', "
		. "%s, '10.0.0.3', '%s')", $what, $project // $p,
		signed($digest // 'a' . $n++), $device);
}

sub audit
{
	return $db->ok("select action, outcome, device_id, remote from
		vault.audit_log where project_id = '$p' and
		action like 'devices/%' order by at");
}

my ($outcome, $first, $status) = split /\|/, register('a');
is "$outcome $status", '00000 approved', 'the first device is approved';
($outcome, my $second, $status) = split /\|/, register('b');
is "$outcome $status", '00000 pending', 'the second waits';
is register('a'), "00000|$first|approved", 'known hash: same id and status';
is register('b'), "00000|$second|pending", '... whatever it is';
is register('a', project => $nobody), 'VE040 Project not found',
	'unknown project';
is $db->ok("select string_agg(hash::text, '' order by created_at) from
	vault.devices where project_id = '$p'"),
	$db->ok("select sha256(repeat('a', 64)::bytea)::text
		|| sha256(repeat('b', 64)::bytea)::text"),
	'what is stored is what was given';
like register('c', name => 'x' x 129), qr/^23514 .*devices_name_check/,
	'a name of 129 bytes';
is register('c', max => 2), 'VE095 Too many devices', 'bound';
is register('b', max => 2), "00000|$second|pending",
	'... does not hit a known one';

is act('approve', $nobody), 'VE044 Device not found', 'approve: unknown';
is act('approve', $second, 'x1', $other), 'VE044 Device not found',
	'approve: of another project';
is act('approve', $second, 'ap'), "00000|$second|approved", 'approve';
is act('approve', $second), "00000|$second|approved", 'approve again';
is act('revoke', $nobody), 'VE044 Device not found', 'revoke: unknown';
is act('revoke', $second, 'ap'),
	'VE091 Signature already used for another request',
	'a captured approve is no revoke';
is act('revoke', $second, 'rv'), "00000|$second|revoked", 'revoke';
is act('revoke', $second), "00000|$second|revoked", 'revoke again';
is act('revoke', $second, 'rv'), "00000|$second|revoked",
	'revoke replayed';
is act('approve', $second), 'VE093 Device revoked', 'revoked is final';
is act('approve', $second, 'ap'), 'VE093 Device revoked',
	'... for a replayed approve too';
is act('approve', $second, 'rv'),
	'VE091 Signature already used for another request',
	'a captured revoke is no approve';
is register('b'), "00000|$second|revoked", '... and for registering again';

is audit(), join("\n", "devices/register|00000|$first|10.0.0.2",
	"devices/register|00000|$second|10.0.0.2",
	"devices/approve|00000|$second|10.0.0.3",
	"devices/revoke|00000|$second|10.0.0.3"),
	'every change is audited, once';

is act('revoke', $first), "00000|$first|revoked", 'revoke the last one';
($outcome, my $third, $status) = split /\|/, register('c', digest => 'reg3');
is "$outcome $status", '00000 pending',
	'no second "first device" when all are revoked';
is register('c', digest => 'reg3'), "00000|$third|pending",
	'register replayed';
like register('d'), qr/^00000\|.*\|pending$/, 'a fourth';

my @rows = map { [split /\|/, $_, -1] } split /\n/,
	$db->as_server("select * from vault.device_list('$p', "
	. signed('list') . ')');
is_deeply [map { $_->[1] } @rows],
	['name d', 'name c', 'name b', 'name a'], 'list: newest first';
is_deeply [map { $_->[2] } @rows],
	['pending', 'pending', 'revoked', 'revoked'], 'status';
my $time = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
like $_->[3], $time, 'created_at' for @rows;
like $rows[2][4], $time, 'approved_at';
is $rows[0][4], '', 'approved_at of one that waits';
is $rows[0][5], '', 'last_seen_at of one never seen';
is $db->as_server("select * from vault.device_list('$p', "
	. signed('ap') . ')'),
	'VE091 Signature already used for another request',
	'a captured approve lists nothing';
is $db->as_server("select count(*) from vault.device_list('$other', "
	. signed('list') . ')'), 0, 'another project has none';

done_testing;
