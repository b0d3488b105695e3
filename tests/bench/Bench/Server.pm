# SPDX-License-Identifier: MIT
# The rows of the server: each request through a web server against the same
# work done by pgbench straight in the database, or against an answer that needs
# no database. All of it on one machine, load and database included.
package Bench::Server;
use strict;
use warnings;
use POSIX ();
use Bench::Load;
use Bench::Site;
use VaultTest;

my @NEEDS = qw(wrk nginx psql fcgi/vault.fcgi);
my $PROJECTS = 200;
my $BLOB = 2048;
my $MAX_BODY = 1_048_576;	# of the shipped configurations

# In base64, and with 512 bytes of JSON around it.
sub large { return int(($MAX_BODY - 512) / 4) * 3 - 28 }

sub site
{
	return Bench::Site->shared('nginx', projects => $PROJECTS, blob => $BLOB);
}

sub prepare
{
	my $site = site();

	$site->clone($PROJECTS, 28 + $BLOB) unless $site->{cloned}++;
	$site->settle;
}

# A measurement through the shared server.
sub through
{
	my ($opt, $connections, $path, %plan) = @_;

	$plan{blob} = VaultTest::Client::blob($BLOB) if $path eq 'secrets/push';
	return sub {
		my $site = site();
		return Bench::Load::http(url => $site->{url},
		    connections => $connections, seconds => $opt->{seconds},
		    plan => $site->plan($path, %plan),
		    server => $site->{server});
	};
}

sub beside
{
	my ($opt, $statement, $environment, $choose) = @_;

	return sub {
		return Bench::Load::pgbench(server => site()->{server},
		    statement => $statement, environment => $environment,
		    choose => $choose, clients => 8,
		    seconds => $opt->{seconds},
		    blob => VaultTest::Client::random_bytes(28 + $BLOB));
	};
}

sub pull
{
	my ($opt) = @_;

	return {
		name => 'pull', needs => [@NEEDS, 'pgbench'],
		start => \&prepare,
		about => "pull of $BLOB bytes, each audited on disk before it is " .
		    "answered; nginx, http, $PROJECTS projects",
		measure => [
			['pull, 32 connections', 'req/s',
			    through($opt, 32, 'secrets/pull')],
			['pull, 128 connections', 'req/s',
			    through($opt, 128, 'secrets/pull')],
			['pull, 32 connections, one device', 'req/s',
			    through($opt, 32, 'secrets/pull', projects => 1)],
			['pull, 512 connections', 'req/s',
			    through($opt, 512, 'secrets/pull')],
			['the same SQL under pgbench, 8 clients', 'req/s',
			    beside($opt, 'secret_pull', 'production',
			    "\\set i random(1, $PROJECTS)")],
		],
		rows => [
			{name => 'pull-32', over => 'pull, 32 connections',
			    under => 'the same SQL under pgbench, 8 clients',
			    sense => '>=', goal => 1.1},
			{name => 'pull-128', over => 'pull, 128 connections',
			    under => 'the same SQL under pgbench, 8 clients',
			    sense => '>=', goal => 0.95},
			{name => 'pull-one-device',
			    over => 'pull, 32 connections, one device',
			    under => 'pull, 32 connections',
			    sense => '>=', goal => 0.9},
			{name => 'pull-512-p99',
			    over => 'pull, 512 connections/p99',
			    under => 'pull, 512 connections/p50',
			    sense => '<=', goal => 4},
		],
	};
}

sub version
{
	my ($opt) = @_;

	return {
		name => 'current-version', needs => \@NEEDS,
		start => \&prepare,
		about => 'what a watcher asks, against an answer of vault.fcgi ' .
		    'that needs no database; nginx, http',
		measure => [
			['current-version, 32 connections', 'req/s',
			    through($opt, 32, 'secrets/current-version')],
			['an unknown path, 32 connections', 'req/s', sub {
				return Bench::Load::http(url => site()->{url},
				    connections => 32,
				    seconds => $opt->{seconds}, refused => 1,
				    plan => {path => '/api/v1/none'},
				    server => site()->{server});
			}],
		],
		rows => [{name => 'current-version-32',
		    over => 'current-version, 32 connections',
		    under => 'an unknown path, 32 connections',
		    sense => '>=', goal => 0.75}],
	};
}

# HTTP pushes to the first 32 projects, or the one after them; pgbench to its
# own of the same numbers, four for each client, so that it never waits for
# itself where HTTP does not.
sub pushes
{
	my ($opt) = @_;
	my $acknowledged = 0;
	my $counted = sub {
		my ($sub) = @_;
		return sub {
			my $r = $sub->();
			$acknowledged += $r->{requests};
			return $r;
		};
	};

	return {
		name => 'push', needs => [@NEEDS, 'pgbench'],
		start => sub {
			prepare();
			$acknowledged = site()->sql("select coalesce(
			    sum(version), 0) from vault.environments
			    where name = 'staging'");
		},
		finish => sub { return site()->gaps($acknowledged) },
		about => "push of $BLOB bytes, on disk before it is acknowledged; " .
		    'nginx, http; afterwards the versions are counted',
		measure => [
			['push, 32 connections, 32 environments', 'req/s',
			    $counted->(through($opt, 32, 'secrets/push',
			    projects => 32))],
			['the same SQL under pgbench, 8 clients', 'req/s',
			    $counted->(beside($opt, 'secret_push', 'staging',
			    '\set i :client_id * 4 + random(1, 4)'))],
			['push, 32 connections, one environment', 'req/s',
			    $counted->(through($opt, 32, 'secrets/push',
			    from => 32, projects => 1))],
			['the same SQL under pgbench, 8 clients, one row', 'req/s',
			    $counted->(beside($opt, 'secret_push', 'staging',
			    '\set i 33'))],
		],
		rows => [
			{name => 'push-32-environments',
			    over => 'push, 32 connections, 32 environments',
			    under => 'the same SQL under pgbench, 8 clients',
			    sense => '>=', goal => 1.0},
			{name => 'push-one-environment',
			    over => 'push, 32 connections, one environment',
			    under =>
			    'the same SQL under pgbench, 8 clients, one row',
			    sense => '>=', goal => 0.8},
		],
	};
}

# A healthy tenant's pushes, alone and while another one pushes blobs of 512 KB
# without a pause.
sub neighbours
{
	my ($opt) = @_;
	my $healthy = through($opt, 4, 'secrets/push', from => 34, projects => 4);
	my $greedy = sub {
		my $site = site();
		return Bench::Load::http(url => $site->{url}, connections => 4,
		    seconds => $opt->{seconds} + 2,
		    plan => $site->plan('secrets/push', from => 33,
		    projects => 1, environment => 'greedy',
		    blob => VaultTest::Client::blob(512 * 1024)));
	};

	return {
		name => 'neighbours', needs => \@NEEDS, start => \&prepare,
		about => "pushes of $BLOB bytes by four tenants, one at a time " .
		    'each, and beside a tenant who pushes 512 KB four at a ' .
		    'time; nginx, http',
		measure => [
			['push, 4 tenants alone', 'req/s', $healthy],
			['push, 4 tenants beside a greedy one', 'req/s', sub {
				my $child = fork // die "fork: $!\n";
				if ($child == 0) {
					$greedy->();
					POSIX::_exit(0);
				}
				sleep 1;
				my $r = $healthy->();
				waitpid $child, 0;
				$r->{errors}++ if $? != 0;
				return $r;
			}],
		],
		rows => [{name => 'push-neighbour-p99',
		    over => 'push, 4 tenants beside a greedy one/p99',
		    under => 'push, 4 tenants alone/p99',
		    sense => '<=', goal => 4}],
	};
}

my %ELSEWHERE = (
	'64 KB' => {blob => 65536},
	'1 MiB' => {blob => large(), projects => 8},
	'lighttpd' => {web => 'lighttpd'},
	'nginx over TLS' => {tls => 1},
	'lighttpd over TLS' => {web => 'lighttpd', tls => 1},
);

# Everything else that one may want to see: no ratio, no goal, not in --quick.
sub survey
{
	my ($opt) = @_;
	my %of = (pull => 'secrets/pull', push => 'secrets/push',
	    'current-version' => 'secrets/current-version',
	    register => 'devices/register');
	my @names = ('pull', 'current-version', 'push', 'register');
	my (%other, @measure);
	my $at = sub {
		my ($name, $connections, $place, $len, %plan) = @_;
		return sub {
			my $site = $ELSEWHERE{$place} ? $other{$place} : site();
			$plan{blob} //= VaultTest::Client::blob($len)
			    if $name eq 'push';
			return Bench::Load::http(url => $site->{url},
			    connections => $connections,
			    seconds => $opt->{seconds},
			    server => $site->{server},
			    plan => $site->plan($of{$name}, %plan));
		};
	};

	for my $name (@names) {
		push @measure, ["$name, $_ connections", 'req/s',
		    $at->($name, $_, 'nginx', $BLOB)] for 1, 8, 32, 128, 512;
	}
	for my $name ('pull', 'push') {
		push @measure, ["$name, 32 connections, one device", 'req/s',
		    $at->($name, 32, 'nginx', $BLOB, from => 40, projects => 1)];
		push @measure, ["$name of 64 KB, 32 connections", 'req/s',
		    $at->($name, 32, '64 KB', 65536)];
		push @measure, ["$name of 1 MiB, 8 connections", 'req/s',
		    $at->($name, 8, '1 MiB', large())];
	}
	my @tls = -e '/usr/lib/lighttpd/mod_openssl.so' ?
	    'lighttpd over TLS' : ();
	for my $place ('lighttpd', 'nginx over TLS', @tls) {
		push @measure, ["$_, 32 connections, $place", 'req/s',
		    $at->($_, 32, $place, $BLOB)] for @names;
	}
	return {
		name => 'survey', full => 1, needs => [@NEEDS, 'lighttpd'],
		about => "requests a second, $BLOB bytes and nginx over http " .
		    'unless said otherwise; "1 MiB" is the largest blob whose ' .
		    'request the shipped limits let through',
		start => sub {
			prepare();
			$other{$_} = Bench::Site->new(blob => $BLOB,
			    projects => 32, %{$ELSEWHERE{$_}})
			    for '64 KB', '1 MiB', 'lighttpd', 'nginx over TLS',
			    @tls;
		},
		finish => sub { $_->down for values %other; return '' },
		measure => \@measure, rows => [],
	};
}

sub sets
{
	my ($opt) = @_;

	return (pull($opt), version($opt), pushes($opt), neighbours($opt),
	    survey($opt));
}

1;
