# SPDX-License-Identifier: MIT
# Chance that a seed repeats: perl's own rand() is drawn from by other modules, too.
package Chance;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use parent 'Exporter';

our @EXPORT = qw(seed draw pick mixed);
my $state = 1;

sub seed { $state = $_[0] }

# 0 .. n - 1
sub draw
{
	$state = hex substr sha256_hex($state), 0, 8;
	return $state % $_[0];
}

# One of a list; of an empty one, undef.
sub pick { return @_ ? $_[draw(scalar @_)] : undef }

sub mixed
{
	my (@from, @to) = @_;

	push @to, splice @from, draw(scalar @from), 1 while @from;
	return @to;
}

1;
