#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Between a command's reading of the log and of the records another admin adds
# to the log, and a version that names what was added: no tampering is seen in
# that.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my $admin = $team->person('admin');
my $other = $team->person('other', role => 'admin');
my $eve = $team->person('eve', role => 'reader');
my $plan = VaultTest::tmpdir() . '/plan';
my $n = 0;

$other->spew('.env', $other->slurp('.env') . "A=0\n");
$other->must('push', '--yes', '--env', 'shop');
my $slow = CliTest::proxy($team->{url}, $plan);
VaultTest::spew($plan, '');
$s->set(url => "$team->{url} $slow");
$admin->must('pull', '--quiet', '--env', 'shop', {url => $slow});

# The two happen before a request of that path, counted from 1.
sub others_do
{
	my ($path, $request) = @_;
	my $vault_env = "$CliTest::BIN --url $team->{url}";

	$n++;
	VaultTest::spew($plan, "$path $request run (cd $other->{dir} && export HOME=$other->{home} && " .
	    "$vault_env scope-device --yes --id $eve->{id} --fresh ${n}d && " .
	    "$vault_env set A=$n --env shop) >$plan.out 2>&1");
}

sub stands
{
	my ($request, @args) = @_;

	others_do('secrets/records', $request);
	my $r = $admin->run(@args, '--env', 'shop', {url => $slow});
	is($r->{status}, 0, "$args[0], request $request") or
	    diag($r->{stderr}, VaultTest::slurp("$plan.out", 1));
	is($other->must('get', 'A', '--env', 'shop'), "$n\n", 'the two came meanwhile');
}

stands(1, 'accept-loss', '--confirm', 1);
stands(1, 'bundle');
stands(1, 'share');
stands(1, 'verify');
stands($_, 'versions') for 1, 2;

# With the names of the environments comes how long the log is: what was added is
# read before the entry is made, which is not refused for it.
my ($counted, $seen) = CliTest::relay($slow);
$s->set(url => "$team->{url} $slow $counted");
$admin->{url} = $counted;
$admin->must('pull', '--quiet', '--env', 'shop');
others_do('secrets/heads', 1);
$admin->asks($seen, ['scope-device', '--yes', '--id', $eve->{id}, '--fresh', '99d'], 5,
    'log/read', 'secrets/heads', 'log/read', 'secrets/records', 'log/append');

done_testing();
