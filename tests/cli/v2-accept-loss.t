#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# accept-loss: the server was restored from a backup, and nobody has what came
# after it. Refused until a person says so; then this one environment goes on,
# and never from behind a cut.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $hash = qr/[0-9a-f]{64}/;
my @accept = ('accept-loss', '--env', 'production');

# production at version 5, staging at 1.
sub team
{
	my $p = CliTest->new(url => $url);

	$p->must('init');
	$p->spew('values', "A=0\n");
	$p->must('push', '--file', 'values', '--env', $_) for qw(production staging);
	set($p, $_) for 2 .. 5;
	return $p;
}

sub set
{
	my ($p, $value) = @_;

	is($p->run('set', 'A', '--env', 'production', {stdin => $value})->{status}, 0,
	    "a version: $value");
}

# The database as a backup had it, when production was at this version.
sub restored
{
	my ($p, $version) = @_;
	my $of = "r.project_id = '@{[$p->project]}' and r.environment = 'production'";

	$s->psql("delete from vault.records r where $of and version > $version");
	$s->psql($version == 0 ? "delete from vault.heads r where $of" : 'update vault.heads h ' .
	    'set version = r.version, hash = r.hash, key_id = r.key_id from vault.records r ' .
	    "where $of and r.version = $version and h.project_id = r.project_id and " .
	    'h.environment = r.environment');
}

sub gives_a { $_[0]->gives(['get', 'A', '--env', 'production'], 0, "$_[1]\n", '', $_[2]) }

my $p = team();
gives_a($p, 5, 'before');
$p->gives(['accept-loss'], 2, '', 'vault-env: The environment must be said: --env is ' .
    "missing. See: vault-env accept-loss --help\n", '--env must be said');
$p->gives([@accept, '--confirm', 5], 0, "Nothing is lost: what was seen of production is " .
    "on the server, whose version is 5\n", '', 'nothing is lost');

# ---- a backup
my $pins = VaultTest::slurp("$p->{home}/.vault/" . $p->project . '.heads');
restored($p, 3);
my $r = $p->run('get', 'A', '--env', 'production');
is($r->{status}, 5, 'a server that went back is refused');
like($r->{stderr}, qr/version 3 of production, but version 5 exists/, '... with both versions');
$p->gives([@accept], 2, '', qr/\Avault-env: seen on this machine: version 5, $hash
vault-env: the server: version 3, $hash
vault-env: Nobody can be asked here: accept-loss needs --confirm/, 'nobody to ask');
is($p->run(@accept, '--confirm', 5)->{status}, 3, 'another number is refused');
is(VaultTest::slurp("$p->{home}/.vault/" . $p->project . '.heads'), $pins, '... nothing changed');
my ($text, $code) = $p->terminal("$CliTest::BIN @accept --url $url",
    ready => qr/server's version \(0: none\): /, keys => "3\n");
is($code, 0, 'the number, typed') or diag $text;
like($text, qr/^Version 3 of production is the newest for this machine from now on$/m, '... said');
gives_a($p, 3, 'then it goes on from there');
set($p, 'new');
gives_a($p, 'new', '... with new versions');
my $now = VaultTest::slurp("$p->{home}/.vault/" . $p->project . '.heads');
is($now =~ s/^env production.*\n//mr, $pins =~ s/^env production.*\n//mr,
    'no other pin was touched');

# ---- .vault-heads, and a merge that brings a line back
{
	my $lost = $pins =~ /^(env production 5 $hash\n)/m ? $1 : die;

	$p->spew('.vault-heads', VaultTest::slurp("$p->{home}/.vault/" . $p->project .
	    '.heads') . $lost);
	$r = $p->run('get', 'A', '--env', 'production');
	is($r->{status}, 5, 'a line of the lost versions in .vault-heads');
	like($r->{stderr}, qr/\.vault-heads/, '... the refusal names it');
	$p->gives([@accept, '--confirm', 4, '--json'], 0,
	    qr/\A\{"environment":"production","version":4,"seen_version":4,"accepted":true\}\n\z/,
	    qr/\.vault-heads: .* \(lines: 1\)/, 'accept-loss again');
	is($p->slurp('.vault-heads'), VaultTest::slurp("$p->{home}/.vault/" . $p->project .
	    '.heads'), 'the line is gone, the others are there');
	gives_a($p, 'new', 'all is well');
}

# ---- nothing is there any more
{
	my $p = team();

	restored($p, 0);
	$p->gives(['get', 'A', '--env', 'production'], 5, '', qr/The server left out versions of production between 1 and 5/,
	    'all of it lost');
	$p->gives([@accept, '--confirm', 0], 0, "Version 0 of production is the newest for this " .
	    "machine from now on\n", qr/the server: no version/, 'accepted');
	unlike(VaultTest::slurp("$p->{home}/.vault/" . $p->project . '.heads'), qr/production/,
	    'no pin is left');
	$p->spew('values', "A=again\n");
	$p->must('push', '--file', 'values', '--env', 'production');
	gives_a($p, 'again', 'it begins anew');
}

# ---- never behind a cut
{
	my $p = team();

	$p->must('rotate-key', '--yes');
	restored($p, 4);
	$r = $p->run(@accept, '--confirm', 4);
	is($r->{status}, 3, 'behind a cut it is refused');
	like($r->{stderr}, qr/\Avault-env: Not even the version of production that the last /,
	    '... and said');
	restored($p, 0);
	$p->gives([@accept, '--confirm', 0], 3, '', qr/\Avault-env: Not even the version of production /,
	    'so it is where nothing is left');
	$p->spew('values', "A=other\n");
	is($p->run('push', '--file', 'values', '--env', 'production2')->{status}, 0,
	    'another name goes on');
}
done_testing;
