#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server restored from a backup lacks the newest version: who made it sends it
# again, without being told to; nobody else does, and nothing else is sent.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my ($ann, $bob) = map { $team->person($_) } 'ann', 'bob';
my $eve = $team->person('eve', role => 'reader', envs => ['shop']);
my @shop = ('--env', 'shop');

sub pushes
{
	my ($value, @more) = @_;

	$ann->spew('x', "A=$value\n");
	$ann->must('push', '--file', 'x', '--yes', '--replace', @shop, @more);
}

# The server forgets all behind that version.
sub restore_to
{
	my ($version) = @_;
	my $where = "environment = 'shop'";

	$s->psql("delete from vault.records where $where and version > $version");
	$s->psql("update vault.heads h set version = r.version, hash = r.hash, key_id = r.key_id, blobs = " .
	    "$version from vault.records r where h.$where and r.$where and r.version = $version");
	$s->psql("delete from vault.wraps w where $where and not exists (select from vault.records r " .
	    "where r.$where and r.key_id = w.key_id)");
}

my $back = qr/\Avault-env: The server went back: it gives version \d of shop, but version \d exists/;
pushes($_) for 1 .. 3;
$_->must('pull', @shop) for $ann, $bob, $eve;

restore_to(2);
$bob->gives(['pull', @shop], 5, '', $back, 'who did not make it refuses');
$ann->gives(['pull', @shop], 0, "A=3\n", "vault-env: warning: The server had lost version 3 of shop, " .
    "and was sent it again\n", 'who made it sends it again');
is_deeply($_->json('pull', @shop), {environment => 'shop', version => 3, secrets => {A => 3}}, 'and all go on')
    for $bob, $eve;
$ann->gives(['pull', @shop], 0, "A=3\n", '', 'once');

# ---- under a data key of its own
$ann->must('confirm', @shop, '--new-key');
$_->must('pull', @shop) for $bob, $eve;
restore_to(3);
$ann->gives(['run', @shop, '--', 'sh', '-c', 'echo $A'], 0, "3\n", qr/had lost version 4 of shop/,
    'a new data key comes with it');
is_deeply($_->json('pull', @shop)->{version}, 4, 'for all who may read') for $bob, $eve;

# ---- what does not go on from there
pushes(5);
pushes(6);
pushes(7);
restore_to(5);
$ann->gives(['pull', @shop], 5, '', $back, 'two versions are for the operator to restore');

done_testing();
