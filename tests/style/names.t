#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The names by which programs run other code are listed in lib/env/names.c, which
# decides, in vault-env.1, and in the Python package, which reads a plain .env file
# without the library: the three lists are one. So are the two of the keys' names.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests";
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my ($table) = VaultTest::slurp("$src/lib/env/names.c") =~
    /code_names\[\] = \{(.*?)^\};/ms;
my @names = sort $table =~ /"([^"]+)"/g;
cmp_ok(scalar @names, '>', 100, 'names.c has a list');
my %seen;
is_deeply([grep { $seen{$_}++ } @names], [], 'each name once');

my ($section) = VaultTest::slurp("$src/cli/vault-env.1") =~
    /^\.Sh NAMES THAT RUN CODE\n.*?^\.Bl [^\n]*\n(.*?)^\.El/ms;
is_deeply([sort $section =~ /^\.Ev (\S+)/mg], \@names, 'vault-env.1 has the same');

my ($python) = VaultTest::slurp("$src/lib/python/vaultdotenv/_names.py") =~
    /^NAMES = """\n(.*?)^"""/ms;
is_deeply([sort split ' ', $python], \@names, 'and so has the Python package');

# The quoted words of a list in a file, sorted.
sub words
{
	my ($file, $list) = @_;
	my ($text) = VaultTest::slurp("$src/$file") =~ $list;
	return [sort(($text // '') =~ /"(\w+)"/g)];
}

my $keys = words('lib/env/names.c', qr/^name_is_secret_key\(.*?names\[\] = \{(.*?)\}/ms);
cmp_ok(scalar @$keys, '>', 3, 'names.c lists the keys');
is_deeply(words('lib/python/vaultdotenv/_names.py', qr/^KEYS = \((.*?)\)/ms), $keys,
    'and the Python package the same');

done_testing;
