#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# versions and rollback of protocol 1: the table, its times and changes, --json, and what is
# said of versions that are not there.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url});
$p->must('init', '--protocol', 1);

$p->gives(['versions'], 0, "Nothing has been pushed to development yet\n", '');
is_deeply($p->json('versions'), {environment => 'development', versions => []},
    'versions --json of an empty environment');
$p->gives(['versions', '--env', 'none'], 1, '', "vault-env: No secrets stored " .
    "yet in environment none. Run: vault-env push --env none\n");
$p->gives(['rollback', '--version', 1], 1, '', "vault-env: Version not found " .
    "in environment development. Run: vault-env versions --env development\n");

for my $text ("A=1\n", "A=2\nB=1\n", "B=1\n" . join('', map { "N$_=1\n" } 1 .. 12)) {
	$p->spew('x', $text);
	$p->must('push', '--file', 'x', '--replace');
}
$s->psql("update vault.secret_versions set created_at = now() - case version " .
    "when 1 then interval '3 days 1 hour' else interval '3 minutes 5 seconds' " .
    "end where version < 3");
my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d/;
my $names = join ' ', map { "\\+N$_" } 1 .. 7;
my $r = $p->run('versions');
like($r->{stdout}, qr/\AVERSION  PUSHED {26,} CHANGES
3        $date \((?:just now|\d+ seconds? ago)\) +$names \+N8 and 5 more
2        $date \(3 minutes ago\) +~A \+B
1        $date \(3 days ago\) +\+A
\z/, 'the table');
my @at = map { index $_, /CHANGES/ ? 'CHANGES' : (/[+~]/ ? $& : '') }
    split /\n/, $r->{stdout};
is(scalar(grep { $_ == $at[0] } @at), 4, 'the columns are aligned');
my $json = $p->json('versions');
is_deeply([map { $_->{version} } @{$json->{versions}}], [3, 2, 1],
    '--json: newest first');
is_deeply($json->{versions}[1]{changed_keys}, ['~A', '+B'],
    '--json: changed_keys');
is(scalar @{$json->{versions}[0]{changed_keys}}, 13, '--json: all of them');
like($json->{versions}[0]{created_at}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/,
    '--json: times are ISO 8601');
# the date shown is local time
my ($utc) = $json->{versions}[2]{created_at} =~ /T(\d\d)/;
my ($local) = $p->run('versions', {env => {TZ => 'XYZ-5'}})->{stdout} =~
    /^1 +\S+ (\d\d)/m;
is(int $local, ($utc + 5) % 24, 'times are local');

$p->gives(['rollback', '--version', 1], 0, "Rolled development back to version " .
    "1, now also version 4\n", '');
is_deeply($p->json('pull'), {environment => 'development', version => 4,
    secrets => {A => 1}}, 'the old version is the newest');
is_deeply($p->json('rollback', '--version', 2), {environment => 'development',
    version => 5, rolled_back_to => 2}, 'rollback --json');
is_deeply($p->json('versions')->{versions}[0]{changed_keys},
    ['rollback_from_v2'], 'versions shows the rollback');
$p->gives(['rollback', '--version', 3, '--quiet'], 0, '', '');
$p->gives(['rollback', '--version', 99], 1, '', "vault-env: Version not found " .
    "in environment development. Run: vault-env versions --env development\n");

done_testing();
