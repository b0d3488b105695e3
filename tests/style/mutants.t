#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The bugs that make check-mutants puts in fit the sources as they are, and the
# tests that must notice them exist.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $folder = "$VaultTest::SRC/tests/mutants";
my $r = VaultTest::run([$^X, "$folder/run", '--fit'], env => {TOP_SRCDIR =>
    $VaultTest::SRC, TOP_BUILDDIR => $VaultTest::BUILD});
is $r->{stdout} . $r->{stderr}, '', 'each change fits';
is $r->{status}, 0, 'and run says so';
my %test = map { $_ => 1 } map { split ' ' }
    VaultTest::slurp("$folder/list") =~ /^tests\t(.+)$/mg;
cmp_ok scalar keys %test, '>=', 10, 'tests are named';
is_deeply [grep { my $t = s{^tests/}{}r; !-e "$VaultTest::SRC/tests/$t" &&
    !-e "$VaultTest::SRC/tests/$t.c" } sort keys %test], [], 'and are there';
done_testing;
