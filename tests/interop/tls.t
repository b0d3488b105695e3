#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server that cannot prove who it is gets no request: not from the command, not
# from Node.js, not from Python. The certificate is of an authority that nobody
# named, for another host, or expired; a good one shows that the rest works.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use IO::Socket::INET;
use NodeTest;
use Test::More;
use VaultTest;

VaultTest->needs('cli/vault-env', qw(nginx openssl node python3));
my $dir = VaultTest::tmpdir();
my $bin = VaultTest::program('cli/vault-env');
my $pid;

END { kill TERM => $pid if $pid }

sub openssl
{
	my (@args) = @_;
	my $r = VaultTest::run(['openssl', @args], cwd => $dir);

	$r->{status} == 0 or BAIL_OUT("openssl @args: $r->{stderr}");
}

sub authority
{
	my ($name) = @_;

	openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt',
	    'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj', "/CN=$name",
	    '-keyout', "$name.key", '-out', "$name.pem");
}

# A certificate for these names, signed by an authority, valid for so many days.
sub certificate
{
	my ($name, $authority, $days, $names) = @_;

	openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
	    '-nodes', '-subj', '/CN=vault', '-keyout', "$name.key", '-out',
	    "$name.csr");
	VaultTest::spew("$dir/$name.ext", "subjectAltName=$names\n");
	openssl('x509', '-req', '-in', "$name.csr", '-CA', "$authority.pem",
	    '-CAkey', "$authority.key", '-CAcreateserial', '-days', $days,
	    '-extfile', "$name.ext", '-out', "$name.pem");
}

my $here = 'IP:127.0.0.1,DNS:localhost';
authority($_) for qw(ours theirs);
certificate('good', 'ours', 2, $here);
certificate('unknown', 'theirs', 2, $here);
certificate('other-host', 'ours', 2, 'DNS:vault.example.org');
certificate('expired', 'ours', -1, $here);

# ---- a web server for each, which says what it was asked
my %port;
my $servers = '';
for my $name (qw(good unknown other-host expired)) {
	my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
	$port{$name} = $s->sockport;
	$servers .= "server { listen 127.0.0.1:$port{$name} ssl; " .
	    "ssl_certificate $dir/$name.pem; ssl_certificate_key $dir/$name.key; " .
	    "access_log $dir/$name.log; location / { return 404 '{}'; } }\n";
}
VaultTest::spew("$dir/nginx.conf", ($> == 0 ? "user root;\n" : '') .
    "pid $dir/pid;\ndaemon off;\nerror_log $dir/error.log;\nevents { }\nhttp {\n" .
    join('', map { "${_}_temp_path $dir/$_;\n" } qw(client_body proxy fastcgi uwsgi
    scgi)) . "$servers}\n");
$pid = fork // die "fork: $!";
if ($pid == 0) {
	open STDOUT, '>', "$dir/out";
	open STDERR, '>&', \*STDOUT;
	exec 'nginx', '-e', "$dir/error.log", '-c', "$dir/nginx.conf";
}
VaultTest::wait_until(10, sub { -s "$dir/pid" }) or
    BAIL_OUT(VaultTest::slurp("$dir/error.log"));

# ---- who asks
my ($app, $node) = (VaultTest::tmpdir(), NodeTest::app());
my $python = VaultTest::run(['/usr/bin/python3', '-B',
    "$VaultTest::SRC/tests/python/vaulttest.py"], timeout => 280)->{stdout};
chomp $python;
my %asks = (
	'vault-env' => [$app, $bin, 'versions'],
	'Node.js' => [$node, 'node', '-e', 'require("vault-env").pull().catch(e => {' .
	    ' console.error(e.message); ' .
	    'process.exit(e.code === "ERR_VAULT_NETWORK" ? 4 : 1) })'],
	'Python' => [$app, $python, '-B', '-c', "import sys, vaultdotenv\ntry:\n" .
	    "    vaultdotenv.pull()\nexcept vaultdotenv.VaultError as e:\n" .
	    "    print(e, file=sys.stderr)\n    sys.exit(4 if e.code == 'NETWORK' else 1)"],
);
my %env = (HOME => VaultTest::tmpdir(), VAULT_CA_FILE => "$dir/ours.pem",
    VAULT_KEY => 'vk_4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11_' . 'a' x 64,
    VAULT_DEVICE_SECRET => 'b' x 64, (map { $_ => undef } qw(NODE_ENV ENVIRONMENT
    https_proxy HTTPS_PROXY SSL_CERT_FILE SSL_CERT_DIR)));

sub ask
{
	my ($who, $name) = @_;
	my ($cwd, @command) = @{$asks{$who}};

	return VaultTest::run(\@command, cwd => $cwd, env => {%env,
	    VAULT_URL => "https://127.0.0.1:$port{$name}"});
}

for my $who (sort keys %asks) {
	VaultTest::spew("$dir/good.log", '');
	ask($who, 'good');
	like VaultTest::slurp("$dir/good.log"), qr{POST /api/v1/}, "$who asks a " .
	    'server that has proved who it is';
	for my $name (qw(unknown other-host expired)) {
		my $r = ask($who, $name);

		is $r->{status}, 4, "$who: $name: no answer" or diag $r->{stderr};
		like $r->{stderr}, qr/certificate/i, '... and it says why';
		is VaultTest::slurp("$dir/$name.log"), '', '... and no request';
	}
}

# ---- whom the machine trusts: the folder, and a file which takes long to read,
# only if the folder does not do
my @unshare = ('unshare', $> == 0 ? () : '-Ur', '-m');
my ($bundle) = grep { m{^/etc/ssl/certs/} } split /\n/,
    VaultTest::run(['curl-config', '--ca'])->{stdout};
SKIP: {
	skip 'no namespace of mounts, or libcurl goes by other files', 8
	    if !$bundle || VaultTest::run([@unshare, 'true'])->{status} != 0;
	for my $case (
	    # in the folder, in the file, server, is it asked?
	    ['ours', 'rubbish', 'good', 1], ['ours', 'theirs', 'unknown', 1],
	    ['theirs', 'ours', 'good', 1], ['theirs', 'theirs', 'good', 0]) {
		my ($folder, $file, $name, $is_asked) = @$case;
		my $certs = VaultTest::tmpdir();

		VaultTest::spew("$certs/$folder.pem", VaultTest::slurp("$dir/$folder.pem"));
		openssl('rehash', $certs);
		VaultTest::spew($certs . $bundle =~ s{^/etc/ssl/certs}{}r,
		    $file eq 'rubbish' ? 'rubbish' : VaultTest::slurp("$dir/$file.pem"));
		VaultTest::spew("$dir/$name.log", '');
		my $r = VaultTest::run([@unshare, 'sh', '-c',
		    'mount --bind "$0" /etc/ssl/certs && exec "$@"', $certs, $bin, 'versions'],
		    cwd => $app, env => {%env, VAULT_CA_FILE => undef,
		    VAULT_URL => "https://127.0.0.1:$port{$name}"});
		is VaultTest::slurp("$dir/$name.log") =~ tr/\n//, $is_asked,
		    "folder: $folder, file: $file: $name is " . ($is_asked ? 'asked' : 'not asked')
		    or diag $r->{stderr};
		$is_asked ? unlike $r->{stderr}, qr/certificate/, '... without a word' :
		    like $r->{stderr}, qr/its certificate is not trusted/, '... and it says why';
	}
}
done_testing;
