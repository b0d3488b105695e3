#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# harness.pl: runs tests that print TAP and counts them. make calls it:
#
#   TOP_SRCDIR=… TOP_BUILDDIR=… harness.pl TEST...
#
# TEST is a *.t file or a folder with such in TOP_SRCDIR/tests, or a unit test
# program in TOP_BUILDDIR/tests: cli/run.t, fcgi, lib/base/json-t, with or without
# tests/ before it; or an absolute path. One more than there are processors run at
# once, since most wait half of their time, except those with a line `# serial`
# near their top. A test may take 300 seconds, or those that its line
# `# limit N` near the top says. One with a line `# protocol 1 2` is run once for
# each number, with projects of that protocol (see VaultTest::init_options). The
# last line printed, and the file tests/summary, say `N passed, N failed, N skipped`;
# the exit status is 0 if nothing failed and there was a test to run. Environment:
#   TEST_JOBS      how many at once
#   TEST_WRAPPER   a command line before each unit test program (valgrind)
#   TEST_PATIENCE  multiplies the limits (1), for a slow machine or checker
# What a sanitizer or valgrind reports, in a test or in a server that a test
# started, is a failure too: they write into tests/reports.
use strict;
use warnings;
use File::Find;
use File::Path qw(make_path remove_tree);
use List::Util qw(sum0);
use TAP::Harness;
use TAP::Parser::Aggregator;

# A test that bails out has failed; the others run all the same.
@Harness::ISA = ('TAP::Harness');
sub Harness::_bailout { }

one(@ARGV[1 .. $#ARGV]) if @ARGV && $ARGV[0] eq '--one';
my $src = $ENV{TOP_SRCDIR} // die "harness.pl: TOP_SRCDIR is not set\n";
my $build = $ENV{TOP_BUILDDIR} // die "harness.pl: TOP_BUILDDIR is not set\n";
my $reports = "$build/tests/reports";
my (@parallel, @serial, %run);

# Becomes the parent of one test, which gets a process group of its own: nothing
# of that is left when the test is over, as its output would never end then.
# Exits as the test does; after the limit, or if it is ended, with 124. The test
# has five seconds then to end what it started, as servers have their own groups.
sub one
{
	my ($limit, @command) = @_;
	my $over = 0;
	my $pid = fork // die "harness.pl: fork: $!\n";

	if ($pid == 0) {
		setpgrp;
		exec @command or die "harness.pl: $command[0]: $!\n";
	}
	setpgrp $pid, $pid;	# whoever comes first
	local $SIG{ALRM} = sub {
		kill $over++ ? 'KILL' : 'TERM', -$pid;
		alarm 5;
	};
	# Ctrl-C may be followed by the hang-up of the terminal.
	local @SIG{qw(INT TERM HUP)} = (sub { $SIG{ALRM}->() if !$over }) x 3;
	alarm $limit;
	1 while waitpid($pid, 0) < 0 && $!{EINTR};
	my $status = $?;
	alarm 0;
	kill KILL => -$pid;
	exit($over ? 124 : $status & 127 ? 128 + ($status & 127) : $status >> 8);
}

# What a test says of itself near its top.
sub add
{
	my ($file) = @_;
	my ($serial, $limit, @protocols) = (0, 300);

	if ($file =~ /\.t$/) {
		open my $fh, '<', $file or die "harness.pl: $file: $!\n";
		while (<$fh>) {
			$serial = 1 if /^# serial\b/;
			$limit = $1 if /^# limit (\d+)$/;
			@protocols = split ' ', $1 if /^# protocol (\d(?: \d)*)$/;
			last if $. > 30;
		}
	}
	for my $protocol (@protocols ? @protocols : undef) {
		my $name = defined $protocol ? "$file v$protocol" : $file;
		my @env = defined $protocol ? ('env', "TEST_PROTOCOL=$protocol") : ();

		$run{$name} = {file => $file, env => \@env,
		    limit => $limit * ($ENV{TEST_PATIENCE} // 1)};
		push @{$serial ? \@serial : \@parallel}, $name;
	}
}

for my $arg (@ARGV) {
	my $name = $arg =~ s{^tests/}{}r;
	my ($path) = grep { /\.t$/ || -d || (-f $_ && -x _) } grep { -e }
	    $arg =~ m{^/} ? $arg : ("$src/tests/$name", "$build/tests/$name");
	my @found;

	if (defined $path && -d $path) {
		find(sub { push @found, $File::Find::name if /\.t$/ }, $path);
	} elsif (defined $path) {
		push @found, $path;
	}
	die "harness.pl: no such test: $arg\n" if !@found;
	add($_) for sort @found;
}
die "harness.pl: no test was named\n" if !@ARGV;

# What may take long begins first, so that nothing waits for it at the end.
@parallel = sort { $run{$b}{limit} <=> $run{$a}{limit} } @parallel;

remove_tree($reports);
make_path($reports);
$ENV{ASAN_OPTIONS} //= "log_path=$reports/asan:detect_stack_use_after_return=1:" .
    'disable_coredump=0';
$ENV{UBSAN_OPTIONS} //= "log_path=$reports/ubsan:print_stacktrace=1";
$ENV{TSAN_OPTIONS} //= "log_path=$reports/tsan:second_deadlock_stack=1";

my @wrapper = split ' ', $ENV{TEST_WRAPPER} // '';
my %options = (
	exec => sub {
		my $run = $run{$_[1]};
		return [$^X, $0, '--one', $run->{limit}, @{$run->{env}},
		    $run->{file} =~ /\.t$/ ? $^X : @wrapper, $run->{file}];
	},
	failures => 1,
	verbosity => $ENV{TEST_VERBOSE} ? 1 : 0,
	timer => 1,
	color => 0,
);
my $all = TAP::Parser::Aggregator->new;
$all->start;
Harness->new({%options, jobs => $ENV{TEST_JOBS} // `nproc` + 1})
    ->aggregate_tests($all, @parallel) if @parallel;
Harness->new({%options, jobs => 1})->aggregate_tests($all, @serial)
    if @serial;
$all->stop;

my ($passed, $failed, $skipped) = (0, 0, 0);
for my $name ($all->descriptions) {
	my ($parser) = $all->parsers($name);
	my $bad = $parser->failed;
	# Skipped tests are "ok" in TAP; they have not passed here.
	my $skips = $parser->skipped;

	$passed += $parser->passed - $skips;
	$skipped += $skips || ($parser->skip_all ? 1 : 0);
	# Died, timed out, or ran less than it planned.
	$bad += 1 if !$bad && ($parser->exit || $parser->wait ||
	    $parser->parse_errors);
	$failed += $bad;
	my $status = $parser->exit;
	print "FAILED $name", ($status == 124 ?
	    " (stopped after its limit of $run{$name}{limit} s)" : $status ?
	    " (exit status $status)" : ''), ': ', join(', ',
	    (map { "test $_" } $parser->failed), $parser->parse_errors), "\n"
	    if $bad;
	print "skipped $name: ", $parser->skip_all, "\n" if $parser->skip_all;
}

for my $report (sort glob "$reports/*") {
	next unless -s $report;
	open my $fh, '<', $report or die "harness.pl: $report: $!\n";
	my $text = do { local $/; <$fh> };
	$failed++;
	print "FAILED a sanitizer or valgrind reports ($report):\n$text\n";
}

my $summary = "$passed passed, $failed failed, $skipped skipped\n";
open my $fh, '>', "$build/tests/summary" or die "harness.pl: summary: $!\n";
print $fh $summary;
close $fh or die "harness.pl: summary: $!\n";
print $summary;
exit($failed != 0);
