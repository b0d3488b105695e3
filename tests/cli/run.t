#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# run: the command is the process itself: its environment, exit code, signals,
# descriptors and terminal; the cache when the server is away; no key: plain
# dotenv. run --watch is in watch.t.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use Config;
use CliTest;
use IPC::Open2;
use POSIX ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
my $away = CliTest::closed_url();
sub cached
{
	my ($age) = @_;

	return qr/\A\[vault-env\] Remote fetch failed, using cached secrets \($age old\): Cannot reach \S+: Connection refused\. Check the URL \(VAULT_URL\)\n\z/;
}
my $print = 'printf "%s\n" "$A" "$B" "${C-unset}"';

# ---- without a key: plain dotenv
$p->spew('.env', "A=file\nB='two words'\nVAULT_URL=$away\n");
$p->gives(['run', '--', 'sh', '-c', $print, {env => {B => 'mine'}}], 0,
    "file\nmine\nunset\n", '', 'no key: the .env file, existing variables win');
$p->gives(['run', '--override', '--', 'sh', '-c', $print, {env => {B => 'mine'}}],
    0, "file\ntwo words\nunset\n", '', 'or lose, with --override');
$p->gives(['run', '--', 'sh', '-c', $print, {env => {B => ''}}], 0,
    "file\n\nunset\n", '', 'an empty variable exists');
$p->gives(['run', '--watch', '--offline', '--', 'true'], 2, '', 'vault-env: ' .
    "--watch and --offline do not go together. See: vault-env run --help\n");
$p->gives(['run', '--watch', '--', 'sh', '-c', 'exit 9'], 9, '', '',
    'no key: nothing to watch');
my $left_out = '[vault-env] Left out, because programs run other code by them (allow each ' .
    "by its name to have it): NODE_OPTIONS\n";
$p->spew('.env', "NODE_OPTIONS=--require ./evil.js\nENV=x\n");
$p->gives(['run', '--', 'sh', '-c', 'echo "$ENV ${NODE_OPTIONS-unset}"'], 0, "x unset\n",
    $left_out, 'a file that came with a clone makes no interpreter run code');
$p->gives(['run', '--', 'sh', '-c', 'echo $NODE_OPTIONS', {env => {NODE_OPTIONS => '-p'}}],
    0, "-p\n", $left_out, 'what was in the environment stays');
$p->gives(['run', '--allow', 'X', '--allow', 'NODE_OPTIONS', '--', 'sh', '-c',
    'echo $NODE_OPTIONS'], 0, "--require ./evil.js\n", '', '--allow takes it, by its name');
$p->spew('nul', "A=1\nBAD='x\0y'\n");
$p->gives(['run', '--file', 'nul', '--', 'true'], 1, '', 'vault-env: BAD cannot be ' .
    'an environment variable: its value holds a NUL byte. Change it, or delete ' .
    "it\n", 'a NUL in a value');
unlink $p->path('.env');
my $nothing = "vault-env: No VAULT_KEY and no .env file here or in the folders above: " .
    "the command gets no secrets\n";
$p->gives(['run', '--', 'sh', '-c', 'echo "${A-unset}"'], 0, "unset\n", $nothing,
    'no .env at all: one line says so');
$p->gives(['run', '--quiet', '--', 'sh', '-c', 'echo "${A-unset}"'], 0, "unset\n", '',
    'but not with --quiet');
$p->gives(['run', '--file', 'none', '--', 'true'], 1, '', qr/\Avault-env: .*none/,
    '--file must be there');
$p->spew('.env', "# nothing\n");

# ---- the command is the process
is_deeply([grep { $p->run('run', '--', 'sh', '-c', "exit $_")->{status} != $_ } 0 .. 255], [],
    'every exit code is the command\'s');
$p->gives(['run', '--', 'no-such-command'], 127, '', 'vault-env: Cannot run ' .
    "no-such-command: command not found\n");
$p->gives(['run', '--', './none'], 127, '', "vault-env: Cannot run ./none: command " .
    "not found\n");
$p->spew('plain', "#!/bin/sh\n");
chmod 0644, $p->path('plain');
$p->gives(['run', '--', './plain'], 126, '', "vault-env: Cannot run ./plain: " .
    "Permission denied\n");
$p->gives(['run', '--', '/'], 126, '', "vault-env: Cannot run /: Permission " .
    "denied\n", 'a folder');
$p->gives(['run', '--', 'printf', '[%s]', '--env', '', "a b", '--'], 0,
    '[--env][][a b][--]', '', 'arguments pass through as they are');
$p->gives(['run', '--', 'cat', {stdin => "in\0put\n"}], 0, "in\0put\n", '',
    'so does stdin');
mkdir $p->path('bin');
$p->spew('bin/own-tool', "#!/bin/sh\necho own\n");
chmod 0755, $p->path('bin/own-tool');
$p->spew('path', "PATH=$p->{dir}/bin:/usr/bin:/bin\n");
$p->gives(['run', '--file', 'path', '--override', '--allow', 'PATH', '--', 'own-tool'], 0, "own\n",
    '', 'the command is looked for in the PATH that it gets');

# The same pid, so whatever is sent arrives: every signal that can be caught (the
# C library keeps 32 and 33), the last of which ends the command.
my @signals = grep { !/^(?:ZERO|KILL|STOP|NUM32|NUM33|IOT|CLD|POLL)$/ } split ' ', $Config{sig_name};
cmp_ok(scalar @signals, '>=', 29, "@signals");
my $pid = open2(my $out, my $in, 'env', '-C', $p->{dir}, $CliTest::BIN, 'run', '--', $^X, '-e',
    'for my $s (@ARGV) { $SIG{$s} = sub { syswrite STDOUT, "$s\n"; exit 7 if ++$n == @ARGV } } ' .
    'syswrite STDOUT, "$$\n"; sleep 60 while 1', @signals);
alarm 120;
is(<$out>, "$pid\n", 'the command has the pid of vault-env');
my @got = map { kill $_ => $pid; <$out> // 'nothing' } @signals;
is_deeply([map { s/\n//r } @got], \@signals, 'every signal reaches it');
waitpid $pid, 0;
alarm 0;
is($? >> 8, 7, 'and its exit code is that of vault-env');
is($p->run('run', '--', 'sh', '-c', 'kill -KILL $$')->{status}, 137,
    'a signal that ends it');

# What the command inherits is what vault-env got: descriptors, limits, signals
# (read by the shell itself, which blocks them while it starts a process).
my $state = 'cd /proc/self; while read -r l; do case $l in SigIgn*|SigBlk*|ShdPnd*) ' .
    'echo "$l" ;; esac; done <status; ls fd; grep -E "core file|locked" limits; cat oom_score_adj';
for my $how ('%s', 'exec 5</dev/null; %s', 'trap "" PIPE HUP; %s', 'ulimit -S -c 7; %s',
    '%s <&-', '%s 2>&-') {
	my ($with, $without) = map { VaultTest::run(['sh', '-c', sprintf($how,
	    $_), 'x', $state], cwd => $p->{dir}, env => $p->environment(_ => undef))
	    ->{stdout} } qq("$CliTest::BIN" run -- sh -c "\$1"), 'sh -c "$1"';
	is($with, $without, sprintf "inherited state: $how", 'COMMAND');
}
like(VaultTest::run([$CliTest::BIN, 'run', '--', 'sh', '-c', 'cat ' .
    '/proc/self/coredump_filter >/dev/null && test -r /proc/self/environ && ' .
    'echo readable'], cwd => $p->{dir}, env => $p->environment)->{stdout},
    qr/readable/, 'the command can be traced as any other');

# ---- the vault
$p->must('init');
my $keys = $p->slurp('.env');
$p->spew('secrets', "A=vault\nB='line one\n\tline two'\nC=\n");
$p->must('push', '--file', 'secrets');
$p->gives(['run', '--', 'sh', '-c', $print], 0, "vault\nline one\n\tline two\n\n", '',
    'the secrets');
is($p->mode($p->cache), '0600', 'and a cache');
$p->spew('.env', $keys . "A=file\nOWN=1\n");
my %hides = map { $_ => "[vault-env] $_ hides other values of the vault: A. Take them out " .
    "of the file to use the vault's, or push them\n" } '.env', 'other';
$p->gives(['run', '--', 'sh', '-c', "$print; echo \$OWN", {env => {C => 'mine'}}], 0,
    "file\nline one\n\tline two\nmine\n1\n", $hides{'.env'}, 'the file over the vault, existing ' .
    'variables over both');
$p->gives(['run', '--override', '--', 'sh', '-c', $print, {env => {A => 'mine',
    B => 'mine', C => 'mine'}}], 0, "file\nline one\n\tline two\n\n", $hides{'.env'},
    '--override');
$p->spew('other', "A=other\n");
$p->gives(['run', '--file', 'other', '--', 'sh', '-c', $print, {url => $url}], 0,
    "other\nline one\n\tline two\n\n", $hides{other}, '--file without a key: the key of .env');
$p->spew('secrets', "A=staging\n");
$p->must('push', '--file', 'secrets', '--env', 'staging');
$p->spew('.env', $keys);
$p->gives(['run', '--env', 'staging', '--', 'sh', '-c', $print], 0,
    "staging\n\nunset\n", '', '--env');
$p->gives(['run', '--', 'sh', '-c', $print, {env => {NODE_ENV => 'staging'}}], 0,
    "staging\n\nunset\n", '', '$NODE_ENV');
$p->gives(['run', '--env', 'none', '--', 'true'], 1, '', "vault-env: No secrets " .
    "stored yet in environment none, but in development and staging. To use those, name that " .
    "environment (NODE_ENV, ENVIRONMENT, --env); to fill this one, run: vault-env push --env none\n");
$p->gives(['run', '--', 'true', {env => {NODE_ENV => 'a b'}}], $CliTest::PROTOCOL == 2 ? (1, '', 'vault-env: The ' .
    "name of the environment is not 1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit. Use a name such " .
    "as production\n") : (3, '', qr/environment must be 1 to 64/), 'a name that no environment can have');
my $r = VaultTest::run(['sh', '-c', 'exec env -0'], cwd => $p->{dir},
    env => $p->environment(_ => undef));
my %before = map { /^([^=]+)=(.*)\z/s } split /\0/, $r->{stdout};
$r = VaultTest::run([$CliTest::BIN, '--url', $url, 'run', '--', 'sh', '-c', 'exec env -0'],
    cwd => $p->{dir}, env => $p->environment(_ => undef));
is_deeply({map { /^([^=]+)=(.*)\z/s } split /\0/, $r->{stdout}}, {%before,
    A => 'vault', B => "line one\n\tline two", C => '', VAULT_URL => $url},
    'the environment: what there was, and the variables, less the key of the file');
my $secret = $p->device_secret;
$p->spew('.env', "${keys}VAULT_DEVICE_SECRET=$secret\n");
my $own = 'echo "${VAULT_KEY-none} ${VAULT_DEVICE_SECRET-none}${VAULT_KEY_NEXT}${VAULT_KEY_V1}"';
$p->gives(['run', '--', 'sh', '-c', $own], 0, "none none\n", '',
    'neither key of the file reaches the command');
my $both = {VAULT_KEY => $p->key, VAULT_DEVICE_SECRET => $secret};
$p->gives(['run', '--', 'sh', '-c', $own, {env => $both}], 0, $p->key . " $secret\n", '',
    'what was in the environment stays');
$p->gives(['run', '--override', '--', 'sh', '-c', $own, {env => $both}], 0,
    $p->key . " $secret\n", '', 'with --override too');
$both->{VAULT_KEY_V1} = 'old';
$both->{VAULT_KEY_NEXT} = $p->key if $CliTest::PROTOCOL == 2;
$p->gives(['run', '--no-keys', '--', 'sh', '-c', "$own; echo \$A", {env => $both}], 0,
    "none none\nvault\n", '', '--no-keys takes it out');
$p->spew('.env', $keys);

# ---- layers, and the rule where the key is
$p->spew('first', "A=first\nFIRST=1\n");
$p->spew('second', "A=second\nB=second\nSECOND=1\n");
my $layers = 'echo $A $B $FIRST $SECOND ${C-unset}';
my ($hides_first, $hides_second) = map { "[vault-env] $_ hides other values of the vault: " . ($_ eq
    'first' ? 'A' : 'A and B') . ". Take them out of the file to use the vault's, or push them\n" }
    qw(first second);
$p->gives(['run', '--file', 'first', '--file', 'second', '--', 'sh', '-c', $layers, {url => $url}],
    0, "first second 1 1\n", "$hides_first$hides_second", '--file twice: layers, the first wins, and over the vault');
$p->gives(['run', '--override', '--file', 'first', '--file', 'second', '--', 'sh', '-c', $layers,
    {url => $url, env => {A => 'mine'}}], 0, "second second 1 1\n", "$hides_first$hides_second",
    '--override: the last wins, and over the environment');
$p->gives(['run', '--file', 'first', '--file', 'none', '--', 'true'], 1, '',
    "vault-env: There is no none. Check the path\n", 'each must be there');
$p->gives(['pull', '--file', 'first', '--file', 'second'], 2, '',
    "vault-env: --file is given twice. See: vault-env pull --help\n", 'but elsewhere it is one');
$p->spew('keys', $keys);
rename $p->path('.env'), $p->path('kept') or die;
$p->gives(['run', '--file', 'first', '--file', 'keys', '--', 'sh', '-c', $layers, {url => $url}],
    0, "first line one line two 1\n", $hides_first, 'the key may be in any layer');
rename $p->path('kept'), $p->path('.env') or die;

# ---- a .env that is a link, as Kubernetes mounts it
$p->spew('..data-env', $keys . "OWN=linked\n");
unlink $p->path('.env');
symlink '..data-env', $p->path('.env') or die;
$p->gives(['run', '--', 'sh', '-c', "$print; echo \$OWN"], 0, "vault\nline one\n\t" .
    "line two\n\nlinked\n", '', 'a .env that is a link is followed');
unlink $p->path('.env');
$p->spew('.env', $keys);

# ---- names that run code
$p->other_push('loader', {A => '1', LD_PRELOAD => '/tmp/x.so', BASH_ENV => 'x',
    'BASH_FUNC_ls%%' => '() { :; }', VAULT_URL => 'http://evil', PATH2 => 'y'});
my $names = 'env | grep -E "^(A|PATH2|BASH_ENV)=|evil" | sort';
$r = $p->run('run', '--env', 'loader', '--', 'sh', '-c', $names);
is($r->{stdout}, "A=1\nPATH2=y\n", 'names that run code are left out');
my ($said) = $r->{stderr} =~ /\A\[vault-env\] Left out, because programs run other code by them \(allow each by its name to have it\): (.*)\n\z/;
is(join(' ', sort split /, /, $said // ''), 'BASH_ENV BASH_FUNC_ls%% LD_PRELOAD',
    'with one warning, which names them') or diag($r->{stderr});
$r = $p->run('run', '--env', 'loader', '--allow', 'BASH_ENV', '--quiet', '--', 'sh', '-c',
    $names);
like($r->{stdout}, qr/^BASH_ENV=x$/m, '--allow keeps one');
like($r->{stderr}, qr/Left out/, 'and not the others');
unlike($r->{stderr}, qr/BASH_ENV/, 'of which it is none');
unlike($r->{stdout}, qr/evil/, 'but never a reserved one');

# ---- the cache
$p->must('run', '--', 'true');
$p->gives(['run', '--', 'sh', '-c', $print, {url => $away}], 0,
    "vault\nline one\n\tline two\n\n", cached(qr/\d+ seconds?/), 'the server is away: the cache');
$p->gives(['run', '--offline', '--', 'sh', '-c', $print, {url => $away}], 0,
    "vault\nline one\n\tline two\n\n", '', '--offline says nothing');
$p->gives(['run', '--cached', 100, '--', 'sh', '-c', $print, {url => $away}], 0,
    "vault\nline one\n\tline two\n\n", '', 'a young cache, and --cached');
$p->age(3 * 86400 + 60);
$p->gives(['run', '--cached', 100, '--', 'true', {url => $away}], 0, '', cached('3 days'),
    'an old one: the server is asked');
$p->gives(['run', '--', 'true', {url => $away, env => {VAULT_CACHE_MAX_AGE => '1d'}}],
    4, '', 'vault-env: Failed to fetch secrets and no cache available (' .
    ($CliTest::PROTOCOL == 1 ? 'it is 3 days old, older than VAULT_CACHE_MAX_AGE (1 day)' :
    'the cache is 3 days old, VAULT_CACHE_MAX_AGE is 1 day. Pull again') . "): Cannot reach $away: " .
    "Connection refused. Check the URL (VAULT_URL)\n", 'VAULT_CACHE_MAX_AGE');
if ($CliTest::PROTOCOL == 2) {
	$p->age(8 * 86400 + 60);
	$p->gives(['run', '--', 'true', {url => $away, env => {VAULT_CACHE_MAX_AGE => '9d'}}], 4,
	    '', qr/\(the cache is 8 days old, this device's limit is 7 days\. Pull again\)/,
	    'what the list of devices allows');
	$p->age(-2 * 86400 - 60);
	$p->gives(['run', '--', 'true', {url => $away}], 4, '', qr/\(the cache is 2 days ahead of this machine's clock, the limit is 5 minutes\. Pull again\)/,
	    'a cache of a time to come, as after a clock was put back');
}
# Each environment of v2 has its own.
$p->gives(['run', '--offline', '--env', 'nowhere', '--', 'true'], 1, '', $CliTest::PROTOCOL == 1 ?
    qr/\Avault-env: No cache available \(.*holds the secrets of development\)/ :
    "vault-env: No cache available. Load once with the server in reach\n",
    'the cache of another environment');
unlink $p->path($p->cache);
$p->gives(['run', '--', 'true', {url => $away}], 4, '', "vault-env: Failed to fetch " .
    "secrets and no cache available: Cannot reach $away: Connection refused. Check " .
    "the URL (VAULT_URL)\n", 'no cache');
$p->gives(['run', '--offline', '--', 'true'], 1, '', "vault-env: No cache available. " .
    "Load once with the server in reach\n", '--offline without a cache');

# ---- terminals
sub terminal
{
	my ($script, $keys, @options) = @_;

	# The command says that it is ready before a key is pressed.
	return $p->terminal("exec $CliTest::BIN --url $url run @options -- sh -c \"\$RUN\"",
	    env => {RUN => $script}, ready => qr/ready/, keys => $keys);
}
my ($text, $code) = terminal('test -t 0 && test -t 1 && test -t 2 && echo ready; ' .
    'read x; echo "<$x>"; exit 5', "typed\n");
like($text, qr/^<typed>$/m, 'the command has the terminal');
is($code, 5, 'and its exit code');
($text, $code) = terminal('trap "echo interrupted; exit 6" INT; echo ready; ' .
    'sleep 20 & wait; wait', "\x03");
like($text, qr/interrupted/, 'Ctrl-C reaches the command');
is($code, 6, 'which decides what comes of it');
($text, $code) = terminal('echo ready; exec sleep 20', "\x03");
is($code, 130, 'or ends by it');
($text, $code) = terminal('trap "echo quit; exit 8" QUIT; echo ready; sleep 20 & ' .
    'wait; wait', "\x1c");
is($code, 8, 'Ctrl-\\ too');

done_testing();
