#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Samples in C, and of any program that is started by a command: as they were
# for dotenv, and after the change that README shows, they see the same
# environment: without a key, and with the secrets on the server instead of in
# the file. lib/node and lib/python have their own.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'lib/.libs/libvaultenv.so',
    qw(nginx gcc));
my ($src, $build) = ($VaultTest::SRC, $VaultTest::BUILD);
my $sample = "$src/tests/cli/sample";
my $s = VaultTest->server;
my $text = VaultTest::slurp("$sample/env");
# Debian's, which says so if it lacks a part.
my ($dotenv) = grep { -x && VaultTest::run([$_, '--version'])->{status} == 0 }
    '/usr/bin/python-dotenv', '/usr/bin/dotenv';

# The sample's own environment, but for what a shell adds to it.
sub sees
{
	my ($p, $name, %more) = @_;
	my $r = VaultTest::run(["./$name"], cwd => $p->{dir}, env => {
	    %{$p->environment}, VAULT_URL => undef, %more,
	    LD_LIBRARY_PATH => "$build/lib/.libs",
	    PATH => join ':', $p->{dir}, qw(/usr/bin /bin)});

	is $r->{status}, 0, "$name runs" or diag $r->{stderr};
	is $r->{stderr}, '', "$name says nothing";
	my %env = map { /^([^=]+)=(.*)\z/s } split /\0/, $r->{stdout};
	delete @env{qw(_ PWD OLDPWD SHLVL LD_LIBRARY_PATH)};
	return \%env;
}

# What $old sees with the file and $new without it, where the vault has it.
sub same
{
	my ($p, $old, $new) = @_;

	$p->spew('.env', $text);
	my $want = sees($p, $old);
	is $want->{URL}, 'postgres://app:secret@db.example.org/app?a=b',
	    "$old has the file's variables";
	is_deeply sees($p, $new), $want, "$new without a key sees the same";

	unlink $p->path('.env');
	$p->must('init');
	my $keys = $p->slurp('.env');
	$p->spew('.env', $keys . $text);
	$p->must('push');
	$want = {map { s/^(['"`])(.*)\1\z/$2/r } %{sees($p, $old)}};
	$p->spew('.env', $keys);
	delete $want->{VAULT_KEY};
	is_deeply sees($p, $new), $want, "$new sees the same from the server, but for the key";
}

subtest 'C' => sub {
	my $p = CliTest->new(url => $s->{url});
	my ($code, $n) = VaultTest::migrate(VaultTest::slurp("$sample/app.c"),
	    VaultTest::readme_diffs('C'));

	is $n, 2, 'the call and its header change';
	$p->spew('old.c', VaultTest::slurp("$sample/app.c"));
	$p->spew('new.c', $code);
	for ([old => "-I$sample"], [new => "-I$src/lib", "-L$build/lib/.libs",
	    '-lvaultenv']) {
		my ($name, @flags) = @$_;
		my $r = VaultTest::run(['gcc', '-o', $name, "$name.c", @flags],
		    cwd => $p->{dir});
		is $r->{status}, 0, "$name compiles" or diag $r->{stderr};
	}
	$p->spew('.env', $text);
	is_deeply sees($p, 'new', PORT => 'mine'), sees($p, 'old', PORT =>
	    'mine'), 'existing variables win';
	same($p, 'old', 'new');
};

subtest 'any program' => sub {
	plan skip_all => "there is no python-dotenv's command" if !$dotenv;
	my $p = CliTest->new(url => $s->{url});
	my ($code, $n) = VaultTest::migrate(VaultTest::slurp("$sample/start"),
	    VaultTest::readme_diffs('Any other program'));

	is $n, 1, 'one line changes';
	symlink $dotenv, $p->path('dotenv') or die;
	# libtool's wrapper has variables of its own.
	my ($real) = grep { -x } "$build/cli/.libs/vault-env", $CliTest::BIN;
	symlink $real, $p->path('vault-env') or die;
	$p->spew('old', VaultTest::slurp("$sample/start"));
	$p->spew('new', $code);
	$p->spew('app', "#!/bin/sh\nexec env -0\n");
	chmod 0755, map { $p->path($_) } qw(old new app);
	same($p, 'old', 'new');
};

done_testing;
