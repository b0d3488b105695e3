#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# enroll, killed at each system call that changes something, here or there: run
# again it ends, and no device is left whose secret nobody has seen.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx strace));
my $r = VaultTest::run(['strace', '-o', '/dev/null', 'true']);
plan skip_all => "strace may not trace here: $r->{stderr}" if $r->{status};
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url} =~ s{/+$}{}r);
$p->must('init');
my $folder = "$p->{home}/.vault";
my $file = "$folder/" . $p->project . '.enroll';
$p->spew('x', "A=1\n");
$p->must('push', '--file', 'x');

my @enroll = ('enroll', '--env', 'development', '--name');
my @points = $p->changes(@enroll, 'whole', {printed => 1});
cmp_ok(scalar @points, '>', 20, scalar(@points) . ' calls that change something');

my (%secrets, @bad);
my $resumed = 0;
for my $point (@points) {
	my $name = "k@$point" =~ s/ //r;
	my $dead = $p->killed_at($point, @enroll, $name) or next;
	my $again = $p->run(@enroll, $name);
	my ($was) = $dead->{stdout} =~ /^VAULT_DEVICE_SECRET=([0-9a-f]{64})/;
	my ($is) = $again->{stdout} =~ /\AVAULT_DEVICE_SECRET=([0-9a-f]{64})\n\z/;

	$resumed++ if $again->{stderr} =~ /^vault-env: Going on with the device $name /m;
	push @bad, "$name: $again->{status} $again->{stderr}" if $again->{status} || !defined $is;
	push @bad, "$name: the file is left" if -e $file;
	$secrets{$name}{$_} = 1 for grep { defined } $was, $is;
}
is_deeply(\@bad, [], 'wherever it is killed, it ends when it is run again');
cmp_ok($resumed, '>', 5, "$resumed times with the device that was begun");
my %made;
$made{$_->{device_name}}++ for grep { $_->{device_name} =~ /^k[a-z]+\d/ } @{$p->json('list-devices')->{devices}};
is_deeply({map { ($_ => scalar keys %{$secrets{$_}}) } keys %secrets}, \%made,
    'there is no device whose secret was not printed');
is_deeply([grep { !/\.(?:key|log|heads|lock|state)\z/ } glob "$folder/*"], [], 'and nothing else is left');
for my $secret (map { keys %$_ } @secrets{(sort keys %secrets)[0, 10, -1]}) {
	my $c = CliTest->new(url => $p->{url});
	is($c->run('pull', {env => {VAULT_KEY => $p->key, VAULT_DEVICE_SECRET => $secret}})->{stdout}, "A=1\n",
	    'a secret that was printed reads');
}
done_testing();
