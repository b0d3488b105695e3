#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# confirm: the newest version once more, once a day unless a new data key is due.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url});
$p->must('init');

sub keys_used
{
	return $s->psql("select count(distinct key_id) from vault.records " .
	    "where environment = 'development'");
}

# ---- nothing there, and no v2
$p->gives(['confirm'], 1, '', qr/\Avault-env: No secrets stored yet in environment development/,
    'nothing to confirm');
my $old = CliTest->new(url => $s->{url});
$old->must('init', '--protocol', 1);
$old->gives(['confirm'], 1, '', 'vault-env: Project ' . $old->project . ' is of protocol v1, ' .
    "which cannot do this. Run: vault-env upgrade\n", 'a project of v1');

# ---- once a day
$p->spew('x', "A=1\nB=two\n");
$p->must('push', '--file', 'x');
$p->gives(['confirm'], 0, "Confirmed development, now version 2\n", '', 'it is confirmed');
is_deeply($p->json('pull'), {environment => 'development', version => 2,
    secrets => {A => 1, B => 'two'}}, 'by the same secrets');
is(keys_used(), 1, 'under the same data key');
my $again = "Version 2 of development was confirmed today already: nothing was pushed\n";
$p->gives(['confirm'], 0, $again, '', 'twice a day is once');
is_deeply($p->json('confirm'), {environment => 'development', version => 2, pushed =>
    JSON::PP::false}, '--json says so');
is_deeply($p->json('confirm', '--new-key'), {environment => 'development', version => 3,
    pushed => JSON::PP::true}, 'a new data key is taken whatever the day');
is(keys_used(), 2, 'which it is');
$p->gives(['confirm'], 0, qr/\AVersion 3 of development was confirmed today/, '',
    'that, too, is of today');
$p->spew('x', "A=2\n");
$p->must('push', '--file', 'x', '--replace');
$p->gives(['confirm', '--quiet'], 0, '', '', 'a push is no confirm');
is_deeply($p->json('pull'), {environment => 'development', version => 5,
    secrets => {A => 2}}, 'what was pushed is confirmed');

# ---- an old version, and who may pass over that
$p->gives(['confirm', '--stale'], 2, '', 'vault-env: --stale is for a person who has asked ' .
    'the others whether development has a newer version: here nobody can be asked. ' .
    "If somebody has looked, add --yes-i-looked\n", 'no job passes over an old version');
$p->gives(['confirm', '--stale', '--yes-i-looked'], 0, qr/confirmed today/, '',
    'unless somebody has looked');
my $bin = $CliTest::BIN;
my ($text, $code) = $p->terminal("$bin confirm --stale --new-key --url $s->{url}",
    ready => qr/newer one\? \[y.N\] /, keys => "n\n");
is($code, 3, 'a person who has not looked is refused');
like($text, qr/Nothing was pushed\. Compare: vault-env verify/, 'and told how to');
($text, $code) = $p->terminal("$bin confirm --stale --new-key --url $s->{url}",
    ready => qr/newer one\? \[y.N\] /, keys => "y\n");
is($code, 0, 'who has looked goes on');
like($text, qr/^Confirmed development, now version 6$/m, 'and it is confirmed');

done_testing();
