#!/usr/bin/perl
# vault.fcgi cannot open a blob: neither that code nor the label of its key is in the binary. And it is hardened.
# libvaultenv loads libcurl late: it names it in no header.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', qw(nm readelf));
my $server = "$VaultTest::BUILD/fcgi/vault.fcgi";
my ($library) = grep { -e } "$VaultTest::BUILD/lib/.libs/libvaultenv.so",
    glob "$VaultTest::BUILD/lib/.libs/libvaultenv.so.*";

sub output
{
	my $r = VaultTest::run([@_]);

	is $r->{status}, 0, "@_" or diag $r->{stderr};
	return $r->{stdout};
}

my $symbols = output('nm', '--defined-only', $server) .
    output('nm', '-D', '--defined-only', $server);
like $symbols, qr/ main$/m, 'the symbols can be seen';
like $symbols, qr/aead/, 'AES-GCM is there, for auth keys at rest';
# What lib/ keeps for clients, read from its own sources
my @client_functions;
for my $file (glob "$VaultTest::SRC/lib/vault/*.c") {
	my $text = VaultTest::slurp($file);
	push @client_functions, $text =~ /^(\w+)\(/mg;
}
cmp_ok scalar @client_functions, '>=', 4, 'lib/vault/: ' .
    join ' ', @client_functions;
is_deeply [grep { $symbols =~ / \Q$_\E$/m } @client_functions], [],
    'none of which is in vault.fcgi';
is_deeply [$symbols =~ / ((?:seal|derive|vaultenv_(?:secrets|load|client|device))_\w+)$/mg], [],
    'nor anything that is named so';
unlike output('readelf', '-d', $server), qr/libvaultenv|libcurl/,
    'nor does it load libvaultenv';

sub holds { return index(VaultTest::slurp($_[0]), $_[1]) >= 0 }
my ($label) = VaultTest::slurp("$VaultTest::SRC/lib/wire/labels.h") =~
    /"(vault-encrypt-v1)"/;
is $label, 'vault-encrypt-v1', 'the label, as lib/wire/labels.h has it';
ok !holds($server, 'vault-encrypt'), 'is nowhere in vault.fcgi';
my ($client_only) = VaultTest::slurp("$VaultTest::SRC/lib/wire/labels.h") =~
    m{/\* client only \*/\n(.*?)\n\n}s;
my @labels = $client_only =~ /"(vault-[\w-]+)"/g;
cmp_ok scalar @labels, '>=', 8, 'the labels of protocol v2 that are the client\'s';
is_deeply [grep { holds($server, $_) } @labels], [],
    'none of which is in vault.fcgi';
SKIP: {
	skip 'the client is not built', 5 unless defined $library;
	ok holds($library, $label), 'but in libvaultenv, so it can be found';
	unlike output('readelf', '-dW', $library), qr/libcurl/,
	    'which is not linked to libcurl: a start would cost ten times as much';
	my %declared = map { $_ => 1 } VaultTest::slurp(
	    "$VaultTest::SRC/lib/vaultenv.h") =~ /^(?:\w[^(]*[ *])?(vaultenv_\w+)\(/mg;
	my @exported = output('nm', '-D', '--defined-only', $library) =~
	    / T (\w+)/g;
	is_deeply [sort @exported], [sort keys %declared],
	    'which exports what vaultenv.h declares, and no more';
}

for my $binary ($server, grep { -e } "$VaultTest::BUILD/cli/.libs/vault-env",
    $library // ()) {
	my ($name) = $binary =~ m{([^/]+)\z};
	my $header = output('readelf', '-hW', $binary);
	my $dynamic = output('readelf', '-dW', $binary);
	my $segments = output('readelf', '-lW', $binary);
	my $all = output('readelf', '-sW', $binary);

	like $header, qr/Type:\s+DYN/, "$name: position independent";
	like $dynamic, qr/FLAGS_1.*\bPIE\b/, "$name: PIE" unless $name =~ /\.so/;
	like $dynamic, qr/BIND_NOW|FLAGS_1.*\bNOW\b/, "$name: bound at the start";
	like $segments, qr/GNU_RELRO/, "$name: RELRO";
	like $segments, qr/GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+RW\s/,
	    "$name: no executable stack";
	unlike $segments, qr/LOAD.*RWE/, "$name: nothing writable and executable";
	unlike $dynamic, qr/TEXTREL/, "$name: no text relocations";
	unlike $dynamic, qr/RPATH|RUNPATH/, "$name: no run path"
	    unless $name eq 'vault-env';
	SKIP: {
		skip 'a sanitizer is in', 2 if $all =~ /__asan_|__tsan_|__ubsan_/;
		like $all, qr/__stack_chk_fail/, "$name: stack protector";
		like $all, qr/__\w+_chk\b/, "$name: FORTIFY";
	}
}
done_testing;
