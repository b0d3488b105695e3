#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server that takes the request and then says nothing more is given up on
# before the time that a slow answer would be given.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use VaultTest;

VaultTest->needs('cli/vault-env');
my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die;
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	my @clients;
	while (my $client = $listen->accept) {
		push @clients, $client;
		print $client "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
		$client->flush;
	}
	POSIX::_exit(0);
}
END { kill KILL => $pid if $pid }

my $p = CliTest->new(url => 'http://127.0.0.1:' . $listen->sockport,
    env => {VAULT_KEY => 'vk_4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11_' . 'a' x 64});
my $began = time;
$p->gives(['versions'], 4, '', qr/\Avault-env: Cannot reach /, 'it fails');
my $took = time - $began;
cmp_ok $took, '>=', 15, sprintf 'after %.1f s: not at once', $took;
cmp_ok $took, '<', 29.7, 'and before the limit of an answer, which is 30';
done_testing;
