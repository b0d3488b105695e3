# SPDX-License-Identifier: MIT
# Measures in interleaved rounds and makes ratios of what was measured. A set:
#
#	name      what --only and --list call it
#	about     one line, printed above its figures
#	needs     programs, or paths (below TOP_BUILDDIR), without which it is
#	          "not measured"
#	start     sub: makes what is measured (servers, files); optional
#	measure   [name, unit, sub] ...; the sub measures once and returns a
#	          number, or {value, errors, and further figures by name}
#	rows      name, over, under (names of measurements, or name/figure),
#	          sense, goal: a row of the last table each. beside: a figure
#	          whose ratio is printed with it
#	rounds    sub: how many rounds to make of the number asked for; optional
#	finish    sub: stops what start made; returns what was found to be wrong
#	          afterwards (a sentence), or ''
package Bench::Rounds;
use strict;
use warnings;
use VaultTest;

sub median
{
	my @v = sort { $a <=> $b } @_;

	return @v % 2 ? $v[$#v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

sub summary
{
	my @v = sort { $a <=> $b } @_;

	return {median => median(@v), min => $v[0], max => $v[-1]};
}

sub missing
{
	my ($set) = @_;
	my @missing = grep { my $part = $_; $part =~ m{^/} ? !-e $part :
	    $part =~ m{/} ? !-e "$VaultTest::BUILD/$part" :
	    !grep { -x "$_/$part" } split(/:/, $ENV{PATH}), '/usr/sbin' }
	    @{$set->{needs} // []};

	return @missing ? join(', ', @missing) . ' is missing' : '';
}

# Every sample of every measurement, by "name" and "name/figure". Each round
# runs in the other direction than the one before, so that a drift of the
# machine meets both sides of a ratio alike.
sub samples
{
	my ($set, $rounds, $progress) = @_;
	my (%sample, %errors);

	for my $round (1 .. $rounds) {
		my @order = @{$set->{measure}};
		@order = reverse @order if $round % 2 == 0;
		$progress->("$set->{name}: round $round of $rounds");
		for my $m (@order) {
			my ($name, undef, $sub) = @$m;
			my $r = $sub->();
			$r = {value => $r} if !ref $r;
			$errors{$name} += $r->{errors} // 0;
			push @{$sample{$name}}, $r->{value};
			push @{$sample{"$name/$_"}}, $r->{$_}
			    for grep { !/^(?:value|errors)$/ } keys %$r;
		}
	}
	return (\%sample, \%errors);
}

# The row with its ratio: the median of the rounds' ratios, as both sides of one
# round met the same machine.
sub judge
{
	my ($row, $sample, $errors, $wrong) = @_;
	my ($over, $under) = map { $sample->{$row->{$_}} } qw(over under);
	my $ratio = summary(map { $over->[$_] / $under->[$_] } 0 .. $#$over);
	my %seen = map { s{/.*}{}r => 1 } $row->{over}, $row->{under};
	my @notes = map { "$errors->{$_} errors in $_" }
	    grep { $errors->{$_} } sort keys %seen;

	push @notes, $wrong if $wrong;
	my $cpu;
	if ($row->{beside}) {
		my ($o, $u) = map { median(@{$sample->{
		    "$row->{$_}/$row->{beside}"}}) } qw(over under);
		$cpu = $o / $u;
	}
	my $met = !@notes && ($row->{sense} eq '>=' ?
	    $ratio->{median} >= $row->{goal} : $ratio->{median} <= $row->{goal});
	return {%$row, ratio => $ratio, cpu => $cpu, note => join('; ', @notes),
	    verdict => $met ? 'met' : 'missed'};
}

sub not_measured
{
	my ($set, $why) = @_;

	return {name => $set->{name}, about => $set->{about}, measured => [],
	    why => $why, rows => [map { {%$_, verdict => 'not measured',
	    note => $why} } @{$set->{rows}}]};
}

sub run
{
	my ($set, $rounds, $progress) = @_;
	my ($sample, $errors, $wrong);
	my $why = missing($set);

	return not_measured($set, $why) if $why;
	$rounds = $set->{rounds}->($rounds) if $set->{rounds};
	eval {
		$progress->("$set->{name}: set-up");
		$set->{start}->() if $set->{start};
		($sample, $errors) = samples($set, $rounds, $progress);
		1;
	} or $why = $@;
	eval { $wrong = $set->{finish}->() if $set->{finish}; 1 } or
	    $why ||= $@;
	return not_measured($set, $why =~ s/\s+/ /gr) if $why;

	my @measured;
	for my $m (@{$set->{measure}}) {
		my ($name, $unit) = @$m;
		push @measured, {name => $name, unit => $unit,
		    errors => $errors->{$name}, samples => $sample->{$name},
		    %{summary(@{$sample->{$name}})}, figures => {map {
		    m{^\Q$name\E/(.*)} ? ($1 => median(@{$sample->{$_}})) : ()
		    } keys %$sample}};
	}
	return {name => $set->{name}, about => $set->{about},
	    measured => \@measured, wrong => $wrong // '',
	    rows => [map { judge($_, $sample, $errors, $wrong) }
	    @{$set->{rows}}]};
}

1;
