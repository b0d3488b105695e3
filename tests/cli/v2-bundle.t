#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# bundle, and mirrors that are made of it: what they have is verified as what a
# server gives, and read only by who can tell that it is not old.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my $admin = $team->person('admin');
my $bob = $team->person('bob');
my ($careful, $fresh) = map { $team->person($_, role => 'reader', fresh_s => 86400) } 'careful', 'fresh';
my @shop = ('--env', 'shop');
my %in = (do => 'push', by => 'bob', env => 'shop');

$admin->gives(['bundle', @shop], 1, '', qr/\Avault-env: No secrets stored yet/, 'nothing to write');
$team->tell(%in, secrets => {A => "$_"}) for 1 .. 5;
$bob->gives(['bundle', @shop], 3, '', qr/\Avault-env: The role of this device does not allow that\. Ask an admin/,
    'an admin writes bundles');
$admin->gives(['bundle', @shop, '--all'], 2, '', qr/--all and --env do not go together/, 'one or all');

# ---- what is in it
my $text = $admin->must('bundle', @shop);
my $bundle = decode_json($text);
is_deeply([@$bundle{qw(vault_bundle project_id environment)}], [2, $team->{project}, 'shop'], 'whose it is');
is_deeply([map { scalar @{$bundle->{$_}} } qw(log records wraps)], [4, 5, 4], 'log, records, and keys of all');
unlike($text, qr/"A"/, 'and no name of a secret');
is_deeply([map { scalar @{$_->{records}} } decode_json($admin->must('bundle', @shop, '--records', 2))],
    [2], '--records');
$admin->gives(['bundle', @shop, '--output', 'shop.json'], 0, "Wrote the newest version of shop to shop.json\n",
    '', '--output');
is($admin->slurp('shop.json'), $text, '--output writes what stdout gets without it');

# ---- a mirror
my $mirror = CliTest::canned(200, $text);
$careful->gives(['pull', @shop, '--mirror', $mirror], 0, "A=5\n", '', 'the server is there, and asked');
$bob->must('pull', @shop);
my $older;
for (1 .. 4) {
	$team->tell(%in, env => 'steps', secrets => {A => "$_"});
	$bob->must('pull', '--env', 'steps');
	$older = $admin->must('bundle', '--env', 'steps') if $_ == 2;
}
$careful->must('pull', '--env', 'steps');
$s->stop('web');
my $why = qr/\A(?:vault-env: warning:|\[vault-env\]) Remote fetch failed, using the mirror: [^\n]*\n/;
$careful->gives(['pull', @shop, '--mirror', $mirror], 0, "A=5\n", $why, 'the server is away');
$fresh->gives(['pull', @shop, {env => {VAULT_MIRROR => $mirror}}], 0, "A=5\n", $why,
    'a machine that has seen nothing; $VAULT_MIRROR');
$fresh->gives(['run', @shop, '--mirror', $mirror, '--', 'sh', '-c', 'echo $A'], 0, "5\n", $why, 'run asks the mirror as pull does');
ok(!-e $fresh->path('.vault-cache.d'), 'a mirror is no cache');
my $any_age = qr/${why}vault-env: A mirror could be old for ever, and is read only by a device that accepts no old version\. Ask an admin to run: vault-env scope-device --id $bob->{id} --fresh 1d\n\z/;
$bob->gives(['pull', @shop, '--mirror', $mirror], 3, '', $any_age, 'a device that takes any age');
$bob->gives(['run', @shop, '--mirror', $mirror, '--', 'sh', '-c', 'echo $A'], 0, "5\n",
    qr/read only by a device that accepts no old version.*\n.*using cached secrets/, 'has its cache');
my $behind = qr/[Tt]he mirror is older than what this machine has seen of steps\. Write it anew: vault-env bundle --env steps/;
$older = CliTest::canned(200, $older);
$careful->gives(['pull', '--env', 'steps', '--mirror', $older], 3, '', qr/$behind\n\z/,
    'one that was written before the last pull');
$careful->gives(['run', '--env', 'steps', '--mirror', $older, '--', 'sh', '-c', 'echo $A'], 0, "4\n",
    qr/$behind\n.*using cached secrets/, '... is behind the cache');
$careful->gives(['pull', @shop, '--mirror', CliTest::canned(404, '')], 4, '',
    qr{/\Q$team->{project}\E/shop\.json answers HTTP 404}, 'a mirror that has no such file is away, too');
$careful->gives(['pull', @shop, '--mirror', 'http://mirror.example.com'], 1, '',
    qr/is no URL of a mirror: it has to begin with https/, 'a mirror without https is refused');
$careful->gives(['pull', '--env', 'other', '--mirror', $mirror], 5, '',
    qr/The mirror gave data of environment .* for other/, 'another environment');

# ---- a false one
sub false_is
{
	my ($change, $code, $sentence, $name) = @_;
	my %b = %{decode_json($text)};

	$change->(\%b);
	$fresh->gives(['pull', @shop, '--mirror', CliTest::canned(200, encode_json(\%b))], $code, '',
	    qr/$why.*$sentence/, "a mirror: $name");
}
false_is(sub { substr($_[0]{secrets}, 40, 1) =~ tr/A-Za-z/B-ZAb-za/ or substr($_[0]{secrets}, 40, 1) = 'A' },
    5, 'Version 5 of shop was changed after bob', 'another content');
false_is(sub { pop @{$_[0]{$_}} }, 3, 'The mirror is older than what this machine has seen of shop', "less of the $_")
    for qw(records log);
false_is(sub { $_[0]{wraps} = [] }, 3, 'There is no key of shop for this device', 'one without a key for this device');
false_is(sub { $_[0]{project_id} =~ tr/0-9/1-90/ }, 5, 'data of another project', 'another project');
$fresh->gives(['pull', @shop, '--mirror', CliTest::canned(200, '<html>')], 5, '', qr/malformed/, 'what is no bundle is refused');

# ---- all that a machine holds, without the server
my @lines = map { decode_json($_) } split /\n/, $bob->must('bundle', '--all');
is_deeply([map { [@$_{qw(vault_bundle project_id environment)}, scalar @{$_->{log}}, scalar @{$_->{records}},
    scalar @{$_->{wraps}}, defined $_->{secrets} ? 1 : 0] } @lines],
    [[2, $team->{project}, undef, 4, 0, 0, 0], [2, $team->{project}, 'shop', 0, 1, 1, 1],
    [2, $team->{project}, 'steps', 0, 4, 1, 1]],
    'the log, then each environment of the cache, with all versions that came one by one');
my $nobody = CliTest->new(url => $team->{url}, home => $bob->{home});
$nobody->spew('.env', $bob->slurp('.env'));
is(scalar(split /\n/, $nobody->must('bundle', '--all')), 1, 'without a cache it is the log');

done_testing();
