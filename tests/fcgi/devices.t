#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A project that has ever had a device lets in none but its approved ones: not
# when all of them are revoked, nor when those that are left wait for approval.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server;
my $environment = 'production';

sub answers
{
	my ($c, $hash, $want, $name) = @_;
	my %who = (environment => $environment, device_hash => $hash,
	    unique => rand);

	my $before = $s->psql('select count(*) from vault.secret_versions');
	for my $r ($c->call('secrets/pull', {%who}), $c->call('secrets/push',
	    {%who, secrets => VaultTest::Client::blob()})) {
		is join(' ', $r->{status}, $r->{json}{code} // ()), $want, $name;
		ok !exists $r->{json}{secrets}, '... and no secret' if $want ne '200';
	}
	is $s->psql('select count(*) from vault.secret_versions') - $before,
	    $want eq '200' ? 1 : 0, '... and nothing is stored unless it may';
}

my $c = VaultTest::Client->new($s->{url})->create('devices');
my $first = $c->register('first');
my $hash = $c->{device_hash};
is $c->push_blob($environment, VaultTest::Client::blob())->{status}, 200,
    'the first device pushes';
answers($c, $hash, '200', 'it is let in');
answers($c, undef, '403 device_refused', 'no hash is not');
answers($c, 'ab' x 32, '403 device_refused', 'an unknown one is not');

my ($id) = map { $_->{id} } @{$c->call('devices/list')->{json}{devices}};
is $c->call('devices/revoke', {device_id => $id})->{json}{status}, 'revoked',
    'it is revoked, and the project has no other';
for my $state ('all are revoked', 'one is revoked, one waits') {
	answers($c, $hash, '403 device_refused', "$state: the revoked one");
	answers($c, undef, '403 device_refused', "$state: no hash");
	answers($c, 'ab' x 32, '403 device_refused', "$state: an unknown one");
	is $c->call('devices/register', {device_name => 'second', device_hash =>
	    'cd' x 32})->{json}{status}, 'pending', 'the next one has to wait';
	answers($c, 'cd' x 32, '403 device_pending', '... and is not let in');
}
done_testing;
