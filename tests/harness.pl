#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# harness.pl: runs tests that print TAP and counts them. make calls it:
#
#   TOP_SRCDIR=… TOP_BUILDDIR=… harness.pl TEST...
#
# TEST is a unit test program (a path below TOP_BUILDDIR, or absolute), a *.t
# file or a folder with such (a path below TOP_SRCDIR/tests). Two run at once,
# except those with a line `# serial` near their top. The last line printed, and
# the file tests/summary, say `N passed, N failed, N skipped`; the exit status is
# 0 if nothing failed. Environment:
#   TEST_JOBS      how many at once (2)
#   TEST_WRAPPER   a command line before each unit test program (valgrind)
#   TEST_TIMEOUT   seconds a test may take (600)
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

my $src = $ENV{TOP_SRCDIR} // die "harness.pl: TOP_SRCDIR is not set\n";
my $build = $ENV{TOP_BUILDDIR} // die "harness.pl: TOP_BUILDDIR is not set\n";
my $reports = "$build/tests/reports";
my (@parallel, @serial);

sub is_serial
{
	my ($file) = @_;

	return unless $file =~ /\.t$/;
	open my $fh, '<', $file or die "harness.pl: $file: $!\n";
	while (<$fh>) {
		return 1 if /^# serial\b/;
		last if $. > 30;
	}
	return;
}

sub add
{
	my ($file) = @_;

	push @{is_serial($file) ? \@serial : \@parallel}, $file;
}

for my $arg (@ARGV) {
	my ($path) = grep { -e } $arg, "$build/$arg", "$src/tests/$arg";
	if (!defined $path) {
		die "harness.pl: no such test: $arg\n";
	} elsif (-d $path) {
		my @found;
		find(sub { push @found, $File::Find::name if /\.t$/ }, $path);
		add($_) for sort @found;
	} else {
		add($path =~ m{^/} ? $path : "./$path");
	}
}

remove_tree($reports);
make_path($reports);
$ENV{ASAN_OPTIONS} //= "log_path=$reports/asan:detect_stack_use_after_return=1:" .
    'disable_coredump=0';
$ENV{UBSAN_OPTIONS} //= "log_path=$reports/ubsan:print_stacktrace=1";
$ENV{TSAN_OPTIONS} //= "log_path=$reports/tsan:second_deadlock_stack=1";

my @timeout = ('timeout', '-k', 5, $ENV{TEST_TIMEOUT} // 600);
my @wrapper = split ' ', $ENV{TEST_WRAPPER} // '';
my %options = (
	exec => sub {
		my ($harness, $file) = @_;
		return [@timeout, $^X, $file] if $file =~ /\.t$/;
		return [@timeout, @wrapper, $file];
	},
	failures => 1,
	verbosity => $ENV{TEST_VERBOSE} ? 1 : 0,
	timer => 1,
	color => 0,
);
my $all = TAP::Parser::Aggregator->new;
$all->start;
Harness->new({%options, jobs => $ENV{TEST_JOBS} // 2})
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
	print "FAILED $name", ($parser->exit ? ' (exit status ' .
	    $parser->exit . ')' : ''), ': ', join(', ', map { "test $_" }
	    $parser->failed), join('; ', $parser->parse_errors), "\n" if $bad;
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
