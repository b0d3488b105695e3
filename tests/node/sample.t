#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The sample app as it was written for dotenv, and after the one-line change
# that README shows, see the same environment: without a key, and with
# the secrets on the server instead of in the file.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use JSON::PP;
use NodeTest;
use Test::More;

VaultTest->needs('fcgi/vault.fcgi', 'nginx', 'psql', 'node');
my $modules = NodeTest::package();
plan skip_all => 'npm dotenv is not installed' if !-e "$modules/dotenv";

my @diffs = VaultTest::readme_diffs('Node.js');
is(@diffs, 2, 'README shows the line for each kind of module');
my $readme = VaultTest::slurp("$NodeTest::SRC/lib/node/README");
like($readme, qr/^  -\Q$$_[0]\E\n  \+\Q$$_[1]\E$/m, "lib/node/README too: $$_[1]")
    for @diffs;

my %project = NodeTest::project(VaultTest->server);
my $app = $project{APP};
my %env = %{NodeTest::environment(%project, MODE => 'slow')};
my $text = VaultTest::slurp("$NodeTest::HERE/sample/env");

# Changes the sample as README says; returns how many lines that were.
sub migrate
{
	my ($name, $to) = @_;
	my ($source, $n) = VaultTest::migrate(
	    VaultTest::slurp("$NodeTest::HERE/sample/$name"), @diffs);

	VaultTest::spew("$app/$to", $source);
	return $n;
}

sub sees
{
	my ($file) = @_;
	my $r = VaultTest::run(['node', $file], cwd => $app, env => \%env);

	is($r->{status}, 0, "$file runs") or diag($r->{stderr});
	# dotenv itself has something to say.
	is($r->{stderr}, '', "$file says nothing") if $file =~ /^new-/;
	my ($line) = $r->{stdout} =~ /^(\{.*)$/m;
	return JSON::PP->new->utf8->decode($line // '{}');
}

my $env_file = VaultTest::slurp("$app/.env");
for my $name ('app.js', 'app.mjs') {
	my $new = "new-$name";

	VaultTest::spew("$app/$name",
	    VaultTest::slurp("$NodeTest::HERE/sample/$name"));
	is(migrate($name, $new), 1, "$name needs one line changed");

	VaultTest::spew("$app/.env", $text);
	my $old = sees($name);
	is($old->{PORT}, '9090', 'dotenv loads the file');
	is($old->{MODE}, 'slow', 'and the environment wins');
	is_deeply(sees($new), $old, "$new without a key sees the same");

	# The same with a key and both in the file.
	VaultTest::spew("$app/.env", $text . $env_file);
	$old = sees($name);
	my $push = VaultTest::run([$project{CLI}, 'push'], cwd => $app,
	    env => \%env);
	is($push->{status}, 0, 'push') or diag($push->{stderr});

	VaultTest::spew("$app/.env", $env_file);
	is(delete $old->{VAULT_KEY}, $env_file =~ /^VAULT_KEY=(.*)$/m ? $1 : '',
	    'dotenv hands on the key');
	is_deeply(sees($new), $old, "$new sees the same from the server, without it");
}
done_testing();
