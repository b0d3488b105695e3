#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A connection that breaks within an answer: each command does what it does, and
# does it once. Not tried: delete-project, which leaves nobody to answer again.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use IO::Socket::UNIX;
use JSON::PP;
use POSIX ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $direct = $s->{url} =~ s{/+$}{}r;
my ($url, $seen) = CliTest::relay($direct, breaks => 1);
my $v2 = $CliTest::PROTOCOL == 2;
$s->set(url => "$direct $url") if $v2;
my $p = CliTest->new(url => $url);
my $bob = CliTest->new(url => $url);

# It succeeds, and each signed request is sent twice.
sub unharmed
{
	my ($who, @args) = @_;

	VaultTest::spew($seen, '');
	my $r = $who->run(@args);
	my (%times, @odd);
	$times{$_}++ for grep { /^POST/ && !m{/project/(?:create|set-key)$} }
	    split /\n/, VaultTest::slurp($seen);
	@odd = grep { $times{$_} % 2 } sort keys %times;
	is_deeply [$r->{status}, \@odd, scalar keys %times > 0], [0, [], 1],
	    "@args" or diag explain [$r, \%times];
	return $r->{stdout};
}
sub versions		# how many are stored
{
	return $s->psql('select count(*) from vault.' .
	    ($v2 ? 'records' : 'secret_versions'));
}

$p->spew('one', "A=1\n");
unharmed($p, 'init');
unharmed($p, 'push', '--file', 'one');
unharmed($p, 'set', 'B=2');
unharmed($p, 'delete', 'B');
unharmed($p, 'rollback', '--version', 2);
is versions(), 4, 'each push is stored once';
is unharmed($p, 'get', 'B'), "2\n", 'and the newest is read';
unharmed($p, $_) for 'pull', 'versions', 'diff', 'status', 'list-devices';
unharmed($p, 'run', '--', 'true');

$bob->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
my ($id) = unharmed($bob, 'register-device') =~ /--id (\S+)$/m;
unharmed($p, 'approve-device', '--id', $id);
is unharmed($bob, 'get', 'A'), "1\n", 'one that was approved so reads' if $v2;
if ($v2) {
	unharmed($p, 'scope-device', '--id', $id, '--env', 'development', '--yes');
	unharmed($p, 'enroll', '--env', 'production');
	my $carol = CliTest->new(url => $url);
	$carol->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
	my ($own) = $carol->must('register-device') =~ /--id (\S+)$/m;
	my @own = ('--id', $own, '--yes');
	$p->must('approve-device', '--id', $own, '--role', 'admin');
	unharmed($carol, 'scope-device', @own, '--role', 'reader');
	$p->must('scope-device', @own, '--role', 'admin');
	unharmed($carol, 'revoke-device', @own);
	unharmed($p, 'recovery', 'create');
	unharmed($p, 'confirm', '--new-key');
	unharmed($p, 'verify');
	unharmed($p, 'rotate-key', '--yes');
	is unharmed($p, 'get', 'A'), "1\n", 'under the new VAULT_KEY';
}
unharmed($p, 'revoke-device', '--id', $id, $v2 ? '--yes' : ());
is unharmed($p, 'get', 'A'), "1\n", 'and all is there';

# ---- HTTP/2, where nginx ends the stream alone if vault.fcgi dies within an
# answer; here each time
$s->down;
$s = VaultTest->server(web => 'nginx', tls => 1);
$s->stop('vault');
my $socket = $s->pg_env->{PGHOST} =~ s{pg-sock$}{vault.sock}r;
unlink $socket;
my $listen = IO::Socket::UNIX->new(Local => $socket, Listen => 9) or die "$socket: $!";
my $dying = fork // die "fork: $!";
if ($dying == 0) {
	my $answer = "Status: 200 OK\r\nContent-Length: 90000\r\n\r\n" . 'x' x 40000;
	while (my $c = $listen->accept) {
		syswrite $c, pack('CCnnn', 1, 6, 1, length $answer, 0) . $answer;
		VaultTest::spew($seen, VaultTest::slurp($seen) . "asked\n");
		sleep 1;
	}
	POSIX::_exit(0);
}
VaultTest::spew($seen, '');
$p->{url} = $url = $s->{url} =~ s{/+$}{}r;
my $r = $p->run('versions', {env => {VAULT_CA_FILE => "$s->{dir}/tls-cert.pem"}});
kill KILL => $dying;
is "$r->{status} $r->{stderr}", "4 vault-env: Cannot reach $url: the connection " .
    "broke within the answer. Try again\n", 'a stream that breaks';
is VaultTest::slurp($seen), "asked\n" x 2, 'twice';
done_testing();
