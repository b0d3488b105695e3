#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# versions and rollback in a project of protocol 2: who signed what, and what it
# changed: by comparison, whatever the author says.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx', set => {keep_versions => 60});
my $p = CliTest->new(url => $s->{url});
$p->must('init');
my $me = do { my $host = `hostname`; chomp $host; $host };

sub push_text
{
	my ($text, @more) = @_;

	$p->spew('x', $text);
	return $p->must('push', '--file', 'x', '--replace', @more);
}

# ---- nothing yet
$p->gives(['versions'], 0, "Nothing has been pushed to development yet\n", '');
$p->gives(['versions', '--env', 'none'], 1, '', "vault-env: No secrets stored " .
    "yet in environment none. Run: vault-env push --env none\n");
$p->gives(['rollback', '--version', 1], 1, '', qr/\Avault-env: No secrets stored yet/,
    'nothing to go back to');

# ---- who, and what
push_text($_) for "A=1\n", "A=2\nB=1\n", "B=1\n";
my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d \([^)]*\)/;
my $r = $p->run('versions');
like($r->{stdout}, qr/\AVERSION  PUSHED +WHO +CHANGES
3        $date +\Q$me\E +-A
2        $date +\Q$me\E +~A \+B
1        $date +\Q$me\E +\+A
\z/, 'the table') or diag $r->{stdout}, $r->{stderr};
my $json = $p->json('versions')->{versions};
is_deeply([map { [@$_{qw(version author changed_keys note)}] } @$json], [[3, $me, ['-A'], undef],
    [2, $me, ['~A', '+B'], undef], [1, $me, ['+A'], undef]], '--json');
like($json->[0]{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, '--json: times are ISO 8601');
like($json->[0]{author_id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-8/, '--json: the id of the device');

# ---- back
$p->gives(['rollback', '--version', 2], 0, "Rolled development back to version " .
    "2, now also version 4\n", '');
is_deeply($p->json('pull'), {environment => 'development', version => 4,
    secrets => {A => 2, B => 1}}, 'the old version is the newest');
like($p->must('versions'), qr/^4 .*back to 2: \+A$/m, 'which versions says');
is($p->json('versions')->{versions}[0]{rolled_back_to}, 2, '--json says so, too');
$p->gives(['rollback', '--version', 99], 1, '', qr/\Avault-env: Version not found in environment development/,
    'a version that is not there');

# ---- a confirm is no change
$p->must('confirm');
push_text("A=3\nB=1\n");
is_deeply([map { $_->{version} } @{$p->json('versions')->{versions}}], [6, 4, 3, 2, 1],
    'a confirm that changes nothing is left out');
$p->gives(['diff', '--quiet', '--reveal'], 0, qq(~ A: "2" -> "3"\n), '',
    'and diff passes over it, whose content went with the next version');
$p->gives(['pull', '--version', 5], 0, "A=2\nB=1\n", '', 'so does a pull of it');
$p->must('confirm', '--new-key');
$p->must('confirm', '--new-key');
$p->must('pull', '--output', 'mine');
push_text("A=4\nB=1\n");
$p->spew('mine', $p->slurp('mine') =~ s/^B=1$/B=2/mr);
$p->gives(['push', '--quiet', '--file', 'mine'], 0, "", '', 'what was made from a confirm of a confirm is merged');
$p->gives(['pull'], 0, "A=4\nB=2\n", '', 'with what came after it');
push_text("A=3\nB=1\n");

# ---- what is no longer kept
$s->psql("update vault.records set blob = null where environment = 'development' and version = 2");
like($p->must('versions'), qr/^3 .*-A\n2 .*\(no longer kept\)$/m, 'a version that is gone');

# ---- fifty are enough
for my $i (1 .. 52) {
	push_text("N=$i\n", '--env', 'many');
}
my $many = $p->json('versions', '--env', 'many')->{versions};
is_deeply([map { $_->{version} } @$many], [reverse 3 .. 52], 'the newest fifty are listed');
is_deeply($many->[-1]{changed_keys}, ['~N'], 'the last of them is compared, too');
$p->must('confirm', '--env', 'many', '--new-key') for 1 .. 60;
push_text("N=last\n", '--env', 'many');
$many = $p->json('versions', '--env', 'many')->{versions};
is_deeply([map { $_->{version} } @$many], [113, reverse 4 .. 52], 'confirms are not of them');

# ---- a confirm that is none, and several who may have done it
my $team = CliTest::team($s->{url});
my $bob = $team->person('bob');
$team->person('eve');
my %all = (A => 'a', B => 'b');
my %in = (do => 'push', env => 'shared');
$team->tell(%in, by => 'bob', secrets => {%all}, changed => ['+A', '+B']);
$team->tell(%in, by => 'eve', secrets => {%all, B => 'evil'}, op => 2);
$team->tell(%in, by => 'bob', secrets => {%all, B => 'evil', C => 'c'}, changed => ['+C']);
sub rows
{
	return [map { [@$_{qw(version author)}, [sort @{$_->{changed_keys}}]] }
	    @{$bob->json('versions', '--env', 'shared')->{versions}}];
}
# its content goes when it is no longer the newest

is_deeply(rows(), [[3, 'eve, bob', ['+C', '~B']], [1, 'bob', ['+A', '+B']]],
    'whoever may have changed a value is named');
$team->tell(%in, by => 'eve', secrets => {A => 'evil'}, op => 2);
is_deeply(rows(), [[4, 'eve', ['-B', '-C', '~A']], [3, 'eve, bob', ['+C', '~B']],
    [1, 'bob', ['+A', '+B']]], 'a confirm that changes a value is a change');
$team->tell(%in, by => 'bob', secrets => {A => 'evil'}, op => 2);
is_deeply(rows()->[0], [5, 'eve, bob', ['-B', '-C', '~A']], 'and stays one when it is gone');

my @crowd = map { $_ x 120 } 'a' .. 'j';
$team->tell(do => 'admit', name => $_) for @crowd;
my %crowd = (%in, env => 'crowd');
$team->tell(%crowd, by => 'bob', secrets => {A => 'a'});
$team->tell(%crowd, by => $_, secrets => {A => $_}, op => 2) for @crowd;
$team->tell(%crowd, by => 'bob', secrets => {A => 'end'});
is($bob->json('versions', '--env', 'crowd')->{versions}[0]{author}, join(', ', @crowd, 'bob'),
    'however many they are');

# ---- one that nobody can open hides itself alone
$team->tell(%in, by => 'eve', secrets => {A => ['no', 'text']});
$team->tell(%in, by => 'bob', secrets => {A => 'good'}, changed => ['~A']);
is_deeply([map { [@$_{qw(version note changed_keys)}] } @{$bob->json('versions', '--env',
    'shared')->{versions}}[0, 1]], [[7, undef, ['~A']], [6, 'blob_json', []]],
    'a version that cannot be opened stands among the others');

# ---- the database was changed
sub tampered
{
	my ($set, $code, $sentence, $name) = @_;
	my $back = $s->psql("select encode(record, 'base64') || '|' || coalesce(encode(blob, 'base64'), '') " .
	    "from vault.records where environment = 'development' and version = 4") =~ s/\s//gr;
	my ($record, $blob) = split /\|/, $back, -1;

	$s->psql("update vault.records set $set where environment = 'development' and version = 4");
	$p->gives(['versions'], $code, '', $sentence, $name);
	$s->psql("update vault.records set record = decode('$record', 'base64'), " .
	    "blob = decode('$blob', 'base64') where environment = 'development' and version = 4");
}
tampered('record = set_byte(record, 70, get_byte(record, 70) # 1)', 5,
    qr/\Avault-env: /, 'a record that was changed');
tampered('record = set_byte(record, octet_length(record) - 5, get_byte(record, octet_length(record) - 5) # 1)',
    5, qr/\Avault-env: Version 4 of development does not carry the signature of \Q$me\E/, 'another signature');
tampered('blob = set_byte(blob, 40, get_byte(blob, 40) # 1)', 5,
    qr/\Avault-env: Version 4 of development was changed after \Q$me\E/, 'another content');
is($p->run('versions')->{status}, 0, 'all of it as it was');

done_testing();
