#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What the operator does by hand with projects: --unfreeze for those of v1;
# --forget-keys, --check-log and --restore for those of v2, whose teams are in
# byhand-tables.py and byhand-restore.py.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx', 'python3');
plan skip_all => 'no python3-cryptography'
    if VaultTest::run(['python3', '-c', 'import cryptography'])->{status};
my $s = VaultTest->server;
my $url = $s->{url} =~ s{/+$}{}r;
$s->set(url => $url);

# ---- the command line
my $vault = sub {
	return VaultTest::run(["$VaultTest::BUILD/fcgi/vault.fcgi", '--config',
	    $s->dir . '/vault.conf', @_], env => $s->pg_env);
};
for (['--unfreeze'], ['--unfreeze', 'x'], ['--rekey', '--forget-keys'],
	['--forget-keys', 'x'], ['--restore'], ['--check-log', 'x'],
	['--dry-run'], ['--check-log', '--dry-run'], ['--restore', '--dry-run']) {
	is $vault->(@$_)->{status}, 2, "usage: @$_";
}

# ---- a project of v1 that has moved
my $c = VaultTest::Client->new($s->{url})->create('leaving');
my $push = sub {
	my $r = $c->push_blob('production', VaultTest::Client::blob(),
	    {unique => $_[0]});
	return join ' ', $r->{status}, map { $r->{json}{$_} // () }
	    qw(code moved_to);
};
my $there = '5f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11';
$c->call('project/freeze', {moved_to => $there, frozen => JSON::PP::true});
is $push->(1), '403 project_moved', 'a project that has moved';
my $r = $vault->('--unfreeze', $c->{project});
is $r->{stdout}, "Project $c->{project} can be changed again, and no longer " .
    "says that it has moved.\n", '--unfreeze' or diag $r->{stderr};
is $push->(2), '200', '... it can be changed again';
$r = $vault->('--unfreeze', $there);
is "$r->{status} $r->{stderr}", "1 vault.fcgi: There is no project $there of " .
    "protocol v1\n", '... one that does not exist';

# ---- projects of v2
for my $part (qw(tables restore)) {
	VaultTest::relay(VaultTest::run(['python3',
	    "$VaultTest::SRC/tests/fcgi/byhand-$part.py", $url, $s->dir],
	    timeout => 300, env => {%{$s->pg_env},
	    VAULT_BUILDDIR => $s->{build},
	    VAULT_FCGI => "$VaultTest::BUILD/fcgi/vault.fcgi",
	    DEV_SERVER => "$VaultTest::SRC/etc/dev-server"}));
}

# ---- by the command alone: nothing is left on the server but the team's file
SKIP: {
	my $command = "$VaultTest::BUILD/cli/vault-env";
	skip 'built without the client', 6 if !-x $command;
	my $home = VaultTest::tmpdir();
	my $run = sub {
		return VaultTest::run(['sh', '-c', 'cd "$HOME" && exec "$@"',
		    'sh', $command, @_], env => {HOME => $home,
		    VAULT_URL => $url});
	};
	VaultTest::spew("$home/.env", "A=one\n");
	is $run->(@$_)->{status}, 0, "@$_" for ['init'], ['push'],
	    ['bundle', '--all', '--output', 'all.json'];
	my ($id) = VaultTest::slurp("$home/all.json") =~ /"project_id":"([^"]+)"/;
	$s->psql("delete from vault.$_ where project_id = '$id'") for
	    qw(log members member_keys heads records wraps requests);
	$s->psql("delete from vault.projects where id = '$id'");
	isnt $run->('pull')->{status}, 0, 'its project is gone';
	is $vault->('--restore', "$home/all.json")->{status}, 0, '--restore';
	is $run->('pull')->{stdout}, "A=one\n", 'the machine pulls as before';
}
done_testing;
