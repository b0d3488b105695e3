#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Two people, one project: a push keeps what the other has pushed since the file
# was made; a file knows which version that was, and one that does not takes
# nothing away unasked.
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
my $ann = CliTest->new(url => $url);
$ann->must('init');
my $keys = $ann->slurp('.env');
my $project = $ann->project;

# Somebody else in another folder, by a copy of the file. They share the device
# secret, as only the device that pushed can read in protocol v1.
sub copy_of
{
	my ($p) = @_;
	my $q = CliTest->new(url => $url, home => $p->{home});

	$q->spew('.env', $p->slurp('.env'));
	return $q;
}

sub change
{
	my ($p, $name, $value) = @_;
	my $text = $p->slurp('.env');

	$text =~ s/^$name=\S*/$name=$value/m or die "no $name in $text";
	$p->spew('.env', $text);
}

sub vault { return $ann->json('pull', @_)->{secrets} }
sub origin { return "# vault-env: made from $_[0] of project $project\n" }

my $took = "Took into .env what others have changed:\n";

# ---- the file knows
$ann->spew('.env', "$keys# shop\nX=1 # of the shop\nY=1\nZ=1\n");
$ann->gives(['push', '--dry-run'], 0, qr/dry run$/, '');
is($ann->slurp('.env'), "$keys# shop\nX=1 # of the shop\nY=1\nZ=1\n", 'a dry run writes nothing');
$ann->gives(['push'], 0, "+ X\n+ Y\n+ Z\nPushed version 1 to development\n", '');
is($ann->slurp('.env'), origin('development 1') . "$keys# shop\nX=1 # of the shop\nY=1\nZ=1\n",
    'a push notes in the file what it is now, and changes nothing else in it');
is(VaultTest::run(['sh', '-c', 'set -e; . ./.env; echo $X$Y$Z'], cwd => $ann->{dir})->{stdout},
    "111\n", 'other readers pass over that');
my $bob = copy_of($ann);

# ---- both push from one version
change($ann, 'X', 2);
$ann->gives(['push'], 0, "~ X\nPushed version 2 to development\n", '', 'one changes X');
change($bob, 'Y', 2);
$bob->gives(['push'], 0, "~ Y\nPushed version 3 to development\n$took~ X\n",
    '', 'the other Y, from an older file');
is_deeply(vault(), {X => 2, Y => 2, Z => 1}, 'and nobody has undone anything');
is($bob->slurp('.env'), origin('development 3') . "$keys# shop\nX=2 # of the shop\nY=2\nZ=1\n",
    'the file has what the version has, with its comments');
$ann->gives(['push'], 0, "Nothing changed: development is at version 3\n$took~ Y\n", '', 'who has nothing new gets what there is');
is($ann->slurp('.env'), $bob->slurp('.env'), 'and both files are the same');
$ann->gives(['push'], 0, "Nothing changed: development is at version 3\n", '', 'once more');

# ---- names that come and go
$ann->spew('.env', $ann->slurp('.env') =~ s/^Z=1\n/NEW="two words"\n/mr);
$ann->gives(['push'], 0, "+ NEW\n- Z\nPushed version 4 to development\n", '');
change($bob, 'X', 4);
$bob->gives(['push'], 0, "~ X\nPushed version 5 to development\n$took+ NEW\n- Z\n", '', 'added and removed meanwhile');
is_deeply(vault(), {X => 4, Y => 2, NEW => 'two words'}, 'stays so');
is($bob->slurp('.env'), origin('development 5') . "$keys# shop\nX=4 # of the shop\nY=2\n" .
    "NEW='two words'\n", 'in the file too');

# ---- both change the same
change($ann, 'X', 'ann');
change($ann, 'Y', 'ann');
$ann->gives(['push', '--dry-run'], 3, '', qr/\Avault-env: Others have changed X in /,
    'a conflict, already in a dry run');
my $before = $ann->slurp('.env');
$ann->gives(['push'], 3, '', "vault-env: Others have changed X in development since version 4, " .
    "and so have you: nothing was pushed. Use --ours or --theirs\n", 'a conflict');
is($ann->slurp('.env'), $before, 'then the file stays');
is(vault()->{Y}, 2, 'and so does the vault');
$ann->gives(['push', '--ours', '--theirs'], 2, '', qr/--ours and --theirs do not go together/);
$ann->gives(['push', '--theirs'], 0, "~ Y\nPushed version 6 to development\n$took~ X\n", '', 'theirs');
is_deeply(vault(), {X => 4, Y => 'ann', NEW => 'two words'}, 'X is theirs');
change($bob, 'Y', 'bob');
$bob->gives(['push', '--ours'], 0, "~ Y\nPushed version 7 to development\n", '', 'ours');
is(vault()->{Y}, 'bob', 'Y is ours');

# ---- set is a change to what is there; the file takes it
$ann->must('set', 'X=5', '--quiet');
$ann->must('push', '--quiet');
is_deeply([map { /^([XY]=.*?)(?: #.*)?$/mg } $ann->slurp('.env')], ['X=5', 'Y=bob'],
    'set and the other push are in the file');

# ---- environments of their own
$ann->gives(['push', '--env', 'staging'], 0, qr/Pushed version 1 to staging$/, '',
    'a first push elsewhere needs no origin');
like($ann->slurp('.env'), qr/\A\Q${\ origin('development 8, staging 1')}\E/,
    'the file knows both');
change($ann, 'X', 6);
$ann->must('push', '--quiet');
$ann->gives(['push', '--env', 'staging'], 0, "~ X\nPushed version 2 to staging\n", '',
    'and either can follow');

# ---- a file that knows nothing
$ann->spew('plain', "X=6\nY=bob\n");
my $refusal = qr/\Avault-env:\ It\ is\ not\ known\ from\ which\ version\ of\ development\ this\ was
    \ made,\ and\ it\ would\ change\ or\ remove\ secrets\ of\ version\ 9:\ nothing\ was\ pushed\.
    \ Use\ --replace\ if\ plain\ is\ the\ whole,\ or\ --merge\ to\ add\ and\ change\ only\n\z/x;
$ann->gives(['push', '--file', 'plain'], 3, '', $refusal, 'it would remove NEW');
$ann->spew('plain', "X=7\nY=bob\nNEW='two words'\n");
$ann->gives(['push', '--file', 'plain'], 3, '', $refusal, 'it would change X');
$ann->gives(['push', '--file', '-', {stdin => "X=7\n"}], 3, '', qr/\Q. Use --replace if standard input is\E/,
    'so would a pipe');
is_deeply([vault()->{X}, $ann->slurp('plain') =~ /^#/m ? 1 : 0], [6, 0], 'nothing is done');
$ann->gives(['push', '--merge', '--replace'], 2, '', qr/--replace and --merge do not go together/);
$ann->spew('plain', "MORE=1\n");
$ann->gives(['push', '--merge', '--file', 'plain'], 0, "+ MORE\nPushed version 10 to development\n",
    '', '--merge adds');
is($ann->slurp('plain'), "MORE=1\n", 'and puts nothing into the file');
$ann->spew('plain', "X=8\nY=8\n");
$ann->gives(['push', '--replace', '--file', 'plain'], 0, "~ X\n~ Y\n- MORE\n- NEW\nPushed version " .
    "11 to development\n", '', '--replace is the whole');
like($ann->slurp('plain'), qr/\A\Q${\ origin('development 11')}\E/, 'and the file knows');
$ann->spew('plain', "X=8\nY=8\nADDED=1\n");
$ann->gives(['push', '--file', 'plain'], 0, "+ ADDED\nPushed version 12 to development\n", '',
    'what only adds needs neither');
$ann->spew('plain', origin('development 99') . "X=9\n");
$ann->gives(['push', '--file', 'plain'], 3, '', qr/not known from which version/,
    'a version that is yet to come is none');
$ann->spew('plain', origin('development 12') =~ s/$project/4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11/r .
    "X=9\n");
$ann->gives(['push', '--file', 'plain'], 3, '', qr/not known from which version/,
    'nor is one of another project');

# ---- on a terminal
sub terminal
{
	my ($answer, @args) = @_;

	return $ann->terminal("exec $CliTest::BIN --url $url push @args", ready => qr{\[y/N\] },
	    keys => "$answer\n", env => {NO_COLOR => 1});
}
$ann->spew('plain', "X=10\nY=8\n");
my ($text, $code) = terminal('n', '--file', 'plain');
is($code, 3, 'a no');
like($text, qr/^~ X\n- ADDED\n.*Push these changes\? \[y\/N\]/m, 'after the changes were shown');
is(vault()->{X}, 8, 'leaves all as it was');
($text, $code) = terminal('y', '--file', 'plain');
is($code, 0, 'a yes');
is_deeply(vault(), {X => 10, Y => 8}, 'does it');

# ---- pull
$ann->must('pull', '--output', 'pulled');
like($ann->slurp('pulled'), qr/\A\Q${\ origin('development 13')}\EX=10\nY=8\n\z/,
    'a pulled file knows its version');
$ann->must('set', 'Y=9', '--quiet');
$ann->spew('pulled', $ann->slurp('pulled') =~ s/X=10/X=11/r);
$ann->gives(['push', '--file', 'pulled'], 0, "~ X\nPushed version 15 to development\nTook into pulled " .
    "what others have changed:\n~ Y\n", '', 'and is a base');
$ann->must('pull', '--output', '.env');
like($ann->slurp('.env'), qr/\A\Q${\ origin('development 15')}\E.*^VAULT_KEY=/ms,
    'beside the keys too');

# ---- files that cannot follow
$ann->spew('real', $ann->slurp('.env') =~ s/X=11/X=12/r);
symlink 'real', $ann->path('link') or die;
$ann->gives(['push', '--file', 'link'], 0, "~ X\nPushed version 16 to development\n",
    qr/\Avault-env: warning: .*link/, 'a link is not written through, but pushed');
$ann->spew('real', origin('development 16') . "X=\"a\nb\"\r\nY=9\r\n");
$ann->must('push', '--file', 'real', '--quiet');
$bob->spew('crlf', $ann->slurp('real'));
$bob->must('set', 'Y=10', '--quiet');
$bob->must('push', '--file', 'crlf', '--quiet');
is($bob->slurp('crlf'), origin('development 18') . "X=\"a\nb\"\r\nY=10\r\n", 'line ends stay as they are');

done_testing();
