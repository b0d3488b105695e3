#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# lib/PROTOCOL-v2 and the code have the same codes, labels and lengths.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

sub source { return VaultTest::slurp("$VaultTest::SRC/$_[0]") }
my $paper = source('lib/PROTOCOL-v2');

# a code that ends in * stands for all that begin so
my %named = map { $_ => 1 } $paper =~ /\b([a-z]+(?:_[a-z0-9]+)+)\b/g;
my @families = $paper =~ /\b([a-z]+_)\*/g;
my @codes = source('lib/wire/code.c') =~ /\[CODE_\w+\] = \{\s*"(\w+)"/g;
shift @codes;	# good
cmp_ok scalar @codes, '>', 60, 'the table of codes was read';
is_deeply [grep { my $code = $_; !$named{$code} &&
    !grep { index($code, $_) == 0 } @families } @codes], [],
    'the paper names every code';

# each attack that it lists is tried, by a file that has each of its codes
my ($attacks) = $paper =~ /^12\. Attacks\n(.*)/ms;
my %attack = $attacks =~ /^ {2,3}(\d+)  (.*?)(?=^ {2,3}\d+  |\z)/msg;
cmp_ok scalar keys %attack, '>=', 64, 'the attacks were read';
is_deeply [sort { $a <=> $b } keys %attack], [1 .. keys %attack],
    '... numbered without a gap';
my @untried;
for my $n (sort { $a <=> $b } keys %attack) {
	my ($file) = glob sprintf "$VaultTest::SRC/tests/evil/%02d-*.t", $n;
	my $test = defined $file ? VaultTest::slurp($file) : '';
	my ($told) = $attack{$n} =~ /->(.*)/s;

	push @untried, "$n: $_" for grep { index($test, $_) < 0 }
	    $told =~ /\b[a-z]+(?:_[a-z]+)+\b/g;
	push @untried, $n if $test eq '';
}
is_deeply \@untried, [], '... and each is tried';

# each code that has a sentence is met by a real client in a test: by its name, or
# by the sentence's first words, where no other begins with them
my $tests = join '', map { VaultTest::slurp($_) =~ s/\\//gr }
    map { glob "$VaultTest::SRC/tests/$_" } qw(cli/*.t evil/*.t team/*.t team/*.pm);
my ($unmet, %begins) = '';
my @said = source('lib/wire/code.c') =~
    /\[CODE_\w+\] = (\{\s*"\w+",\s*CODE_\w+,\s*(?!TOLD_ELSEWHERE)(?:"[^"{]+|\w+))/g;
cmp_ok scalar @said, '>', 50, 'the sentences were read';
$begins{$_ // ''}++ for map { /"([^"]+)\z/ } @said;
for (@said) {
	my ($name) = /"(\w+)"/;
	my ($words) = /CODE_\w+,\s*"([^"]+)\z/;

	next if $name eq 'good' || $tests =~ /\b$name\b/;
	$unmet .= " $name" if !defined $words || $begins{$words} > 1 ||
	    $tests !~ /\Q$words\E/i;
}
is $unmet, '', 'each code with a sentence is met in a test';

my @labels = grep { /-v2\z/ } source('lib/wire/labels.h') =~ /"(vault-[\w-]+)"/g;
cmp_ok scalar @labels, '>', 15, 'the labels were read';
is_deeply [grep { index($paper, $_) < 0 } @labels], [],
    'the paper has every label of v2';
my %label = map { $_ => 1 } @labels;
is_deeply [grep { !$label{$_} } $paper =~ /"(vault-[\w-]+-v2)"/g], [],
    'and no other one';

# limits that both write down
my $c = join '', map { source("lib/$_") } qw(wire/statement.h wire/name.h
    wire/mac.h trust/bundle.h trust/members.h vault/identity.h vault/datakey.h);
my %value = $c =~ /#define (\w+)\s+(\d+)\b/g;
is $value{VAULT_KEY_V2_LEN}, 169, 'VAULT_KEY has 169 characters';
like $paper, qr/\b169 characters/, 'as the paper says';
is $value{CONTENT_STEP}, 1024, 'plaintexts are padded to KiB';
is $value{LIST_MAX}, 100, 'lists have 100 items';
is $value{WRAP_LEN}, 32 + 48, 'a wrap has enc and ciphertext';
is $value{LOG_ENTRIES_MAX}, 100000, 'a log has 100,000 entries';
like source('sql/functions/log_append.sql'),
    qr/\blog_count >= $value{LOG_ENTRIES_MAX} then/, 'and the server takes no more';
is $value{WRAPS_MAX}, 5000, 'a request has 5,000 wraps';
is $value{REQUEST_HEADER_LEN} . ' ' . $value{REPLY_HEADER_LEN}, '152 66',
    'headers have one length';
done_testing;
