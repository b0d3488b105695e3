#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One voice: what a user is told has two parts, what failed and what to do about
# it. Each begins with a capital letter (or with a name, a path or an option),
# has no full stop at its end and is one sentence. Read from the sources.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my $string = qr/"(?:[^"\\\n]|\\.)*"/;
# Names that stand at the beginning as they are
my $name = qr/(?:libcurl|cache_max_age_s|dev-server|vault-env)\b/;

# function => which of its arguments are the hint and the text; undef: none.
# Text may follow a condition: every string of the argument counts.
my %voice = (
	err_set => [2, 3], vaultenv_error_set => [2, 3], err_errno => [1, 2],
	err_hint => [1, undef], error_print => [0, 1], usage_error => [undef, 1],
	warning_print => [undef, 0],
);

# The arguments of the call whose parenthesis is before pos($code).
sub arguments
{
	my ($code) = @_;
	my ($depth, @args) = (0, '');

	while ($$code =~ /\G($string|.)/gcs) {
		my $c = $1;
		last if $c eq ')' && $depth == 0;
		if ($c eq ',' && $depth == 0) {
			push @args, '';
			next;
		}
		$depth++ if $c =~ /^[(\[{]$/;
		$depth-- if $c =~ /^[)\]}]$/;
		$args[-1] .= $c;
	}
	return @args;
}

# "a" "b" PRId64 "c" is one text; c ? "a" : "b" are two.
sub texts
{
	my ($argument) = @_;
	my @texts;

	for my $part (split /[?:](?=(?:[^"]*$string)*[^"]*\z)/, $argument) {
		my $text = join '', map { substr $_, 1, -1 } $part =~ /($string)/g;
		push @texts, $text if length $text;
	}
	return @texts;
}

my ($n, @wrong) = (0);
sub judge
{
	my ($where, $text, $is_warning) = @_;

	$n++;
	push @wrong, "$where: \"$text\" begins with a small letter"
	    if $text =~ /^[a-z]/ && $text !~ /^$name/;
	push @wrong, "$where: \"$text\" ends with a full stop" if $text =~ /\.\z/;
	push @wrong, "$where: \"$text\" is more than one sentence"
	    if !$is_warning && $text =~ /\. [A-Z]/;
}

for my $file (glob "$src/lib/*/*.c $src/cli/*.c $src/lib/node/src/*.c " .
    "$src/lib/python/native/*.c") {
	my $code = VaultTest::slurp($file) =~ s{/\*.*?\*/}{}gsr;
	my $short = substr $file, 1 + length $src;

	while ($code =~ /(?<!\w)(\w+)\(/g) {
		my $row = $voice{$1} // next;
		my ($function, $from) = ($1, pos $code);
		my @args = arguments(\$code);
		pos $code = $from;
		next if $args[0] =~ /^\s*(?:const )?struct /; # its declaration
		next if $args[0] =~ /^\s*const char/;
		for my $i (grep { defined } @$row) {
			judge("$short, $function()", $_, $function eq
			    'warning_print') for texts($args[$i] // '');
		}
	}
}

# The tables whose rows are sentences
my %table = (
	'lib/base/err.c' => qr/sentences\[\] = \{(.*?)\n\};/s,
	'lib/client/refusal.c' => qr/refusals\[\] = \{(.*?)\n\};/s,
);
for my $file (sort keys %table) {
	my ($rows) = VaultTest::slurp("$src/$file") =~ $table{$file};
	ok defined $rows, "$file has its table" or next;
	while ($rows =~ /($string(?:\s*$string)*)/g) {
		my $text = join '', map { substr $_, 1, -1 } $1 =~ /($string)/g;
		judge($file, $text) if $text =~ / /;
	}
}
cmp_ok $n, '>', 150, 'sentences were read';
is_deeply \@wrong, [], 'all of them in one voice';
done_testing;
