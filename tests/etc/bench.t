#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# make bench still works: it names its rows, its way to sign is accepted for
# each kind of request by a real server, and pgbench is given the statements that
# vault.fcgi prepares. Nothing is timed.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/bench";
use Bench::Load;
use Bench::Rounds;
use Bench::Client;
use Bench::Site;
use Bench::Team;
use Test::More;
use VaultTest;

my $r = VaultTest::run([$^X, "$VaultTest::SRC/tests/bench/bench.pl", '--list']);
is $r->{status}, 0, '--list' or diag $r->{stderr};
for my $row (qw(pull-32 pull-128 current-version-32 pull-one-device
    push-32-environments push-one-environment pull-512-p99 pull-growth-versions
    pull-growth-projects pull-growth-audit push-growth-versions
    push-growth-projects push-growth-audit v2-pull-unchanged v2-pull-changed
    v2-pull-growth-records v2-push-growth-log v2-team-admit-ms v2-team-push-KB
    cli-pull cli-run-offline cli-run-v2 cli-run-offline-v2 cli-run cli-run-tls
    dotenv-parse open-v2-20 open-v2-20-ms open-v2-1000 open-v2-1000-ms
    open-v2-known load-10000 node-config-sync python-load-sync)) {
	like $r->{stdout}, qr/^  \Q$row\E +[<>]= [\d.]+ +\S.* \xc3\xb7 \S/m,
	    "--list names both sides of $row";
}
$r = VaultTest::run([$^X, "$VaultTest::SRC/tests/bench/bench.pl", '--only',
    'no such']);
is "$r->{status} $r->{stderr}", "2 bench.pl: nothing is named no such; see " .
    "--list\n", 'a pattern that matches nothing is refused';

# Two rounds of known figures
my @given = ([8, 2], [4, 2]);
my $set = {name => 'given', measure => [map { my $i = $_; ["m$i", 'x',
    sub { return {value => $given[$i - 1][0], errors => 0} }] } 1, 2],
    rows => [{name => 'r', over => 'm1', under => 'm2', sense => '<=',
    goal => 2}]};
my $row = Bench::Rounds::run($set, 3, sub {})->{rows}[0];
is "$row->{ratio}{median} $row->{verdict}", '2 met', 'a ratio and its verdict';
$set->{finish} = sub { 'a gap' };
$row = Bench::Rounds::run($set, 3, sub {})->{rows}[0];
is "$row->{verdict}, $row->{note}", 'missed, a gap',
    'whatever the ratio, if something is wrong';
$set->{needs} = ['no-such-program'];
$row = Bench::Rounds::run($set, 3, sub {})->{rows}[0];
is "$row->{verdict}, $row->{note}", 'not measured, no-such-program is missing',
    'what is missing is named';

SKIP: {
	my $why = Bench::Rounds::missing({needs => [qw(wrk pgbench nginx psql
	    fcgi/vault.fcgi)]});
	skip $why, 17 if $why;
	my $site = Bench::Site->new(projects => 2);
	my $ask = sub {
		my (@plan) = @_;
		return Bench::Load::http(url => $site->{url}, connections => 1,
		    seconds => 1, plan => $site->plan(@plan));
	};

	my $pushed = 0;
	for my $path (qw(secrets/pull secrets/push devices/register)) {
		my $got = $ask->($path, blob => VaultTest::Client::blob());
		cmp_ok $got->{requests}, '>', 0, "wrk asks $path";
		is $got->{errors}, 0, "and its signatures are accepted";
		$pushed += $got->{requests} if $path eq 'secrets/push';
	}
	$site->{clients}[0]{auth_key} ^= "\1";
	cmp_ok $ask->('secrets/pull', projects => 1)->{errors}, '>', 0,
	    'those of another key are not';

	$site->clone(2, 64);
	my $got = Bench::Load::pgbench(server => $site->{server},
	    statement => 'secret_push', environment => 'production',
	    choose => '\set i 1', clients => 1, seconds => 1,
	    blob => VaultTest::Client::random_bytes(64));
	is $got->{errors}, 0, 'pgbench calls what vault.fcgi does for a push';
	like(Bench::Load::script($site->{server}, 'secret_pull', '\set i 1'),
	    qr/^\\set i 1\nselect .*vault\.secret_pull\([^\$]*;\n\z/,
	    'and for a pull: no argument is left open');
	is $site->gaps($pushed), '', 'no version is missing';

	my $url = $site->known->{url};
	my @team = Bench::Team::projects(Bench::Client::team(), $url, 2);
	for my $case (['secrets/pull'], ['secrets/pull', changed => 1],
	    ['secrets/push']) {
		my ($path, @how) = @$case;
		my $got = Bench::Load::http(url => $url, connections => 1,
		    seconds => 1, plan => Bench::Team::plan($path, \@team, @how));
		cmp_ok $got->{requests}, '>', 0, "wrk asks $path (v2) @how";
		is $got->{errors}, 0, '... and its MACs and records are good';
	}
	is $site->gaps($pushed + 1e6), $site->sql("select sum(version)
	    from vault.environments where name = 'staging'") . ' versions are ' .
	    "stored, @{[$pushed + 1e6]} were acknowledged",
	    'versions that are missing are noticed';
}

done_testing;
