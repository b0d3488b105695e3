#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What each command asks of the network in a project of protocol 2: which
# requests, on how many connections, where something has changed and where not.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $direct = $s->{url} =~ s{/+$}{}r;
my ($url, $seen) = CliTest::relay($direct);
$s->set(url => "$direct $url");
my $p = CliTest->new(url => $url);
my $bob = CliTest->new(url => $url);

sub asks { return $p->asks($seen, @_) }

# Before each entry of the log an admin's machine looks at every environment: two.
# How long the log is comes with their names: it is read only if it has grown.
my @heads = ('secrets/heads', 'secrets/records', 'secrets/records');
my @append = (@heads, 'log/append');
my @named = ('log/read', 'devices/list');
my @push = ('secrets/pull', 'secrets/push');

$p->spew('one', "A=1\n");
$p->spew('two', "A=2\nB=2\n");
asks(['init'], 1, 'project/create', 'devices/register');
asks(['init'], 1, 'log/read');
asks(['push', '--dry-run', '--file', 'one'], 1, 'secrets/pull');
# of an environment that is not there, and its readers
asks(['push', '--file', 'one'], 1, 'secrets/pull', 'log/read', 'secrets/push');
asks(['push', '--file', 'two', '--env', 'prod'], 1, 'secrets/pull', 'log/read', 'secrets/push');
asks(['push', '--file', 'two', '--replace'], 1, @push);
asks(['push', '--file', 'two'], 1, 'secrets/pull');
asks(['pull'], 1, 'secrets/pull');
asks(['pull', '--version', 1], 1, 'secrets/pull');
asks(['get', 'A'], 1, 'secrets/pull');
asks(['export'], 1, 'secrets/pull');
asks(['set', 'C=3'], 1, @push);
asks(['set', 'C=3'], 1, 'secrets/pull');
asks(['delete', 'C'], 1, @push);
asks(['diff'], 1, 'secrets/pull', 'secrets/pull');
asks(['diff', '--env', 'development', '--env', 'prod'], 2, 'secrets/pull', 'secrets/pull');
asks(['versions'], 1, 'log/read', 'secrets/records', 'secrets/records', 'keys/read');
asks(['rollback', '--version', 1], 1, 'secrets/pull', @push);
asks(['status'], 1, 'secrets/pull', 'secrets/current-version');
asks(['confirm', '--new-key'], 1, @push);
asks(['confirm'], 1, 'secrets/pull');

# ---- who may do what
asks(['list-devices'], 1, @named);
$bob->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
my ($id) = $bob->asks($seen, ['register-device'], 1, 'devices/register')->{stdout} =~ /--id (\S+)$/m;
asks(['approve-device', '--id', $id, '--role', 'reader'], 1, 'log/read', 'secrets/heads', 'devices/list',
    @heads[1 .. 2], ('keys/read') x 2, 'log/append', 'keys/add');
$bob->asks($seen, ['pull'], 1, 'secrets/pull');
asks(['pull'], 1, 'secrets/pull');
asks(['scope-device', '--id', $id, '--env', 'development', '--yes'], 1, 'log/read', @append);
asks(['share'], 1, 'log/read', 'secrets/records', 'keys/read');
asks(['enroll', '--env', 'prod'], 1, 'log/read', 'log/read', @heads, 'keys/read', 'log/append');
asks(['audit'], 1, 'log/read', 'audit/list');

# ---- what can be verified
asks(['verify'], 1, 'log/read', @heads);
asks(['heads'], 0);
asks(['key'], 1, 'log/read');
asks(['bundle'], 1, 'secrets/pull', 'secrets/records', 'keys/read');
asks(['bundle', '--all'], 0);
asks(['accept-loss', '--env', 'prod', '--confirm', 1], 1, 'log/read', 'secrets/records');

# ---- run: the server once, or not at all
asks(['run', '--', 'true'], 1, 'secrets/pull');
asks(['run', '--cached', 100, '--', 'true'], 0);
asks(['run', '--offline', '--', 'true'], 0);
$p->age(101);
asks(['run', '--cached', 100, '--', 'true'], 1, 'secrets/pull');
asks(['run', '--cached', 100, '--', 'true'], 0);
asks(['trust', $url], 0);
asks(['help'], 0);

# ---- VAULT_KEY is replaced: the entry, then each environment under a new data key
asks(['rotate-key', '--prepare'], 1, 'log/read');
asks(['rotate-key', '--yes'], 1, 'log/read', @append, 'secrets/heads', 'devices/register', @heads, @push, @push);
asks(['pull'], 1, 'secrets/pull');
asks(['recovery', 'create'], 1, 'log/read', 'log/read', @heads, ('keys/read') x 2, 'log/append',
    'keys/add', 'keys/add');

# ---- and taken away: what it could read is told, environment by environment
my @told = ('secrets/records', 'keys/read');
asks(['revoke-device', '--id', $id, '--yes'], 1, @named, @append, @heads, @push, 'secrets/heads', @told, @told);
asks(['delete-project', '--confirm', $p->project], 1, 'log/read', 'project/delete');

my $table = decode_json($p->must('help', '--json'));
# What upgrade asks is as much as there are environments (v2-upgrade.t).
is_deeply([grep { !CliTest::has_asked($_) && $_ ne 'upgrade' } map { $_->{name} } @{$table->{commands}}],
    [], 'every command was counted');

done_testing();
