#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# C is laid out by clang-format and .clang-format, but for the public header, which
# is a manual laid out by hand. Another major version lays out other things.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Find;
use Test::More;
use VaultTest;

my $version = 14;
my ($program) = grep { my $p = $_; grep { -x "$_/$p" } split /:/, $ENV{PATH} }
    "clang-format-$version", 'clang-format';
plan skip_all => 'clang-format is missing' if !defined $program;
my $is = VaultTest::run([$program, '--version'])->{stdout};
plan skip_all => "clang-format $version is wanted, this is: $is"
    if $is !~ /version $version\./;

chdir $VaultTest::SRC or die;
my @c;
find({no_chdir => 1, wanted => sub {
	$File::Find::prune = 1 if m{/(?:build|node_modules|libvaultenv)\z};
	push @c, $_ if /\.[ch]\z/ && $_ ne 'lib/vaultenv.h';
}}, qw(lib cli fcgi tests));
cmp_ok scalar @c, '>', 150, 'the sources were found';
my $r = VaultTest::run([$program, '--dry-run', '-Werror', @c], timeout => 120);
my %bad = map { $_ => 1 } $r->{stderr} =~ /^(\S+?):\d+:\d+: error/mg;
is_deeply [sort keys %bad], [], 'laid out by .clang-format'
    or diag "Run: $program -i ", join ' ', sort keys %bad;
is $r->{status}, 0, 'clang-format finds nothing';
done_testing;
