#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# rotate-key, killed at every system call by which it changes a file or speaks to
# the server: no key is lost, the machine can always be used or says how, and the
# next run ends the same rotation, of which there is one.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx strace));
my $r = VaultTest::run(['strace', '-o', '/dev/null', 'true']);
plan skip_all => "strace may not trace here: $r->{stderr}" if $r->{status};
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url});

$p->must('init');
$p->spew('values', "A=1\n");
$p->must('push', '--file', 'values');
my $id = $p->project;
my $next = "$p->{home}/.vault/$id.next";

sub secret { return substr $_[0], 40, 64 }
sub rotations
{
	return $s->psql("select cardinality(joins) - 1 from vault.projects where id = '$id'");
}

# What the run left, and what the next one makes of it. Fails once a point.
sub check
{
	my ($point, $old, $n, @args) = @_;
	my $name = "@args, killed at $point->[0] $point->[1]";
	my $key = $p->key;
	my $kept = -e $next ? VaultTest::slurp($next) =~ /\A([0-9a-f]{64})\n/ : undef;
	my $is_over = !-e $next && secret($key) ne secret($old);
	my $get = $p->run('get', 'A');

	return fail("$name: .env has no key") if !defined $key;
	return fail("$name: $next is not whole") if -e $next && !$kept;
	return fail("$name: get: $get->{stderr}") if $get->{status} != 0 &&
	    $get->{stderr} !~ /If it was by vault-env rotate-key on this machine, run/;
	if (!$is_over) {
		my $again = $p->run('rotate-key', '--yes');
		return fail("$name: the next run: $again->{stderr}") if $again->{status} != 0;
	}
	my $after = $p->run('get', 'A');
	return fail("$name: then get: $after->{stderr}") if $after->{stdout} ne "1\n";
	return fail("$name: the key is as it was") if secret($p->key) eq secret($old);
	return fail("$name: a secret is left") if -e $next;
	return is(rotations(), $n + 1, "$name: one rotation in the end");
}

for my $before ([], ['rotate-key', '--prepare']) {
	$p->must(@$before) if @$before;
	my @points = $p->changes('rotate-key', '--yes');
	cmp_ok(scalar @points, '>', 20, "rotate-key @$before: it has its points");
	# What comes before the secret is prepared is killed without.
	@points = @points[grep { $_ % 5 == 0 } 0 .. $#points] if @$before;
	for my $point (@points) {
		$p->must(@$before) if @$before;
		my ($old, $n) = ($p->key, rotations());
		$p->killed_at($point, 'rotate-key', '--yes') or next;
		check($point, $old, $n, @$before, 'rotate-key');
	}
}

# ---- --prepare changes nothing but its own file
for my $point ($p->changes('rotate-key', '--prepare')) {
	my ($key, $n) = ($p->key, rotations());

	unlink $next;
	$p->killed_at($point, 'rotate-key', '--prepare') or next;
	my $line = $p->must('rotate-key', '--prepare');
	is_deeply([$p->key, rotations(), $p->must('rotate-key', '--prepare')], [$key, $n, $line],
	    "--prepare, killed at @$point");
}
done_testing;
