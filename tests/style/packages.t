#!/usr/bin/perl
# etc/debian-packages is the one list: configure names the same libraries, and
# every line says what the package is for.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my %uses;
for (split /\n/, VaultTest::slurp("$src/etc/debian-packages")) {
	next if /^#/;
	if (/^([a-z0-9][a-z0-9.+-]+) +((?:build|server|client|test|bench|extra)(?:,(?:build|server|client|test|bench|extra))*) +\S/) {
		ok !$uses{$1}, "$1 has one line";
		$uses{$1} = $2;
	} else {
		fail "not `package  uses  why`: $_";
	}
}

my @needed = VaultTest::slurp("$src/configure.ac") =~
    /VAULT_PKG\(\[\w+\], \[[^]]*\], \[([^]]+)\]\)/g;
cmp_ok scalar @needed, '>=', 4, 'configure.ac was understood';
is $uses{$_}, 'build', "$_, which configure asks for, is in the list"
    for @needed;
my %needed = map { $_ => 1 } @needed, qw(libc6-dev libjson-c-dev libclang-rt-dev);
is join(' ', grep { /-dev$/ && !$needed{$_} } sort keys %uses), '',
    'no library in the list that neither configure nor a test asks for';

# What the scripts install is only what the list has.
for my $file (qw(etc/quickstart tests/run)) {
	my ($used) = VaultTest::slurp("$src/$file") =~ /^.*apt-missing ([a-z ]+)/m;
	is_deeply [grep { my $use = $_; !grep { /\b$use\b/ } values %uses }
	    split ' ', $used], [], "$file installs known uses";
	unlike VaultTest::slurp("$src/$file"), qr/apt(-get)? install/,
	    "$file names no package itself";
}

done_testing;
