#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# vault-env-security(7) names the tests that hold its promises: each is there, and
# each attack of tests/evil is told of.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my $page = VaultTest::slurp("$src/cli/vault-env-security.7");
my %file = map { m{/0*(\d+)-[^/]*\z} ? ($1 => $_) : () } glob "$src/tests/evil/*.t";
my %named;

for my $list ($page =~ /^\.Bq ([\d, ]+?) ?[.;,]?$/mg) {
	$named{$_}++ for $list =~ /\d+/g;
}
ok %named > 50, 'the page names attacks';
is_deeply [grep { !$file{$_} } sort { $a <=> $b } keys %named], [],
    'each that it names has a file in tests/evil';
is_deeply [grep { !$named{$_} } sort { $a <=> $b } keys %file], [],
    'each file of tests/evil is named';
done_testing;
