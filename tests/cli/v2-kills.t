#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# init, push and upgrade on projects of protocol v2, killed at every system call
# by which they change a file or speak to the server: the next run ends what was
# begun, no key is lost, and the server has nothing that is half done.
# limit 400
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

sub projects { return $s->psql('select count(*) from vault.projects where protocol = 2') }

# ---- init
{
	my @points = CliTest->new(url => $s->{url})->changes('init');

	cmp_ok(scalar @points, '>', 10, 'init has its points');
	for my $point (@points) {
		my $p = CliTest->new(url => $s->{url});
		my $n = projects();
		my $name = "init, killed at @$point";

		$p->spew('.env', "MINE=1\n");
		$p->killed_at($point, 'init') or next;
		my $key = $p->key;
		my $again = $p->run('init');
		if ($again->{status} != 0) {
			fail("$name: the next run: $again->{stderr}");
			next;
		}
		$p->spew('values', "A=1\n");
		$p->must('push', '--file', 'values');
		is_deeply([$p->key eq ($key // $p->key), scalar(() = $p->slurp('.env') =~
		    /^(?:VAULT_KEY|MINE)=/mg), scalar($p->slurp('.env') =~ /not finished/),
		    $p->must('get', 'A'), projects()], [1, 2, '', "1\n", $n + 1],
		    "$name: one project, with its key in .env");
	}
}

# ---- push
{
	my $p = CliTest->new(url => $s->{url});
	my $n = 1;

	$p->must('init');
	$p->spew('values', "A=0\n");
	my $push = sub {
		$p->spew('values', $p->slurp('values') =~ s/^A=.*/A=$_[0]/mr);
		return ('push', '--file', 'values');
	};
	$p->must($push->($n));
	my @points = $p->changes($push->(++$n));
	cmp_ok(scalar @points, '>', 10, 'push has its points');
	for my $point (@points) {
		my $name = "push, killed at @$point";
		my @args = $push->(++$n);

		$p->killed_at($point, @args) or next;
		my $between = $p->run('get', 'A');
		# What it was made from may be a version behind by now: then that is
		# said, and what to do.
		my $again = $p->run(@args, '--ours');
		is_deeply([$between->{status}, $again->{status}, $p->must('get', 'A')],
		    [0, 0, "$n\n"], "$name: then pushed") or diag explain [$between, $again];
	}
	is($s->psql('select count(*), max(version), count(distinct version) from ' .
	    "vault.records where project_id = '" . $p->project . "'") =~ /^(\d+)\|\1\|\1$/, 1,
	    'each version once');
}

# ---- upgrade
{
	my $p = CliTest->new(url => $s->{url});

	$p->must('init', '--protocol', 1);
	$p->spew('values', "A=1\n");
	$p->must('push', '--file', 'values', '--env', $_) for qw(development staging);
	my ($env, $id, $key) = ($p->slurp('.env'), $p->project, $p->key);
	my $state = "$p->{home}/.vault/$id.upgrade";
	# As if it had never been begun.
	my $anew = sub {
		$s->psql("update vault.projects set moved_to = null where id = '$id'");
		unlink $state;
		$p->spew('.env', $env);
	};
	my @points = $p->changes('upgrade', '--yes');
	cmp_ok(scalar @points, '>', 20, 'upgrade has its points');
	for my $point (@points) {
		my $name = "upgrade, killed at @$point";

		$anew->();
		my $n = projects();
		$p->killed_at($point, 'upgrade', '--yes') or next;
		if ($p->key eq $key) {
			my $again = $p->run('upgrade', '--yes');
			if ($again->{status} != 0) {
				fail("$name: the next run: $again->{stderr}");
				next;
			}
		}
		is_deeply([(map { $p->must('get', 'A', '--env', $_) } qw(development staging)), projects() - $n, scalar($p->slurp('.env') =~
		    /^VAULT_KEY_V1=\Q$key\E$/m), $s->psql("select moved_to from vault.projects where id = '$id'")],
		    ["1\n", "1\n", 1, 1, $p->project],
		    "$name: one project more, whole, and both keys");
	}
}
done_testing;
