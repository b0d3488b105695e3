#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What `make dist` ships is what git has, so that its tests run there too; and what
# a build makes is in .gitignore.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Find;
use Test::More;
use VaultTest;

my ($src, $build) = ($VaultTest::SRC, $VaultTest::BUILD);
plan skip_all => 'this is no clone: there is no .git' if !-e "$src/.git";
VaultTest->needs('git', 'make', './Makefile');

my $r = VaultTest::run(['git', '-C', $src, 'ls-files'], env => {GIT_DIR => undef});
plan skip_all => "git does not list the files: $r->{stderr}" if $r->{status};
my @tracked = grep { -e "$src/$_" && $_ ne '.gitignore' } split /\n/, $r->{stdout};

my $name = "tests/dist.$$";
$r = VaultTest::run(['make', '-s', '-C', $build, 'distdir', "distdir=$name"],
    env => {MAKEFLAGS => undef, MAKELEVEL => undef}, timeout => 120);
is $r->{status}, 0, 'make distdir' or diag "$r->{stdout}$r->{stderr}";
my %shipped;
find({no_chdir => 1, wanted => sub {
	$shipped{substr $File::Find::name, 1 + length "$build/$name"} = 1 if -f;
}}, "$build/$name");
is_deeply [grep { !$shipped{$_} } @tracked], [], 'ships every file of git';

my %tracked = map { $_ => 1 } @tracked;
is_deeply [sort grep { !$tracked{$_} && m{^(?:lib|cli|fcgi|sql|etc)/} }
    keys %shipped], [], 'and none that a build has left';
for my $file (sort grep { m{/bin/|\.t$} } @tracked) {
	ok -x "$build/$name/$file", "$file can still be run" if -x "$src/$file";
}
VaultTest::run(['rm', '-rf', "$build/$name"]);

# What was built here would lie in the tree after a build in it.
my @built;
find({no_chdir => 1, wanted => sub {
	my $file = substr $File::Find::name, 1 + length $build;
	# the scripts' own: they build, and fetch npm's dotenv, in .build/ only
	return $File::Find::prune = 1 if $file =~ m{^(?:asan|\.git|\.build)\z};
	push @built, $file if -f && !$tracked{$file} && $file ne 'quickstart.out' &&
	    $file !~ m{^tests/package(?:-lock)?\.json\z};
}}, glob "$build/*");
$r = VaultTest::run(['git', '-C', $src, 'check-ignore', '-z', '--stdin'],
    stdin => join('', map { "$_\0" } @built), env => {GIT_DIR => undef});
my %ignored = map { $_ => 1 } split /\0/, $r->{stdout};
is_deeply [sort grep { !$ignored{$_} } @built], [],
    'a build in the tree leaves no file that git does not know';
done_testing;
