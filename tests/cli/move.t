#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A file that holds the values still wins over the vault: that is said wherever
# it shows, and push --move takes them out, but none that is not in the vault.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');
my $keys = $p->slurp('.env');
my $values = "# the shop\nDB='old value'\nTOKEN=t\n";

# ---- the file hides the vault
$p->spew('.env', $keys . $values);
$p->must('push', '--quiet');
my @run = ('run', '--', 'sh', '-c', 'echo "$DB"');
$p->gives([@run], 0, "old value\n", '', 'the same value is not hidden');
$p->gives(['status', '--quiet'], 0, '', '', 'nor is it for status');
$p->must('set', 'DB', '--quiet', {stdin => 'new value'});
my $hides = '.env hides other values of the vault: DB. Take them out of the file to use ' .
    "the vault's, or push them\n";
$p->gives([@run], 0, "old value\n", "[vault-env] $hides", 'a new one is, and run says so');
$p->gives(['run', '--offline', '--', 'sh', '-c', 'echo "$DB"'], 0, "old value\n",
    "[vault-env] $hides", 'from the cache too');
$p->gives(['status', '--quiet'], 0, '', "vault-env: warning: $hides", 'status says so');
my $watched = VaultTest::run(['timeout', '20', $CliTest::BIN, '--url', $url, 'run', '--watch',
    '--interval', 1, '--', 'sh', '-c', "[ -e seen ] && { echo \$DB; exit; }; : >seen; " .
    "$CliTest::BIN --url $url set --quiet NEW=1 2>/dev/null; sleep 15"], cwd => $p->{dir},
    env => $p->environment, timeout => 60);
is(scalar(() = $watched->{stderr} =~ m{^\[vault-env\] \S*\Q$hides\E}mg), 2,
    'run --watch says so again with each version') or diag($watched->{stderr});
$p->must('pull', '--quiet', '--output', '.env');
$p->gives([@run], 0, "new value\n", '', 'with the value of the vault nothing is hidden');

# ---- push --move
$p->spew('.env', $keys . $values . "export MULTI=\"a\nb\"\n");
$p->gives(['push', '--replace', '--move'], 0, "~ DB\n+ MULTI\n- NEW\nPushed version 4 to " .
    "development\nLeft only the keys in .env\n", '', 'push --move');
is($p->slurp('.env'), $keys, 'leaves only the keys');
is($p->mode('.env'), '0600', 'for their owner only');
$p->gives(['run', '--', 'sh', '-c', 'echo "$DB$TOKEN$MULTI"'], 0, "old valueta\nb\n", '',
    'and the values come from the vault');
$p->gives(['push'], 1, '', "vault-env: Nothing to push: .env holds no variable to share\n",
    'an empty file deletes nothing');
$p->spew('.env', "${keys}ADDED=1\n");
$p->gives(['push', '--move'], 3, '', qr/It is not known from which version/,
    'nor does a file with one new name');
is($p->slurp('.env'), "${keys}ADDED=1\n", 'which then keeps it');
$p->gives(['push', '--move', '--merge'], 0, "+ ADDED\nPushed version 5 to development\nLeft only " .
    "the keys in .env\n", '', 'unless it is merged');
is($p->slurp('.env'), $keys, 'and then moved');
$p->gives(['push', '--move', '--file', '-', {stdin => "A=1\n"}], 2, '',
    qr/--move and --file - do not go together/);

# ---- nothing is removed that is not safe
my $plan = VaultTest::tmpdir() . '/plan';
my $slow = $p->proxied($s, $plan);
my $all = $keys . $values . "ADDED=1\n";
for my $case (['secrets/pull 2 before', 4, qr/^vault-env: Cannot reach/, 'the vault is away before it was looked at'],
    ["secrets/pull 2 run echo LATE=1 >>$p->{dir}/.env", 1, "vault-env: Nothing was removed from .env: version 7 " .
    "does not have its value of LATE. Push it, then try again\n", 'the file was changed meanwhile']) {
	my ($what, $code, $stderr, $name) = @$case;

	$p->spew('.env', $all =~ s/TOKEN=t/TOKEN=t$code/r);
	VaultTest::spew($plan, $what);
	$p->gives(['push', '--replace', '--move', '--quiet', {url => $slow}], $code, '', $stderr, $name);
	like($p->slurp('.env'), qr/^DB='old value'\nTOKEN=t$code$/m, 'everything is still there');
}

# ---- the offer
sub terminal
{
	my ($ready, $keys, @args) = @_;

	return $p->terminal("exec $CliTest::BIN --url $url push @args", ready => $ready,
	    keys => $keys, env => {NO_COLOR => 1});
}
my $offer = qr{Leave only the keys in \.env\? Its values are in the vault now \[y/N\] };
$p->spew('.env', "${all}OFFER=1\nLATE=1\n");
my ($text, $code) = terminal($offer, "n\n", '--replace');
is($code, 0, 'on a terminal the first push of a file');
like($text, qr/^Pushed version 8 to development\n$offer/m, 'offers to move it');
like($p->slurp('.env'), qr/^OFFER=1$/m, 'a no leaves it');
$p->spew('.env', $p->slurp('.env') =~ s/OFFER=1/OFFER=2/r);
($text, $code) = terminal(qr/Pushed version 9/, '');
unlike($text, $offer, 'and is asked once');
$p->spew('.env', "${all}OFFER=2\nLATE=1\n");
($text, $code) = terminal($offer, "y\n");
like($text, qr/^Left only the keys in \.env$/m, 'a yes');
is($p->slurp('.env'), $keys, 'moves it');

done_testing();
