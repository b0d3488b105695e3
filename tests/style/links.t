#!/usr/bin/perl
# What the papers name exists: files, folders, make targets, options of configure.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my $readme = VaultTest::slurp("$src/README");
my $make = join '', map { VaultTest::slurp($_) } "$src/Makefile.am",
    glob "$src/*/Makefile.inc";

my %path = map { $_ => 1 } join('', map { VaultTest::slurp("$src/$_") } qw(README
    etc/vault-env-deploy.7 etc/github-actions.yml etc/Containerfile)) =~
    m{(?<![\w/.<])(?:\./)?((?:\.ci|cli|etc|fcgi|lib|sql|tests)/[\w./-]*\w)}g;
cmp_ok scalar keys %path, '>=', 5, 'README names files';
ok -e "$src/$_", "README: $_" for sort keys %path;
for my $file (qw(vaultenv.h PROTOCOL routes.c install.sql vault.conf nginx.conf
    lighttpd.conf dev-server quickstart LICENSE)) {
	like $readme, qr/\Q$file\E/, "README names $file";
	ok((grep { -e "$src/$_$file" } '', map { "$_/" } qw(lib fcgi/api sql etc)),
	    "$file exists");
}
my ($targets) = $readme =~ /^make targets: ([^.]+)\./m;
for my $target (split /[,\s]+/, $targets) {
	next if $target =~ /^(all|install|check|distcheck)$/;
	like $make, qr/^\Q$target\E:/m, "make $target";
}
my $configure = VaultTest::slurp("$src/configure.ac");
my $papers = join '', map { VaultTest::slurp("$src/$_") } qw(README
    etc/vault-env-deploy.7 etc/github-actions.yml etc/Containerfile);
for my $option ($papers =~ /--((?:with|enable|disable)-[\w-]+)/g) {
	my ($name) = $option =~ /^\w+-(.*)/;
	like $configure, qr/AC_ARG_(?:WITH|ENABLE)\(\[\Q$name\E\]/,
	    "configure --$option";
}
cmp_ok scalar(my @lines = split /\n/, $readme), '<=', 150, 'README is short';
my ($programs) = $readme =~ /^In your programs\n-+\n(.*?)^\S[^\n]*\n---/ms;
cmp_ok scalar(@lines = split /\n/, $programs), '<=', 45,
    'README: every language fits into a screenful';

# No path of a build machine, and every script and test can be run
for my $file (glob("$src/tests/*/*.t"), map { "$src/$_" } qw(etc/dev-server
    etc/dev-supervise etc/quickstart etc/apt-missing etc/build tests/run
    tests/harness.pl .ci/run)) {
	ok -x $file, substr($file, 1 + length $src) . ' is executable';
}

done_testing;
