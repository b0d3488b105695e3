#!/usr/bin/perl
# etc/debian-packages is the one list: configure, the bindings' builds and the
# tests name no others, and every line says what the package is for.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my %uses;
for (split /\n/, VaultTest::slurp("$src/etc/debian-packages")) {
	next if /^#/;
	if (/^([a-z0-9][a-z0-9.+-]+)(?:\|[a-z0-9.+-]+)? +((?:build|server|client|test|bench|extra)(?:,(?:build|server|client|test|bench|extra))*) +\S/) {
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
my %needed = map { $_ => 1 } @needed, qw(libc6-dev libjson-c-dev libclang-rt-dev
    libnode-dev python3-dev);
is join(' ', grep { /-dev$/ && !$needed{$_} } sort keys %uses), '',
    'no library in the list that neither configure nor a test asks for';

# Programs that a test needs, or else it skips: their packages, where those are
# named otherwise; undef: every Debian has it, or only some machines can use it.
my %of = (node => 'nodejs', psql => 'postgresql', pg_dump => 'postgresql',
    createdb => 'postgresql', nm =>
    'gcc', readelf => 'gcc', git => undef, script => undef,
    'systemd-analyze' => undef);
for my $file (glob "$src/tests/*/*.t $src/tests/*/*.pm") {
	my $text = VaultTest::slurp($file);

	for my $program (map { grep { !m{/} } /[\w.\/-]{2,}/g }
	    map { s/\bqw\b//gr } $text =~ /VaultTest->needs\(([^;]*)\);/g) {
		my $package = exists $of{$program} ? $of{$program} : $program;
		ok !defined $package || ($uses{$package} // '') =~
		    /server|test|build/, substr($file, 7 + length $src) .
		    " needs $program";
	}
}

# Python: what a virtual environment, the build and the comparisons import.
my ($modules) = VaultTest::slurp("$src/tests/python/vaulttest.py") =~
    /for module in (.*):\n\s+try:\n\s+__import__/;
my %module = (venv => 'python3-venv', ensurepip => 'python3-venv', setuptools =>
    'python3-setuptools', wheel => 'python3-wheel');
is join(' ', sort $modules =~ /"(\w+)"/g), join(' ', sort keys %module),
    'the modules that the Python tests need';
is $uses{$_}, 'test', "$_ is in the list" for sort(values %module),
    qw(python3 python3-dev python3-pip python3-dotenv python3-yaml);

# What the bindings tell their users to install.
for my $file (qw(build.js README ../python/setup.py ../python/README.md)) {
	my $text = VaultTest::slurp("$src/lib/node/$file");
	my %named = map { $_ => 1 } $text =~ /\b(lib[\w-]+-dev|python3-\w+)\b/g;

	cmp_ok scalar keys %named, '>=', 2, "lib/node/$file names packages";
	is join(' ', grep { !$uses{$_} } sort keys %named), '',
	    "lib/node/$file names packages of the list";
}

# What the scripts install is only what the list has.
for my $file (qw(etc/quickstart tests/run)) {
	my ($used) = VaultTest::slurp("$src/$file") =~ /^.*apt-missing ([a-z ]+)/m;
	is_deeply [grep { my $use = $_; !grep { /\b$use\b/ } values %uses }
	    split ' ', $used], [], "$file installs known uses";
	unlike VaultTest::slurp("$src/$file"), qr/apt(-get)? install/,
	    "$file names no package itself";
}

done_testing;
