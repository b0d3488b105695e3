#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What each command asks of the network: which requests, on how many
# connections; what asks nothing, and needs no libcurl for it.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my ($url, $seen) = CliTest::relay($s->{url} =~ s{/+$}{}r);
my $p = CliTest->new(url => $url);
sub asks { return $p->asks($seen, @_) }

$p->spew('one', "A=1\n");
$p->spew('two', "A=2\nB=2\n");
asks(['init'], 1, 'project/create', 'project/set-key', 'devices/register');
asks(['init'], 1, 'devices/list');
asks(['push', '--dry-run', '--file', 'one'], 1, 'secrets/pull');
asks(['push', '--file', 'one'], 1, 'secrets/pull', 'secrets/push');
asks(['push', '--file', 'two', '--replace'], 1, 'secrets/pull', 'secrets/push');
asks(['push', '--file', 'two'], 1, 'secrets/pull');
asks(['push', '--file', 'two', '--env', 'prod'], 1, 'secrets/pull', 'secrets/push');
asks(['pull'], 1, 'secrets/pull');
asks(['pull', '--version', 1], 1, 'secrets/pull');
asks(['get', 'A'], 1, 'secrets/pull');
asks(['export'], 1, 'secrets/pull');
asks(['set', 'C=3'], 1, 'secrets/pull', 'secrets/push');
# of an older version, which has to be seen
asks(['push', '--file', 'two'], 1, 'secrets/pull', 'secrets/pull');
asks(['set', 'C=3'], 1, 'secrets/pull');
asks(['delete', 'C'], 1, 'secrets/pull', 'secrets/push');
asks(['diff'], 1, 'secrets/pull', 'secrets/pull');
asks(['diff', '--env', 'development', '--env', 'prod'], 2, 'secrets/pull', 'secrets/pull');
asks(['versions'], 1, 'secrets/versions');
asks(['rollback', '--version', 1], 1, 'secrets/rollback');
asks(['status'], 1, 'secrets/pull', 'secrets/current-version');
asks(['register-device'], 1, 'devices/register');
my $id = decode_json(asks(['list-devices', '--json'], 1, 'devices/list')->{stdout})
    ->{devices}[0]{id};
asks(['approve-device', '--id', $id], 1, 'devices/list', 'devices/approve');

# ---- run: the server once, or not at all
asks(['run', '--', 'true'], 1, 'secrets/pull');
asks(['run', '--cached', 100, '--', 'true'], 0);
asks(['run', '--offline', '--', 'true'], 0);
$p->age(101);
asks(['run', '--cached', 100, '--', 'true'], 1, 'secrets/pull');
asks(['run', '--cached', 100, '--', 'true'], 0);
asks(['help'], 0);

# ---- without libcurl: what asks nothing does not miss it
my $broken = VaultTest::tmpdir();
VaultTest::spew("$broken/libcurl.so.4", "no library\n");
my $without = {env => {LD_LIBRARY_PATH => join ':', $broken, $ENV{LD_LIBRARY_PATH} // ()}};
for my $args (['--version'], ['help'], ['run', '--offline', '--', 'echo', 'ran'],
    ['run', '--cached', 100, '--', 'echo', 'ran']) {
	my $r = $p->run(@$args, $without);
	is_deeply([$r->{status}, $r->{stderr}], [0, ''], "@$args without libcurl");
}
for my $args (['pull'], ['run', '--', 'true'], ['list-devices']) {
	$p->gives([@$args, $without], 1, '', qr{\Avault-env: libcurl cannot be loaded: \Q$broken\E/libcurl\.so\.4: [^\n]+\. Install libcurl4\n\z},
	    "@$args without libcurl");
}

asks(['trust', $p->{url}], 0);
asks(['revoke-device', '--id', $id], 1, 'devices/list', 'devices/revoke');
my $table = decode_json($p->must('help', '--json'));
# What upgrade asks is as much as there are environments (v2-upgrade.t).
is_deeply([grep { !CliTest::has_asked($_) && $_ ne 'upgrade' } map { $_->{v2} ? () : $_->{name} }
    @{$table->{commands}}], [], 'every command of v1 was counted');

done_testing();
