#!/usr/bin/perl
# The Perl client that all these tests use derives and signs as the reference client's vectors do.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Encode qw(encode_utf8);
use JSON::PP;
use Test::More;
use VaultTest;

my $v = decode_json(VaultTest::slurp("$VaultTest::SRC/tests/vectors/protocol-v1.json"));

for my $case (@{$v->{derive}}) {
	my $ikm = VaultTest::Client::ikm($case->{vault_key}, $case->{device_secret});
	is unpack('H*', VaultTest::Client::hkdf($ikm, $case->{salt}, 32)),
	    $case->{key_hex}, "derive $case->{salt} of $case->{vault_key}" .
	    (defined $case->{device_secret} ? ' with a device secret' : '');
}
for my $case (@{$v->{device_hash}}) {
	is VaultTest::Client::device_hash($case->{device_secret}),
	    $case->{device_hash}, "device_hash of $case->{device_secret}";
}
for my $case (@{$v->{sign}}) {
	my $key = VaultTest::Client::auth_key($case->{vault_key});
	is VaultTest::Client::signature($key, encode_utf8($case->{body}),
	    $case->{timestamp_ms}), $case->{header},
	    "signature of $case->{timestamp_ms}";
	is length $case->{header}, 82, 'a signature header has 82 bytes';
}
# RFC 5869, test case 3 (empty salt is 32 zero bytes to HMAC), first 32 bytes
is unpack('H*', VaultTest::Client::hkdf("\x0b" x 22, '', 32)),
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d',
    'HKDF, RFC 5869 test case 3';

done_testing;
