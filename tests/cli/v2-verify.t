#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# verify and heads: every signature of a project, also those that nobody looks
# at any more; and whether two machines were shown the same.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my %in = (do => 'push', by => 'admin', env => 'shop');
my ($ann, $bob, $eve) = map { $team->person($_) } 'ann', 'bob', 'eve';
my $new = $team->person('new', role => 'reader', envs => ['shop']);
$team->tell(%in, secrets => {A => "$_"}) for 1 .. 3;
$team->tell(%in, env => 'other', secrets => {A => 'x'});

# ---- what was seen
$ann->gives(['heads'], 1, '', "vault-env: This machine has seen nothing of project " .
    "$team->{project} yet. Run: vault-env verify\n", 'a machine that has seen nothing');
my $hash = qr/[0-9a-f]{64}/;
my $form = qr/\Avault-heads-v2 \Q$team->{project}\E\nlog 4 $hash\nenv other 1 $hash\nenv shop 3 $hash\n\z/;
my $said = "vault-env: 5 entries of the list of devices and 2 environments verified";
$ann->gives(['verify'], 0, $form, "$said\n", 'verify prints where the chains stand');
my $heads = $ann->must('heads');
like($heads, $form, 'and this machine has seen that now');
$new->gives(['verify', '--quiet'], 0, qr/log 4 $hash\nenv shop 3 $hash\n\z/, '',
    'a device verifies what it may read');
my $json = $ann->json('verify');
is_deeply([$json->{log}{entry}, $json->{problems}, map { [@$_{qw(environment version)}] }
    @{$json->{environments}}], [4, [], ['other', 1], ['shop', 3]], '--json');
is_deeply($ann->json('heads')->{environments}, $json->{environments}, 'heads --json has the same');

# ---- against somebody else's
$bob->spew('theirs', $heads);
$bob->gives(['verify', '--against', 'theirs'], 0, $form, "$said, and the same elsewhere\n",
    'two who were shown the same');
$bob->gives(['verify', '--against', '-', {stdin => $heads}], 0, $form,
    "$said, and the same elsewhere\n", 'by standard input');
$bob->gives(['verify', '--against', '-', {stdin => ''}], 1, '',
    qr/\Avault-env: There is nothing to compare with in standard input/, 'nothing is no comparison');
$team->tell(%in, secrets => {A => '4'});
$bob->gives(['verify', '--against', 'theirs'], 0, qr/env shop 4/, qr/the same elsewhere/,
    'theirs may be older');
for my $case (
	['log_fork', 's/^(log 4 )..../${1}abcd/m', qr/\Avault-env: false shows another list of devices than before: entry 4 differs/],
	['log_short', 's/^log 4 /log 9 /m', qr/list of devices is shorter/],
	['record_fork', 's/^(env shop 3 )..../${1}abcd/m', qr/another version 3 of shop/],
	['record_rollback', 's/^env shop 3 /env shop 9 /m', qr/version 4 of shop, but version 9 exists/],
	['record_missing', 's/^env shop /env gone /m', qr/left out versions of gone/]) {
	my ($name, $change, $sentence) = @$case;
	my $text = $heads;

	eval "\$text =~ $change; 1" or die $@;
	$bob->spew('false', $text);
	$bob->gives(['verify', '--against', 'false'], 5, '', $sentence, "other heads: $name");
	is_deeply([map { $_->{code} } @{decode($bob->run('verify', '--json', '--against',
	    'false'))->{problems}}], [$name], "--json: $name");
}
sub decode { return JSON::PP::decode_json($_[0]{stdout}) }
$bob->spew('false', "$heads<<<<<<< HEAD\n");
$bob->gives(['verify', '--against', 'false'], 3, '', qr/\Avault-env: false is malformed/, 'what is no heads is refused');
$bob->spew('false', $heads =~ s/\Q$team->{project}\E/11111111-2222-4333-8444-555555555555/r);
$bob->gives(['verify', '--against', 'false'], 1, '', qr/\Avault-env: false is of another project than/,
    'of another project');
$bob->gives(['verify', '--against', 'none'], 1, '', qr/\bnone\b/, 'no such file');

# ---- in git
VaultTest::run(['sh', '-c', "$CliTest::BIN heads >.vault-heads"], cwd => $bob->{dir},
    env => $bob->environment);
my $shared = $bob->slurp('.vault-heads');
like($shared, qr/env shop 4/, 'heads makes .vault-heads');
is($bob->must('heads'), $shared, 'and makes it again');
$eve->spew('.vault-heads', $shared);
$eve->gives(['pull', '--env', 'shop'], 0, qr/A=4/, '', 'a new machine with it reads');

# A colleague's commit is ahead of what was pulled here: nothing was tampered with.
my @offline = ('run', '--env', 'shop', '--', 'printenv', 'A', {url => CliTest::closed_url()});
my $cached = qr/using cached secrets .*Cannot reach/;
$eve->gives([@offline], 0, "4\n", $cached, 'without the server it lives on its cache');
$team->person('late');
$bob->must('pull', '--env', 'shop');
$eve->spew('.vault-heads', $bob->must('heads'));
$eve->gives([@offline], 4, '', qr/no cache available \(the cache is older than \.vault-heads\. Pull again\): Cannot reach/,
    '... until the list of devices in .vault-heads is newer');
$eve->must('pull', '--env', 'shop');
$eve->gives([@offline], 0, "4\n", $cached, '... and from the next pull on');
$team->person('later');
$eve->must('pull', '--env', 'other');
unlink "$eve->{home}/.vault/$team->{project}.log" or die;
$eve->gives([@offline], 5, '', qr/\Avault-env: The cache's list of devices is shorter than the one seen on [^.]+\. Pull again: the list that was seen is no longer in ~\/\.vault\n\z/,
    'a list that was lost is told, and no tampering');
$eve->must('pull', '--env', 'shop');
$eve->gives([@offline], 0, "4\n", $cached, '... and made up for');

# ---- the database was changed: what machines have seen before is not read again
sub changed
{
	my ($table, $where, $column, $at, $pull, $sentence, $name) = @_;
	my $old = $s->psql("select encode($column, 'hex') from vault.$table where $where");

	$s->psql("update vault.$table set $column = set_byte($column, octet_length($column) - $at, " .
	    "get_byte($column, octet_length($column) - $at) # 1) where $where");
	is($ann->run('pull', '--env', 'shop')->{status}, $pull, "$name: pull");
	my $r = $ann->gives(['verify'], 5, '', $sentence, "$name: verify");
	like($r->{stderr}, qr/Nothing was changed\. If others see it too, the server or its database was tampered with\n\z/,
	    'which says so');
	$s->psql("update vault.$table set $column = decode('$old', 'hex') where $where");
}
$ann->must('pull', '--env', 'shop');
changed('records', "environment = 'shop' and version = 2", 'record', 5, 0,
    qr/\Avault-env: Version 2 of shop does not carry the signature of admin/, 'an old signature');
changed('records', "environment = 'shop' and version = 2", 'record', 66, 0,
    qr/\Avault-env: Version 3 of shop|\Avault-env: The server left out versions of shop between/, 'an old time');
changed('log', 'seq = 2', 'entry', 5, 0, qr/\Avault-env: Entry 2 of the list of devices was not made by an admin/,
    'an old entry');
$s->psql("update vault.records set version = 99 where environment = 'shop' and version = 1");
$ann->gives(['verify'], 5, '', qr/\Avault-env: The server left out versions of shop between 1 and/,
    'a version that was left out');
$s->psql("update vault.records set version = 1 where environment = 'shop' and version = 99");
$s->psql("delete from vault.records where environment = 'other'; delete from vault.heads where environment = 'other'");
my $r = $ann->gives(['verify'], 5, '', qr/\Avault-env: The server left out versions of other/,
    'an environment that was left out');
unlike($r->{stderr}, qr/shop/, 'which says nothing of the others');

done_testing();
