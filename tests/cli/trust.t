#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A server belongs to a key, and a key to its user: what a cloned folder, another
# user's file or a foreign server can bring about, which is nothing.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new;		# no --url: the URL comes from where a user has it
$p->must('init', '--url', $url);
my $keys = $p->slurp('.env');
my ($key, $id) = ($p->key, $p->project);
my $state = "$p->{home}/.vault/$id.state";
$p->spew('.env', $keys . "A=1\n");
$p->must('push');
like(VaultTest::slurp($state), qr/\A\{"server":"\Q$url\E"/, 'init remembers the server');

# ---- a file with a URL and no key
my ($stranger, $seen) = CliTest::relay($url);
sub strangers { return VaultTest::slurp($seen) }
my $clone = CliTest->new(home => $p->{home}, env => {VAULT_KEY => $key});
$clone->spew('.env', "VAULT_URL=$stranger\nB=1\n");
my $known = "vault-env: The server of project $id is $url, and not $stranger, which the " .
    'VAULT_URL in .env names. Name the right one by --url or VAULT_URL in the ' .
    "environment; if it is another one now, run: vault-env trust $stranger\n";
for (['run', '--', 'true'], ['pull'], ['push'], ['status'], ['delete', 'A'],
    ['list-devices']) {
	$clone->gives($_, 3, '', $known, "$_->[0] with the URL of a cloned folder");
}
my $fresh = CliTest->new(dir => $clone->{dir}, env => {VAULT_KEY => $key,
    VAULT_DEVICE_SECRET => $p->device_secret});
$fresh->gives(['run', '--', 'true'], 3, '', "vault-env: The VAULT_URL in .env is not used with " .
    "a VAULT_KEY from elsewhere: it names $stranger, and nothing says that this is the " .
    "server of project $id. Put both into one file, give --url or VAULT_URL in the " .
    "environment, or run: vault-env trust $stranger\n",
    'where no server is known yet it is refused as well, not replaced');
is(strangers(), '', 'the stranger gets nothing');
$fresh->gives(['run', '--url', $url, '--', 'sh', '-c', 'echo $A'], 0, "1\n", '',
    '--url is the user\'s own word');
like(VaultTest::slurp("$fresh->{home}/.vault/$id.state"), qr/"server":"\Q$url\E"/,
    'and is remembered with the first success');
$clone->spew('.env', "VAULT_URL=$url/\n");
$clone->gives(['get', 'A'], 0, "1\n", '', 'the right URL is, wherever it stands');
$clone->spew('.env', '');
$clone->gives(['get', 'A', {env => {VAULT_URL => $url}}], 0, "1\n", '',
    'the environment is the user\'s own');
$clone->gives(['get', 'A'], 3, '', "vault-env: The server of project $id is $url, and not " .
    'https://api.vaultdotenv.io, which is used where no URL is given. Name the right one by ' .
    '--url or VAULT_URL in the environment; if it is another one now, run: vault-env trust ' .
    "https://api.vaultdotenv.io\n", 'the default is no way around it');

# ---- a file with the key and another URL
$p->spew('.env', "VAULT_KEY=$key\nVAULT_URL=$stranger\n");
$p->gives(['pull'], 3, '', $known, 'the URL beside the key has changed');
$p->spew('other', "VAULT_URL=$stranger\nB=1\n");
$p->spew('.env', $keys);
$p->gives(['run', '--file', 'other', '--', 'true'], 3, '', $known =~ s/ in \.env/ in other/r,
    'a --file without a key does not lead elsewhere');
is(strangers(), '', 'the stranger still gets nothing');
$p->gives(['trust', $stranger], 0, "The server of project $id is $stranger from now on\n", '',
    'trust');
$p->spew('.env', "VAULT_KEY=$key\nVAULT_URL=$stranger\nA=1\n");
$p->gives(['get', 'A'], 0, "1\n", '', 'which the user has said now');
like(strangers(), qr{POST /api/v1/secrets/pull}, 'is asked');
is_deeply($p->json('trust', $url), {project_id => $id, url => $url}, 'and back, --json');
$p->gives(['trust', 'ftp://x'], 1, '', "vault-env: The URL given is not a server's URL. " .
    "Write it like https://vault.example.com\n", 'trust in no URL');
$p->spew('.env', $keys);

# ---- versions
sub renumber
{
	my ($from, $to) = @_;

	$s->psql(
	    "update vault.environments set version = $to where project_id = '$id' and version = $from; " .
	    "update vault.secret_versions set version = $to where project_id = '$id' and version = $from");
}

$p->must('run', '--', 'true');
renumber(1, 9000000000000000);
my $jump = "vault-env: $url gave version 9000000000000000 of development after version 1, and " .
    "its history does not have those between. If that is right, run: vault-env trust $url\n";
$p->gives(['run', '--', 'true'], 3, '', $jump, 'a version out of nowhere is refused');
like(VaultTest::slurp($state), qr/"version":1,/, 'and not remembered');
renumber(9000000000000000, 1);
$p->gives(['run', '--', 'true'], 0, '', '', 'so the true ones are taken as before');
$p->spew("b", "A=1\nB=$_\n"), $p->must("push", "--replace", "--file", "b") for 1 .. 4;
$p->gives(['run', '--', 'sh', '-c', 'echo $B'], 0, "4\n", '',
    'a jump that the history explains is none');
renumber(5, 3000);
$p->gives(['run', '--', 'true'], 3, '', qr/ after version 5, /, 'one that it does not');
$p->must('trust', $url);
$p->gives(['run', '--', 'true'], 0, '', '', 'is taken when the user says so');
renumber(3000, 5);
$p->gives(['run', '--', 'true'], 1, '', "vault-env: $url gave version 5 of development, but has " .
    'given version 3000 before: it lost data, or old secrets are passed off as new. If the ' .
    "server was restored from a backup, run: vault-env trust $url\n", 'one that goes back');
$p->must('trust', $url);
$p->gives(['run', '--', 'true'], 0, '', '', 'is taken then, too');

# ---- whose file it is
chmod 0666, $p->path('.env');
my $writable = "vault-env: No VAULT_KEY and no VAULT_URL is taken from .env: other users can " .
    "write to it (mode 0666). Run: chmod go-w .env\n";
$p->gives(['pull'], 3, '', $writable, 'a file that all can write to');
$p->gives(['status'], 3, '', $writable, 'status says so');
$p->gives(['run', '--', 'true'], 3, '', $writable, 'run does not go on without it');
chmod 0600, $p->path('.env');
SKIP: {
	skip 'only root can give files away', 3 if $> != 0;
	chown 65534, -1, $p->path('.env') or die;
	$p->gives(['status'], 3, '', "vault-env: No VAULT_KEY and no VAULT_URL is taken from .env: " .
	    'it belongs to another user (uid 65534). Make the file your own, or set VAULT_KEY ' .
	    "in the environment\n", 'a file of another user');
	$p->spew('plain', "A=theirs\n");
	chown 65534, -1, $p->path('plain') or die;
	my $q = CliTest->new;
	rename $p->path('plain'), $q->path('.env') or die;
	$q->gives(['run', '--', 'sh', '-c', 'echo $A'], 0, "theirs\n", '',
	    'its other variables are as good as any');
	chown 0, -1, $p->path('.env') or die;
	$p->gives(['get', 'A'], 0, "1\n", '', 'root\'s is trusted');
}

# ---- whose key it is: a push encrypts for everybody who has it
my $none = "vault-env: This machine has no device secret for project $id yet, and everybody with " .
    "its VAULT_KEY could read what is encrypted without one. Run: vault-env register-device\n";
my $q = CliTest->new(url => $url);
$q->spew('.env', "VAULT_KEY=$key\nMINE=1\n");
for (['push'], ['set', 'MINE', {stdin => 'x'}], ['delete', 'A']) {
	$q->gives($_, 3, '', $none, "$_->[0] without a device");
}
my $new = "vault-env: The VAULT_KEY of .env is new on this machine, and nothing was encrypted for " .
    "it (project $id on $url). If you know whose it is, run it again with --yes\n";
my %device = (env => {VAULT_DEVICE_SECRET => $p->device_secret});
for (['push', \%device], ['set', 'MINE', {%device, stdin => 'x'}], ['delete', 'A', \%device]) {
	$q->gives($_, 3, '', $new, "$_->[0] with a key that is new here");
}
my ($text, $code) = $q->terminal("$CliTest::BIN --url $url set MINE=no", %device,
    ready => qr/\[y\/N\] /, keys => "n\n");
is($code, 3, 'on a terminal it asks');
like($text, qr/^The VAULT_KEY of \.env is new on this machine: project $id on \Q$url\E\. Encrypt secrets for it\? \[y\/N\] n$/m,
    'about project and server');
$q->gives(['set', 'MINE', '--yes', {%device, stdin => 'x'}], 0, qr/^\+ MINE$/m, '',
    'in scripts there is --yes');
$q->gives(['set', 'MINE', {%device, stdin => 'y'}], 0, qr/^~ MINE$/m, '',
    'and then it is known');
my $ci = CliTest->new(url => $url, env => {VAULT_KEY => $key, VAULT_DEVICE_SECRET =>
    $p->device_secret});
$ci->gives(['set', 'MINE', {stdin => 'z'}], 0, qr/^~ MINE$/m, '',
    'a key of the environment is the user\'s own');

# ---- and where it lies
SKIP: {
	skip 'git is not there', 2 if system('git --version >/dev/null 2>&1') != 0;
	my %git = (cwd => $q->{dir}, env => {HOME => $q->{home}});
	VaultTest::run(['git', @$_], %git) for ['init', '-q'], ['add', '.env'];
	my $tracked = "vault-env: warning: The VAULT_KEY of .env is in a file that git tracks, so " .
	    "everybody who has the repository has the key. Run: git rm --cached .env\n";
	$q->gives(['get', 'MINE', \%device], 0, "z\n", $tracked, 'a key in a tracked file');
	$q->gives(['get', 'MINE', {env => {%{$device{env}}, VAULT_KEY => $key}}], 0, "z\n", '',
	    'that of the environment is not');
}
done_testing;
