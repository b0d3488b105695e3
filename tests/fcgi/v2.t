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
# More environments than an entry has cuts, had the settings their way
$s->set(url => "https://elsewhere.example $url", max_environments => 1000);

my $rekeyed = VaultTest::tmpdir() . '/rekeyed';
my $r = VaultTest::run(['python3', "$VaultTest::SRC/tests/fcgi/v2.py", $url,
    'sh', '-c', '"$1" --config "$2/vault.conf" --rekey >"$3" && ' .
    '"$4" restart --dir "$2" vault', 'sh', "$VaultTest::BUILD/fcgi/vault.fcgi",
    $s->dir, $rekeyed, "$VaultTest::SRC/etc/dev-server"], timeout => 300,
    env => {VAULT_BUILDDIR => $s->{build}});
like VaultTest::slurp($rekeyed), qr/^[1-9]\d* keys are sealed under the new/,
    'request keys are sealed anew';
VaultTest::relay($r);

# ---- v1 and v2
my $leaving = VaultTest::Client->new($s->{url})->create('leaving');
my $blob = VaultTest::Client::blob();
my $there = '5f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11';
my $freeze = sub {
	my $r = $leaving->call('project/freeze', {moved_to => $_[0],
	    frozen => $_[1] ? JSON::PP::true : JSON::PP::false});
	return join ' ', $r->{status}, map { $r->{json}{$_} // () }
	    qw(code moved_to frozen);
};
my $push = sub {
	my $r = $leaving->push_blob('production', $blob, {unique => $_[0]});
	return join ' ', $r->{status}, map { $r->{json}{$_} // () }
	    qw(code version moved_to error);
};
is $push->(1), '200 1', 'a push to a project of v1';
is $freeze->($there, 0), "200 $there 0", 'it says where it goes';
is $push->(2), "200 2 $there", '... and a push is told';
is $freeze->('6f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11', 0),
    "409 moved_elsewhere $there", '... to one place only';
is $freeze->($there, 1), "200 $there 1", '... then it is frozen';
is $push->(3), '403 project_moved This project has moved to protocol v2: ask ' .
    'for the new VAULT_KEY', '... nothing changes any more';
is $leaving->pull('production')->{json}{version}, 2, '... and reading goes on';

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
