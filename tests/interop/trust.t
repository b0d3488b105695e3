#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server whose certificate is signed by nobody whom the system trusts: which
# variables make command, Node.js and Python trust it, and which do not.
# protocol 1
use strict;
use warnings;
use lib map { "$ENV{TOP_SRCDIR}/tests$_" } '', '/cli', '/node';
use CliTest;
use NodeTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node', 'openssl');
my $s = VaultTest->server(tls => 1);
my $url = $s->{url} =~ s{/+$}{}r;
my $dir = VaultTest::tmpdir();
my $cert = $s->dir . '/tls-cert.pem';
my $other = "$dir/other.pem";

sub run_ok
{
	my $r = VaultTest::run([@_], timeout => 120);
	die "@_: $r->{stdout}$r->{stderr}" if $r->{status};
	return $r->{stdout};
}
run_ok(qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2
    -subj /CN=other -addext), 'subjectAltName=IP:127.0.0.1', '-keyout', "$dir/key",
    '-out', $other);
# As c_rehash does it.
mkdir "$dir/hashed" or die;
my ($hash) = run_ok(qw(openssl x509 -noout -hash -in), $cert) =~ /(\S+)/;
symlink $cert, "$dir/hashed/$hash.0" or die;

my $p = CliTest->new(url => undef, dir => NodeTest::app());
my @names = qw(VAULT_CA_FILE SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS
    REQUESTS_CA_BUNDLE);
my %base = ((map { $_ => undef } @names), VAULT_URL => $url);
$p->must('init', {env => {%base, VAULT_CA_FILE => $cert}});
my ($python) = VaultTest::run(['/usr/bin/python3', "$VaultTest::SRC/tests/python/vaulttest.py"],
    timeout => 300)->{stdout} =~ /^(\/\S+)$/m;
my %ways = (
	command => [$CliTest::BIN, 'list-devices'],
	node => ['node', '-e', "require('vault-env').checkVersion().catch((e) => " .
	    '{ console.error(e.message); process.exit(4); })'],
	defined $python ? (python => [$python, '-c', "import sys, vaultdotenv as v\n" .
	    "try: v.check_version()\nexcept v.VaultError as e: sys.exit(str(e))"]) : (),
);

# Without a reason: it does trust the server.
sub trusts
{
	my ($way, $reason, %env) = @_;
	my $r = VaultTest::run($ways{$way}, cwd => $p->{dir}, timeout => 60,
	    env => $p->environment(%base, %env));
	my $name = "$way, " . (join(' ', map { "$_=" . $env{$_} =~ s{.*/}{}r } sort keys %env) ||
	    'nothing set');

	return ok($r->{status} == 0, "$name: trusted") || diag $r->{stderr} unless defined $reason;
	ok($r->{status} != 0, "$name: refused");
	like($r->{stderr}, qr/Cannot reach \Q$url\E: $reason/, 'and why');
}

my $not = "its certificate is not trusted\\. Check the URL \\(VAULT_URL\\), or name your own CA " .
    'in VAULT_CA_FILE';
for my $way (sort keys %ways) {
	trusts($way, $not);
	trusts($way, undef, VAULT_CA_FILE => $cert);
	trusts($way, undef, VAULT_CA_FILE => "$cert\n");
	trusts($way, undef, VAULT_CA_FILE => "$dir/hashed");
	trusts($way, undef, SSL_CERT_FILE => $cert);
	trusts($way, undef, SSL_CERT_DIR => "$dir/hashed");
	trusts($way, $not, VAULT_CA_FILE => $other, SSL_CERT_FILE => $cert,
	    SSL_CERT_DIR => "$dir/hashed", NODE_EXTRA_CA_CERTS => $cert,
	    REQUESTS_CA_BUNDLE => $cert);
	for (qw(VAULT_CA_FILE SSL_CERT_FILE)) {
		trusts($way, "the trusted certificates cannot be read\\. Check /nowhere\\.pem",
		    $_ => '/nowhere.pem');
	}
	trusts($way, $way eq 'node' ? undef : $not, NODE_EXTRA_CA_CERTS => $cert);
	trusts($way, $way eq 'python' ? undef : $not, REQUESTS_CA_BUNDLE => $cert);
}
trusts('node', undef, NODE_EXTRA_CA_CERTS => $other, SSL_CERT_DIR => "$dir/hashed");
trusts('python', $not, REQUESTS_CA_BUNDLE => $other, SSL_CERT_FILE => $cert) if $python;

done_testing();
