#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# bench.pl: measures the hot paths of server and client, each beside something
# that says what this machine can do, and prints a table of ratios. `make bench`
# calls it; tests/bench/README says what is measured, how, and how to add a row.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path ();
use Getopt::Long;
use JSON::PP ();
use POSIX qw(strftime);

my $here;
BEGIN {
	$here = abs_path(dirname(__FILE__));
	$ENV{TOP_SRCDIR} //= abs_path("$here/../..");
	$ENV{TOP_BUILDDIR} //= -d "$ENV{TOP_SRCDIR}/.build" ?
	    "$ENV{TOP_SRCDIR}/.build" : $ENV{TOP_SRCDIR};
	unshift @INC, $here, "$ENV{TOP_SRCDIR}/tests";
}
use VaultTest;
use Bench::Client;
use Bench::Growth;
use Bench::Memory;
use Bench::Rounds;
use Bench::Server;
use Bench::V2;

my $USAGE = <<'END';
usage: bench.pl [OPTION...]
  --quick          fewer and shorter rounds, small growth: about two minutes
  --only PATTERN   only the sets and rows whose names match (a Perl pattern)
  --list           the sets and their rows, and what each is; measures nothing
  --json FILE      every sample, median and ratio, for a program to read
  --rounds N       5, or 3 with --quick
  --seconds N      of load for each measurement: 2, or 1 with --quick
END

my %opt;
GetOptions(\%opt, qw(quick only=s list json=s rounds=i seconds=i help)) && !@ARGV
    or do { print STDERR $USAGE; exit 2 };
if ($opt{help}) {
	print $USAGE;
	exit;
}
$opt{rounds} ||= $opt{quick} ? 3 : 5;
$opt{seconds} ||= $opt{quick} ? 1 : 2;
$| = 1;

sub goal { return "$_[0]{sense} $_[0]{goal}" }

sub text
{
	my ($row) = @_;

	return "$row->{over} \xc3\xb7 $row->{under}";
}

# The sets that are asked for, each with only what its rows need.
sub chosen
{
	my @sets = map { $_->(\%opt) } \&Bench::Server::sets, \&Bench::V2::sets,
	    \&Bench::Growth::sets, \&Bench::Memory::sets, \&Bench::Client::sets;
	my $only = $opt{only};

	return grep { !$opt{quick} || !$_->{full} } @sets if !defined $only;
	for my $set (@sets) {
		next if $set->{name} =~ /$only/i;
		$set->{rows} = [grep { $_->{name} =~ /$only/i } @{$set->{rows}}];
		my %used = map { s{/.*}{}r => 1 } map { @$_{qw(over under)} }
		    @{$set->{rows}};
		$set->{measure} = [grep { $used{$_->[0]} } @{$set->{measure}}];
	}
	return grep { @{$_->{measure}} } @sets;
}

sub list
{
	for my $set (@_) {
		printf "%s: %s%s\n", $set->{name}, $set->{about},
		    $set->{full} ? ' (not with --quick)' : '';
		printf "  %-22s %-8s %s\n", $_->{name}, goal($_), text($_)
		    for @{$set->{rows}};
	}
}

sub figure
{
	my ($n) = @_;

	return sprintf $n >= 100 ? '%.0f' : $n >= 10 ? '%.1f' : '%.3f', $n;
}

sub print_set
{
	my ($done) = @_;

	print "\n$done->{name}: $done->{about}\n";
	print "  not measured: $done->{why}\n" if $done->{why};
	print "  wrong: $done->{wrong}\n" if $done->{wrong};
	printf "  %-50s %9s %9s %9s %-7s%s\n", '', qw(median min max), '',
	    (grep { defined $_->{figures}{p99} } @{$done->{measured}}) ?
	    '  p50 ms  p99 ms  CPU us  errors' : '' if @{$done->{measured}};
	for my $m (@{$done->{measured}}) {
		my $f = $m->{figures};
		printf "  %-50s %9s %9s %9s %-7s%s\n", $m->{name},
		    (map { figure($m->{$_}) } qw(median min max)), $m->{unit},
		    defined $f->{p99} ? sprintf '%8s%8s%8.0f%8d',
		    figure($f->{p50}), figure($f->{p99}), $f->{cpu_us} // 0,
		    $m->{errors} : $m->{errors} ? "  $m->{errors} errors" : '';
	}
}

sub print_table
{
	my (@rows) = @_;

	print "\nThe ratio is the median of the rounds' ratios; CPU beside it is " .
	    "the ratio of\nvault.fcgi's and PostgreSQL's CPU time for each " .
	    "request.\n\n";
	printf "%-22s %7s %15s  %-8s %-13s %s\n", 'row', 'ratio', 'min - max',
	    'goal', '', 'what';
	for my $row (@rows) {
		my $r = $row->{ratio};
		my $note = join '; ', grep { $_ } $row->{note},
		    $row->{cpu} ? 'CPU ' . figure($row->{cpu}) : '';
		printf "%-22s %7s %15s  %-8s %-13s %s%s\n", $row->{name},
		    $r ? (figure($r->{median}),
		    figure($r->{min}) . ' - ' . figure($r->{max})) : ('', ''),
		    goal($row), $row->{verdict}, text($row),
		    $note ? " ($note)" : '';
	}
	printf "\n%d met, %d missed, %d not measured\n", map { my $v = $_;
	    scalar grep { $_->{verdict} eq $v } @rows } 'met', 'missed',
	    'not measured';
}

my @sets = chosen();
if (!@sets) {
	print STDERR "bench.pl: nothing is named $opt{only}; see --list\n";
	exit 2;
}
if ($opt{list}) {
	list(@sets);
	exit;
}

my $started = time;
my ($load) = split ' ', VaultTest::slurp('/proc/loadavg');
my $busy = $load > 1 ? "The machine is busy: the load average was $load before " .
    "anything began.\nWhat has more processes gets more of such a machine, so " .
    "that the ratios say little.\n" : '';
print STDERR $busy;
my @done;
for my $set (@sets) {
	push @done, Bench::Rounds::run($set, $opt{rounds}, sub {
		print STDERR "bench: $_[0]\n" });
	print_set($done[-1]);
}
my @rows = map { @{$_->{rows}} } @done;
print_table(@rows) if @rows;
print "$opt{rounds} rounds of $opt{seconds} s, ", time - $started,
    " s in all; load average before: $load\n$busy";

if (defined $opt{json}) {
	my ($cpu) = VaultTest::slurp('/proc/cpuinfo', 1) =~ /^model name\s*: (.*)/m;
	VaultTest::spew($opt{json}, JSON::PP->new->pretty->canonical->encode({
		at => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $started),
		machine => {cpu => $cpu, kernel => (POSIX::uname())[2],
		    processors => scalar(() = VaultTest::slurp('/proc/stat')
		    =~ /^cpu\d/mg)},
		load_before => $load + 0, rounds => $opt{rounds}, seconds => $opt{seconds},
		quick => $opt{quick} ? JSON::PP::true : JSON::PP::false,
		sets => \@done,
	}));
}
