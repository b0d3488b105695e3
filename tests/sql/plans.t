#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# No call on the hot path reads a table from end to end, or by an index that
# does not begin with project_id: neither with plans made when the tables were
# empty, nor with those of a new session.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my @tables = qw(projects devices environments secret_versions requests);
my $c = SqlTest->start;
my $db = $c->database('t');
my $p = $db->project('x');
my $A = "sha256(repeat('a', 64)::bytea)";
$db->ok("select vault.device_register('$p', " . signed('d')
	. ", '', 'n', $A, 100)");
$db->ok("select vault.secret_push('$p', " . signed('s')
	. ", '', $A, 'production', " . bytes(28, 'ee')
	. ", null, null, null, 9, 0)");

my %call = (
	project_auth => "vault.project_auth('$p')",
	secret_pull => "vault.secret_pull(array['$p'::uuid, '$p',
		gen_random_uuid()], array[" . bytes(60, 'cd') . ', '
		. bytes(60, 'cd') . ", 'x'], array[sha256('q'), sha256('r'),
		'x'], array['', '', ''], array[$A, null, null],
		array['production', 'production', 'e'])",
	secret_pull_version => "vault.secret_pull_version('$p', DIGEST, '',
		$A, 'production', 1)",
	secret_push => "vault.secret_push('$p', DIGEST, '', $A, 'production',
		" . bytes(28, 'ee') . ", null, null, null, 9, 0)",
	secret_push_keeping_some => "vault.secret_push('$p', DIGEST, '', $A,
		'production', " . bytes(28, 'ee') . ", null, null, null, 9, 1000)",
	secret_current_version => "vault.secret_current_version(array['$p'::uuid,
		gen_random_uuid()], array[" . bytes(60, 'cd') . ", 'x'], " .
		"array[sha256('q'), sha256('r')], array['production', 'e'])",
	secret_versions => "vault.secret_versions('$p', DIGEST,
		'production')",
	secret_rollback => "vault.secret_rollback('$p', DIGEST, '',
		'production', 1, 0)",
	device_list => "vault.device_list('$p', DIGEST)",
	device_register => "vault.device_register('$p', DIGEST, '', 'n', $A,
		100)",
);

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
	from generate_series(1, 20000) i;";
my $scans = "select pg_stat_force_next_flush(); select relname, seq_scan from
	pg_stat_user_tables where relname in ('"
	. join("', '", @tables) . "') union all select indexrelname, idx_scan from
	pg_stat_user_indexes i where schemaname = 'vault' and (select a.attname
	from pg_attribute a join pg_index x on x.indexrelid = i.indexrelid
	where a.attrelid = i.relid and a.attnum = x.indkey[0]) not in
	('project_id', 'id') order by 1;\nselect 'mark';\n";

my $n = 0;
sub calls
{
	my ($name) = @_;
	return join '', map { "select count(*) from "
		. $call{$name} =~ s/DIGEST/signed('q' . $n++)/er . ";\n" }
		1 .. 12;
}

sub counts { return $_[0] =~ s/^\d*\n|^\n//gmr }

# One session from empty tables to full ones, never analyzed.
my $script = join '', map { calls($_) } sort keys %call;
$script .= "select 'mark';\n$load\n";
$script .= $scans . join('', map { calls($_) . $scans } sort keys %call);
my @part = map { counts($_) } split /^mark\n?/m, $db->ok($script);
shift @part;
for my $name (sort keys %call) {
	is $part[1], $part[0], "$name: plans made on empty tables";
	shift @part;
}
like $part[0], qr/^secret_versions\|\d+$/m, 'counters are there';
like $part[0], qr/^requests_at_idx\|\d+$/m, '... of indexes too';

# New sessions, before and after ANALYZE.
for my $when ('not analyzed', 'analyzed') {
	$db->ok("analyze") if $when eq 'analyzed';
	for my $name (sort keys %call) {
		my ($before, $after) = map { counts($_) } split /^mark\n?/m,
			$db->ok($scans . calls($name) . $scans);
		is $after, $before, "$name: a new session, $when";
	}
}

# And the counters do see a scan.
my ($before, $after) = map { counts($_) } split /^mark\n?/m,
	$db->ok($scans . "select count(blob) from vault.secret_versions;\n"
	. $scans);
isnt $after, $before, 'a sequential scan is noticed';

done_testing;
