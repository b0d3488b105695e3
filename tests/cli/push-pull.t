#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# push and pull: what is sent, shown, written and kept; who wins when two push
# at once; what a terminal gets to see.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');
my $keys = $p->slurp('.env');

# ---- push
$p->gives(['push'], 1, '', "vault-env: Nothing to push: .env holds no variable " .
    "to share\n", 'nothing but the key');
$p->gives(['push', '--file', '-', {stdin => ''}], 1, '', "vault-env: Nothing to push: " .
    "nothing arrived on standard input\n", 'an empty pipe');
$p->gives(['push', '--file', '-', {stdin => "# nothing\n"}], 1, '', "vault-env: Nothing to push: standard input holds no variable to share\n", 'nor is a comment pushed');
$p->gives(['push', '--file', 'none'], 1, '', "vault-env: Nothing to push: " .
    "there is no none\n", 'no file');
my $values = "A=1\nexport B='two words'\nC=\"x\\ny\"\nEMPTY=\n";
$p->spew('.env', $keys . $values);
$p->gives(['push', '--dry-run'], 0, "+ A\n+ B\n+ C\n+ EMPTY\nNothing was " .
    "pushed: this was a dry run\n", '');
$p->gives(['push', '--dry-run', '--quiet'], 0, "+ A\n+ B\n+ C\n+ EMPTY\n", '');
is($s->psql('select count(*) from vault.secret_versions'), 0,
    'a dry run pushes nothing');
$p->gives(['push'], 0, "+ A\n+ B\n+ C\n+ EMPTY\nPushed version 1 to " .
    "development\n", '');
$p->gives(['push'], 0, "Nothing changed: development is at version 1\n", '',
    'push again');
$p->spew('.env', $keys . "A=2\nB='two words'\nEMPTY=\nNEW=1\nVAULT_URL=$url\n");
$p->gives(['push', '--dry-run'], 0, "~ A\n+ NEW\n- C\nNothing was pushed: this " .
    "was a dry run\n", '');
is_deeply($p->json('push', '--dry-run'), {environment => 'development',
    version => 1, pushed => JSON::PP::false, changes => [map { {mark =>
    $_->[0], name => $_->[1]} } ['~', 'A'], ['+', 'NEW'], ['-', 'C']]},
    'push --dry-run --json');
is_deeply($p->json('push', '--replace'), {environment => 'development', version => 2,
    pushed => JSON::PP::true, changes => [map { {mark => $_->[0], name =>
    $_->[1]} } ['~', 'A'], ['+', 'NEW'], ['-', 'C']]}, 'push --json');
is_deeply($p->json('push'), {environment => 'development', version => 2,
    pushed => JSON::PP::false, changes => []}, 'push --json, nothing changed');
$p->gives(['push', '--quiet', '--env', 'staging'], 0, '', '');
$p->spew('only', "X=1\n");
$p->gives(['push', '--file', 'only', '--env', 'production'], 0, "+ X\nPushed " .
    "version 1 to production\n", '', 'a file without the key');
$p->spew('latin', "X='\xe9'\n");
$p->gives(['push', '--replace', '--file', 'latin'], 1, '', qr/\Avault-env:\ X\ cannot\ be
    \ pushed:/x, 'a value that is no UTF-8');
$p->gives(['push', {env => {NODE_ENV => 'test', ENVIRONMENT => 'other'}}], 0,
    qr/ to test$/m, '', '$NODE_ENV');
$p->gives(['push', {env => {ENVIRONMENT => 'other'}}], 0, qr/ to other$/m, '',
    '$ENVIRONMENT');

# ---- pull
my $dotenv = "A=2\nB=\"two words\"\nEMPTY=\nNEW=1\n";
my $r = $p->run('pull');
is($r->{status}, 0, 'pull exits 0');
is($r->{stderr}, '', 'and prints no more than the secrets');
$p->spew('round', $r->{stdout});
$p->gives(['push', '--file', 'round'], 0, "Nothing changed: development is at " .
    "version 2\n", '', 'what pull printed reads as the same');
unlike($r->{stdout}, qr/VAULT_/, 'no reserved name was pushed');
is_deeply($p->json('pull'), {environment => 'development', version => 2,
    secrets => {A => 2, B => 'two words', EMPTY => '', NEW => 1}},
    'pull --json');
is_deeply($p->json('pull', '--version', 1)->{secrets}, {A => 1,
    B => 'two words', C => "x\ny", EMPTY => ''}, 'pull --version');
$p->gives(['pull', '--version', 99], 1, '', "vault-env: Version not found in " .
    "environment development. Run: vault-env versions --env development\n");
$p->gives(['pull', '--env', 'none'], 1, '', "vault-env: No secrets stored yet " .
    "in environment none, but in development, staging and production. To use those, name " .
    "that environment (NODE_ENV, ENVIRONMENT, --env); to fill this one, run: vault-env push --env none\n");

umask 022;
$p->gives(['pull', '--output', 'out'], 0, "Pulled 4 variables of development, " .
    "version 2, into out\n", '');
is($p->mode('out'), '0600', 'the file is for its owner only');
my $made_from = "# vault-env: made from development 2 of project @{[$p->project]}\n";
is($p->slurp('out'), $made_from . $r->{stdout}, 'and holds the secrets, and which version they are');
$p->spew('out', "# gone\nOLD=1\nVAULT_URL='$url'\nexport VAULT_KEY=\"@{[$p->key]}\"" .
    "\n# replaced by vault-env init on 2026-01-31: VAULT_KEY=old\n");
chmod 0644, $p->path('out');
$p->gives(['pull', '--output', 'out', '--quiet'], 0, '', '');
is($p->mode('out'), '0600', 'an open file is closed');
like($p->slurp('out'), qr/\A\Q$made_from\E\#\ replaced\ by\ vault-env\ init\ on\ 2026-01-31:
    \ VAULT_KEY=old\nVAULT_URL=[^\n]*\nVAULT_KEY=[^\n]*\n\Q$r->{stdout}\E\z/x,
    'key, URL and an old key are kept, the rest is replaced');
is($p->run('pull', '--file', 'out', {url => undef})->{status}, 0,
    'and the file still opens the project');
$p->must('pull', '--output', '.env');
is($p->run('push', {url => undef})->{stdout}, "Nothing changed: development " .
    "is at version 2\n", 'pull --output .env keeps key and URL');

symlink 'target', $p->path('link') or die;
$p->gives(['pull', '--output', 'link'], 1, '', qr/\Avault-env: .*link/,
    'a dangling symlink is refused');
ok(!-e $p->path('target'), 'and nothing written through it');
$p->spew('target', "VAULT_KEY=x\n");
$p->gives(['pull', '--output', 'link'], 1, '', qr/\Avault-env: .*link/,
    'a symlink is refused');
is($p->slurp('target'), "VAULT_KEY=x\n", 'and nothing written through it');
$p->gives(['pull', '--output', 'no/such/folder'], 1, '',
    qr{\Avault-env: .*no/such/folder}, 'no such folder');
is($p->run('pull', '--output', '.')->{status}, 1, 'a folder is refused');

# ---- what others put there
$p->other_push('odd', {A => '1', VAULT_KEY => 'vk_evil', VAULT_URL =>
    'http://evil', VAULT_DEVICE_SECRET => 'x'});
my %warnings = map { $_ => "vault-env: warning: The secrets hold $_, which was left " .
    "out: it is never taken from the server\n" } qw(VAULT_KEY VAULT_URL
    VAULT_DEVICE_SECRET);
my $r2 = $p->run('pull', '--env', 'odd');
is($r2->{stdout}, "A=1\n", 'reserved names are left out');
# Of v2 they are passed over, since no client pushes them.
is(join('', sort split /^/, $r2->{stderr}), $CliTest::PROTOCOL == 1 ? join('', map {
    $warnings{$_} } sort keys %warnings) : '', 'with a warning each');
my $hard = "a'b\"c`d#\ne";
$p->other_push('odd', {A => '1', HARD => $hard});
$p->gives(['pull', '--env', 'odd'], 1, '', qr/\Avault-env: .*HARD.*--json/,
    'a value that .env text cannot hold');
$p->spew('kept', "A=1\n");
$p->gives(['pull', '--env', 'odd', '--output', 'kept'], 1, '', qr/HARD/);
is($p->slurp('kept'), "A=1\n", 'then the file stays as it is');
is($p->json('pull', '--env', 'odd')->{secrets}{HARD}, $hard, '--json can');
$p->other_push('odd', {A => "\e\x7f\x{80}\x{9b}2J\x{9f}\x{a0}"});
my $escaped = '"A":"\u001b\u007f\u0080\u009b2J\u009f' . "\xc2\xa0" . '"';
for my $args (['pull', '--json'], ['get', 'A', '--json'], ['export', '--format', 'json']) {
	like($p->run(@$args, '--env', 'odd')->{stdout}, qr/\Q$escaped\E/,
	    "@$args: no byte that steers a terminal");
}
$p->other_push('odd', {"no name\e[31m" => '1'});
$p->gives(['pull', '--env', 'odd'], 1, '', qr/\Avault-env:\ [^\e]*no\ name[^\e]*
    --json[^\e]*\z/x, 'a name that .env text cannot hold');

# ---- two push at once
my $plan = VaultTest::tmpdir() . '/plan';
my $slow = $p->proxied($s, $plan);
$p->spew('other', "A=3\n");
$p->spew('mine', "A=4\n");
VaultTest::spew($plan, "secrets/push 1 run cd $p->{dir} && env HOME=$p->{home} $CliTest::BIN " .
    "--url $url push --quiet --replace --file other");
my $before = $p->json('versions')->{versions}[0]{version};
$r = $p->run('push', '--replace', '--file', 'mine', {url => $slow});
is($r->{status}, 3, 'a conflict exits 3');
is($r->{stderr} =~ s/, pushed (?:just now|\d+ seconds? ago),/,/r,
    'vault-env: development changed while you were pushing: version ' .
    ($before + 1) . ", is newer than the $before that your push was based " .
    "on. Run vault-env pull --env development to see it, then push again\n",
    'and says who was first');
is_deeply($p->json('pull')->{secrets}, {A => 3}, 'who was first has won');
$p->gives(['push', '--replace', '--file', 'mine'], 0, "~ A\nPushed version @{[$before + 2]} " .
    "to development\n", '', 'then the push works');

# An answer that got lost: the same push again makes no second version.
VaultTest::spew($plan, 'secrets/push 1 after');
$p->spew('mine', "A=5\n");
# One of v2 looks whether its own record is there.
is($p->run('push', '--replace', '--file', 'mine', {url => $slow})->{status},
    $CliTest::PROTOCOL == 1 ? 4 : 0, 'the answer to a push is lost');
$p->gives(['push', '--replace', '--file', 'mine'], 0, "Nothing changed: development is at " .
    "version @{[$before + 3]}\n", '', 'the next push finds it done');

# ---- a version that this device cannot read
my ($key) = $keys =~ /^VAULT_KEY=(.*)/m;
my $ci = CliTest->new(url => undef, env => {VAULT_URL => "$url\n", VAULT_KEY => "$key\r\n",
    VAULT_DEVICE_SECRET => uc($p->device_secret) . " \n", ENVIRONMENT => "development\n"});
is_deeply($ci->json('pull'), $p->json('pull'), 'variables that end in white space, and a ' .
    'device secret in upper case');
my $q = CliTest->new(url => $url, dir => $p->{dir});
$q->joins($p);
if ($CliTest::PROTOCOL == 1) {
	$q->gives(['pull'], 1, '', qr/\Avault-env:\ Version\ \d+\ of\ development\ cannot\ be
	    \ decrypted\ here/x, 'another device cannot decrypt');
	$q->gives(['push', '--file', 'other'], 1, '', "vault-env: The current version of development cannot be read with this device secret, and a push would replace it unseen. Use --force to replace it all the same\n",
	    'nor replace it unseen');
	$q->gives(['push', '--force', '--file', 'other'], 0, "+ A\nPushed version " .
	    "@{[$before + 4]} to development\n", '', 'but with --force');
	$q->gives(['pull', {env => {VAULT_DEVICE_SECRET => $p->device_secret}}], 1, '',
	    qr/cannot be decrypted/, 'the first device cannot read that one');
} else {
	$q->gives(['pull'], 0, "A=5\n", '', 'another device reads what the first has pushed');
	$q->gives(['push', '--replace', '--file', 'other'], 0, "~ A\nPushed version " .
	    "@{[$before + 4]} to development\n", '', 'and pushes');
	$p->gives(['pull'], 0, "A=3\n", '', 'what the first one reads');
}

# ---- terminals
sub terminal
{
	my ($line, %env) = @_;

	return ($p->terminal("exec $CliTest::BIN --url $url $line",
	    env => {TERM => 'xterm', %env}))[0];
}
$p->spew('.env', $keys . "A=s3cret\nEMPTY=\n");
$p->must('push', '--env', 'tty');
my $hint = "vault-env: values are hidden on a terminal: use --reveal to see " .
    "them, or --output FILE to store them\n";
is(terminal('pull --env tty'), "A='********'\nEMPTY=''\n$hint",
    'a terminal gets no values');
is(terminal('pull --env tty --quiet'), "A='********'\nEMPTY=''\n",
    'nor with --quiet');
unlike(terminal('pull --env tty --json'), qr/s3cret/, 'nor with --json');
is(terminal('pull --env tty --reveal'), "A=s3cret\nEMPTY=''\n",
    'but with --reveal');
is(terminal('push --dry-run --env new'), "\e[32m+ \e[0mA\n\e[32m+ \e[0mEMPTY\n" .
    "Nothing was pushed: this was a dry run\n", 'a terminal gets colours');
for my $env ({NO_COLOR => 1}, {TERM => 'dumb'}) {
	unlike(terminal('push --dry-run --env new', %$env), qr/\e/,
	    "no colours with @{[%$env]}");
}
like(terminal('push --dry-run --env new', NO_COLOR => ''), qr/\e/,
    'an empty NO_COLOR says nothing');
VaultTest::spew($plan, '1 run sleep 1.5');
like(($p->terminal("exec $CliTest::BIN --url $slow pull --env tty"))[0],
    qr/\Avault-env: waiting for the server \(pulling the secrets\) \.\.\.\n/,
    'after a second a terminal learns what is being waited for');
VaultTest::spew($plan, '1 run sleep 1.5');
is($p->run('pull', '--env', 'tty', {url => $slow})->{stderr}, '',
    'a pipe does not');

# ---- values do not reach a full disk or the wrong place
for my $command ('pull', 'pull --json', 'versions', 'list-devices --json') {
	$r = VaultTest::run(['sh', '-c', "exec \"\$0\" --url '$url' $command " .
	    '>/dev/full', $CliTest::BIN], cwd => $p->{dir},
	    env => $p->environment(NODE_ENV => 'tty'));
	is($r->{status}, 1, "$command to a full disk exits 1");
	my $sentence = 'Cannot write to standard output: No space left on device';
	is($r->{stderr}, $command =~ /--json/ ? qq({"error":"$sentence","hint":null}\n) :
	    "vault-env: $sentence\n", "and says so");
}

$p->gives(['push', '--file', '-', '--env', 'piped', {stdin => "A=1\nVAULT_KEY=vk_other\n"}],
    0, qr/\A\+ A\n(?:Made a new environment: piped\n)?Pushed version 1 to piped\n\z/, '',
    'what arrives there is, by the key of .env');

# ---- limits: those of the server, in bytes; v2's with room for 1,000 wraps
my $limit = ($ENV{TEST_PROTOCOL} // 2) == 1 ? 1048576 : 1048576 + 1000 * 256;
$p->spew('big', "SMALL=1\nBIG=" . 'b' x 300_000 . "\nBIGGER=" . 'c' x 800_000 . "\n");
$p->gives(['push', '--file', 'big', '--env', 'big'], 3, '', qr/\Avault-env:\ These
    \ secrets\ are\ 14\d{5}\ bytes\ as\ sent\ and\ too\ large\ for\ \Q$url\E,\ whose\ limit
    \ is\ $limit;\ the\ largest\ are\ BIGGER\ \(800000\ bytes\),\ BIG\ \(300000\ bytes\),
    \ SMALL\ \(1\ byte\)\.\ Keep\ what\ is\ long\ in\ a\ file,.*\ max_body\n\z/x,
    'more than the server takes: its limit, and the largest secrets');
$p->spew('big', "A=" . 'b' x 3_000_000 . "\nB=" . 'c' x 2_500_000 . "\n");
$p->gives(['push', '--file', 'big', '--env', 'big'], 1, '', qr/\Avault-env:\ These
    \ secrets\ are\ 5500002\ bytes\ and\ too\ large\ for\ one\ version,\ whose\ limit
    \ is\ 5242880;\ the\ largest\ are\ A\ \(3000000\ bytes\)/x, 'more than any server gives back');
my $long = 'N' x 300;
$p->spew('big', "$long=1\n");
$p->must('push', '--file', 'big', '--env', 'big');
is($p->run('get', '--env', 'big', $long)->{stdout}, "1\n",
    'a name too long for the history is pushed all the same');

done_testing();
