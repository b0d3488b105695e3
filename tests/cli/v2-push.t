#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# push in a project of protocol 2: who may, to which environment, and over a
# version that cannot be used.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});

sub file
{
	my ($p, $text) = @_;

	$p->spew('x', $text);
	return ('--file', 'x', '--yes');
}

# ---- a new environment says so
my $bob = $team->person('bob');
$bob->gives(['push', file($bob, "A=1\n"), '--env', 'prodction', '--existing'], 1, '',
    "vault-env: There is no environment prodction yet, and --existing makes none. " .
    "Check --env, or leave --existing out\n", 'no environment by a slip');
$bob->gives(['push', file($bob, "A=1\n"), '--env', 'shop'], 0,
    "+ A\nMade a new environment: shop\nPushed version 1 to shop\n", '', 'a first push makes one');
$bob->gives(['push', file($bob, "A=1\n"), '--env', 'production'], 0,
    "+ A\nPushed version 1 to production\n", '', 'one that every project has is not new');
$bob->gives(['push', file($bob, "A=1\nB=1\n"), '--env', 'shop', '--existing', '--replace'], 0,
    "+ B\nPushed version 2 to shop\n", '', 'one that exists is pushed to');

# ---- a reader is told before anything is sent
my $eve = $team->person('eve', role => 'reader', envs => ['shop']);
is_deeply($eve->json('pull', '--env', 'shop')->{secrets}, {A => 1, B => 1}, 'a reader reads');
for my $args (['push', file($eve, "A=2\n"), '--replace'], ['set', 'A='], ['confirm'],
    ['rollback', '--version', 1]) {
	$eve->gives([@$args, '--env', 'shop'], 3, '', 'vault-env: This device may ' .
	    "only read shop. Ask an admin for the role of a writer\n", "a reader: $args->[0]");
}
is($s->psql("select count(*) from vault.audit_log where device_id = '$eve->{id}' " .
    "and action = 'secrets/push'"), 0, 'and nothing is sent');
$eve->gives(['push', file($eve, "A=2\n"), '--env', 'production'], 3, '',
    qr/\Avault-env: This device may not read production/, 'nor may it elsewhere');

# ---- over what cannot be used
my %in = (do => 'push', by => 'bob', env => 'shop');
$team->tell(%in, secrets => {A => ['no text']}, new_key => JSON::PP::true);
$bob->gives(['push', file($bob, "A=3\n"), '--env', 'shop', '--merge'], 3, '',
    qr/\Avault-env: Version 3 of shop holds no list of names and values\. .* vault-env push --replace --env shop\n\z/,
    'a version that cannot be opened is not merged with');
$bob->gives(['push', file($bob, "A=3\n"), '--env', 'shop', '--replace', '--dry-run'], 0,
    qr/^\+ A$/m, '', 'a dry run says what would be there');
$bob->gives(['push', file($bob, "A=3\n"), '--env', 'shop', '--replace'], 0,
    "+ A\nPushed version 4 to shop\n", '', 'but replaced');
is_deeply($eve->json('pull', '--env', 'shop'), {environment => 'shop', version => 4,
    secrets => {A => 3}}, 'and all can read again');
$bob->gives(['push', file($bob, "A=3\nB=1\n"), '--env', 'shop', '--replace'], 0,
    "+ B\nPushed version 5 to shop\n", '', 'what can be read is replaced as ever');

# ---- older than this device accepts
my $careful = $team->person('careful', fresh_s => 3600);
$team->tell(%in, env => 'old', secrets => {A => 'a'}, at => (time - 7200) * 1000);
sub stale
{
	my ($env) = @_;

	return qr/\Avault-env: The newest version of $env is of \d{4}-.* UTC: this device accepts only those of the last 1 hour\. Run on a writer's machine: vault-env confirm --env $env\n\z/;
}
my $stale = stale('old');
my @push = ('push', file($careful, "A=b\n"), '--env', 'old', '--replace');
$careful->gives(['pull', '--env', 'old'], 3, '', $stale, 'an old version is not read');
$careful->gives([@push], 3, '', $stale, 'nor pushed over');
$careful->gives(['confirm', '--env', 'old'], 3, '', $stale, 'nor confirmed');
$careful->gives([@push, '--stale'], 2, '', qr/--yes-i-looked\n\z/, 'a job may not');
$careful->gives([@push, '--stale', '--yes-i-looked'], 0, "~ A\nPushed version 2 to old\n", '',
    'somebody who has looked may');
is_deeply($careful->json('pull', '--env', 'old')->{secrets}, {A => 'b'}, 'which ends the lapse');
$team->tell(%in, env => 'older', secrets => {A => 'a'}, at => (time - 7200) * 1000);
$careful->gives(['confirm', '--env', 'older', '--stale', '--yes-i-looked'], 0,
    "Confirmed older, now version 2\n", '', 'or confirm it');
is_deeply($careful->json('pull', '--env', 'older')->{secrets}, {A => 'a'}, 'as well');
$team->tell(%in, env => 'ahead', secrets => {A => 'a'}, at => (time + 86400) * 1000);
$careful->gives(['pull', '--env', 'ahead'], 3, '', stale('ahead'), 'nor is one of tomorrow');
$bob->gives(['confirm', '--env', 'ahead'], 0, "Confirmed ahead, now version 2\n", '', 'confirmed');
is_deeply($careful->json('pull', '--env', 'ahead')->{secrets}, {A => 'a'}, 'it is of today');

# ---- who was removed, and what is theirs
my $mallory = $team->person('mallory');
$team->tell(%in, by => 'mallory', env => 'left', secrets => {A => 'a'});
$team->tell(do => 'revoke', name => 'mallory');
$mallory->gives(['push', file($mallory, "A=2\n"), '--env', 'left', '--replace'], 3, '',
    qr/\Avault-env: This device was revoked on .* by admin /, 'who was removed is told so');
is_deeply($bob->json('pull', '--env', 'left')->{secrets}, {A => 'a'}, 'what they pushed before stands');
$bob->gives(['confirm', '--env', 'left'], 0, "Confirmed left, now version 2\n", '', 'it is confirmed');
is($s->psql("select count(distinct key_id) from vault.records where environment = 'left'"), 2,
    'under another data key');

# ---- two programs of a machine make an environment at once
my $plan = VaultTest::tmpdir() . '/plan';
my $slow = CliTest::proxy($team->{url}, $plan);
VaultTest::spew($plan, '');
$s->set(url => "$team->{url} $slow");
$bob->must('pull', '--quiet', '--env', 'shop', {url => $slow});
VaultTest::spew($plan, "secrets/pull 1 then (cd $bob->{dir} && HOME=$bob->{home} " .
    "$CliTest::BIN --url $team->{url} set A=1 --env twice) >/dev/null 2>&1");
$bob->gives(['set', 'B=2', '--env', 'twice', {url => $slow}], 0,
    "+ B\nPushed version 2 to twice\n", qr/in the list of processes/,
    'what the other has made is no tampering');
is_deeply($bob->json('pull', '--env', 'twice')->{secrets}, {A => 1, B => 2}, 'and stays');

done_testing();
