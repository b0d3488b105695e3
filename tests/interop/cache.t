#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A .vault-cache that one of the command (C), Node.js and Python wrote is read by
# the other two without a server: with what is remembered of it in ~/.vault, and
# without, as that of any other client of protocol v1.
# protocol 1
use strict;
use warnings;
use lib map { "$ENV{TOP_SRCDIR}/tests$_" } '', '/cli', '/node';
use CliTest;
use JSON::PP;
use NodeTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx node python3));
my $r = VaultTest::run(['/usr/bin/python3', "$VaultTest::SRC/tests/python/vaulttest.py"],
    timeout => 300);
my ($python) = $r->{stdout} =~ m{\A(/.*)\n\z};
plan skip_all => "no Python with vault-env: $r->{stdout}" if !defined $python;

my $s = VaultTest->server;
my $p = CliTest->new(url => $s->{url});
my $away = CliTest::closed_url();
symlink NodeTest::package(), $p->path('node_modules') or die;
$p->must('init');

# client => [what loads and writes the cache, what loads from it alone]; both
# print the environment as JSON.
my @node = ('node', '-e');
my @python = ($python, '-c');
my $dump = 'import json, os, vaultdotenv; vaultdotenv.%s(".env"); ' .
    'print(json.dumps(dict(os.environ)))';
my $show = 'console.log(JSON.stringify(process.env))';
my %clients = (
	C => [[$CliTest::BIN, 'run', '--', @node, $show],
	    [$CliTest::BIN, 'run', '--offline', '--', @node, $show]],
	'Node.js' => [[@node, "require('vault-env').config().then(() => $show)"],
	    [@node, "require('vault-env').configSync(); $show"]],
	Python => [[@python, sprintf $dump, 'load_vault'],
	    [@python, sprintf $dump, 'load_vault_sync']],
);

sub sees
{
	my ($what, $url, $argv, $want) = @_;
	my $r = VaultTest::run($argv, cwd => $p->{dir}, env => {
	    %{$p->environment}, VAULT_URL => $url});
	my $env = $r->{status} == 0 ? decode_json($r->{stdout}) : {};

	is_deeply [$r->{status}, $r->{stderr}, map { $env->{$_} } sort keys %$want],
	    [0, '', map { $want->{$_} } sort keys %$want], $what;
}

my $n = 0;
for my $writer (sort keys %clients) {
	my %secrets = (WHO => $writer, N => ++$n, EMPTY => '', TEXT =>
	    "gr\x{fc}n \x{6f22} \x{1f680}\n\"two\" 'lines' \\ \$N #");
	$p->other_push('development', \%secrets);
	unlink $p->path('.vault-cache');
	sees("$writer loads", $s->{url}, $clients{$writer}[0], \%secrets);
	my $cache = $p->slurp('.vault-cache');
	is $p->mode('.vault-cache'), '0600', 'into a cache of its own';
	for my $reader (sort keys %clients) {
		sees("$reader reads the cache of $writer", $away,
		    $clients{$reader}[1], \%secrets);
	}
	unlink glob "$p->{home}/.vault/*.state" or die 'no state was written';
	for my $reader (sort keys %clients) {
		sees("$reader also one that it knows nothing of", $away,
		    $clients{$reader}[1], \%secrets);
	}
	is $p->slurp('.vault-cache'), $cache, 'and leaves it as it is';
}
done_testing;
