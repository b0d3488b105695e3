#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Protocol v2 through web server, vault.fcgi and database, by another
# implementation of the client (v2.py); and what v1 and v2 tell each other.
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
$s->set(url => "https://elsewhere.example $url");

my $r = VaultTest::run(['python3', "$VaultTest::SRC/tests/fcgi/v2.py", $url],
    timeout => 300);
for ($r->{stdout} =~ /^(?:not )?ok .*(?:\n# .*)*/mg) {
	my ($not, $name, $why) = /^(not )?ok \d+ - (.*)\n?((?:# .*\n?)*)/;
	ok !$not, $name or diag $why;
}
is $r->{status}, 0, 'to its end' or diag $r->{stderr};

# ---- v1 and v2
my $project = $s->psql('select id from vault.projects where protocol = 2 and ' .
    'deleted_at is null limit 1');
if ($project) {
	my $c = VaultTest::Client->new($s->{url})->use_key("vk_${project}_" .
	    'ab' x 32);
	my $v1 = $c->call('secrets/pull', {environment => 'dev'});
	is "$v1->{status} $v1->{json}{code}", '403 protocol_v2',
	    'v1 is told that the project is of v2';
}
my $old = VaultTest::Client->new($s->{url})->create('old');
my $mac = 'v=' . VaultTest::Client::now_ms() . ',k=' . 'ab' x 16 . ',n=' .
    'cd' x 16 . ',m=' . 'ef' x 32;
my $v2 = $old->call('log/read', {log_have => 0},
    url_path => '/api/v2/log/read', header => {'X-Vault-Request' => $mac});
is "$v2->{status} $v2->{json}{code}", '409 protocol_v1',
    'v2 that the project is of v1';
unlike $s->log('vault'), qr/m=[0-9a-f]{64}|X-Vault-Request/i, 'no MAC is in the log';

done_testing;
