# SPDX-License-Identifier: MIT
# The resident memory of vault.fcgi: at start, after many requests, and what a
# thread of it costs.
package Bench::Memory;
use strict;
use warnings;
use Bench::Load;
use Bench::Site;
use VaultTest;

my %THREADS = (few => 64, many => 256);
my $PROJECTS = 32;

sub resident		# in KiB
{
	my ($site) = @_;
	my $sum = 0;

	for my $pid ($site->{server}->vault_pids) {
		$sum += $1 if VaultTest::slurp("/proc/$pid/status", 1) =~
		    /^VmRSS:\s+(\d+) kB/m;
	}
	return $sum;
}

# n requests at least, half of them pulls, from as many connections as use every
# thread there is.
sub requests
{
	my ($site, $n, $threads, $seconds) = @_;
	my $done = 0;

	for my $path ('secrets/pull', 'secrets/current-version') {
		my $half = $done + $n / 2;
		while ($done < $half) {
			$done += Bench::Load::http(url => $site->{url},
			    connections => 2 * $threads, seconds => $seconds,
			    plan => $site->plan($path))->{requests};
		}
	}
}

sub sets
{
	my ($opt) = @_;
	my $n = $opt->{quick} ? 10_000 : 1_000_000;
	my $tenth = $n / 10;
	my %site;
	my $few;

	return {
		name => 'memory', rounds => sub { 1 },
		needs => [qw(wrk nginx psql fcgi/vault.fcgi)],
		about => "resident memory of vault.fcgi with $THREADS{few} " .
		    'threads; pull and current-version in equal parts; what ' .
		    'grows are the signatures of the last six minutes',
		start => sub {
			$site{$_} = Bench::Site->new(projects => $PROJECTS,
			    set => {threads => $THREADS{$_}}) for keys %THREADS;
			$_->{server}->restart('vault') for values %site;
			# Until it has answered, it is not ready to be looked at.
			$_->{server}->_must('up') for values %site;
		},
		finish => sub { $_->down for values %site; return '' },
		measure => [
			['at start', 'KiB', sub { resident($site{few}) }],
			["after $tenth requests", 'KiB', sub {
				requests($site{few}, $tenth, $THREADS{few},
				    $opt->{seconds});
				return $few = resident($site{few});
			}],
			["after $n requests", 'KiB', sub {
				requests($site{few}, $n - $tenth, $THREADS{few},
				    $opt->{seconds});
				return resident($site{few});
			}],
			['for each thread', 'KiB', sub {
				requests($site{many}, $tenth, $THREADS{many},
				    $opt->{seconds});
				return (resident($site{many}) - $few) /
				    ($THREADS{many} - $THREADS{few});
			}],
		],
		rows => [],
	};
}

1;
