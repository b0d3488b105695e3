#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# share: keys for devices that lack them, and nothing else.
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
my $admin = $team->person('admin');
my $eve = $team->person('eve', role => 'reader', envs => ['shop']);
my @shop = ('--env', 'shop');

$ann->gives(['share', @shop], 1, '', qr/\Avault-env: No secrets stored yet in environment shop/,
    'there has to be something to share');
for my $value (1 .. 3) {
	$ann->spew('x', "A=$value\n");
	$ann->must('push', '--file', 'x', '--yes', '--replace', @shop);
	$ann->must('confirm', '--new-key', @shop) if $value < 3;
}
$ann->gives(['share', @shop], 0, "Every device that may read shop has its keys\n", '', 'nobody lacks one');
sub lost
{
	$s->psql("delete from vault.wraps where member_id in ('" . join("','", map { $_->{id} } @_) . "')");
}
my $total = $s->psql('select count(*) from vault.wraps');

# ---- by a writer, who cannot see what is missing
lost($eve, $bob);
$eve->gives(['pull', @shop], 3, '', "vault-env: There is no key of shop for this device. " .
    "Ask a writer to run: vault-env share --env shop\n", 'a device without a key is told');
$eve->gives(['share', @shop], 3, '', "vault-env: This device may only read shop. Ask an admin " .
    "for the role of a writer\n", 'a reader gives none');
$bob->gives(['share', @shop], 3, '', qr/\Avault-env: There is no key of shop for this device/,
    'nor who has none');
my $added = $total - $s->psql('select count(*) from vault.wraps');
$ann->gives(['share', @shop], 0, "Added $added keys of shop for devices that lacked them\n", '',
    'a writer gives them');
is_deeply($eve->json('pull', @shop)->{secrets}, {A => 3}, 'and they open');
is_deeply($bob->json('pull', @shop, '--version', 1)->{secrets}, {A => 1}, 'older ones, too');
is($s->psql('select count(*) from vault.wraps'), $total, 'nobody got more than there were');

# ---- by an admin
lost($eve);
is_deeply($admin->json('share', @shop), {environment => 'shop', added => $added / 2}, 'an admin, too');
is_deeply($eve->json('pull', @shop)->{secrets}, {A => 3}, 'and those open');

# ---- one that does not open is not replaced, but cured
$s->psql("update vault.wraps set wrap = set_byte(wrap, 70, get_byte(wrap, 70) # 1) where member_id = '$eve->{id}'");
unlink $eve->path('.vault-cache.d/shop');
$eve->gives(['pull', @shop], 5, '', qr/\Avault-env: The key of shop for this device was tampered with/,
    'a key that was changed');
$ann->gives(['share', @shop], 0, "Every device that may read shop has its keys\n", '', 'stays as it is');
$ann->must('confirm', '--new-key', @shop);
is_deeply($eve->json('pull', @shop)->{secrets}, {A => 3}, 'until there is a new one');

done_testing();
