#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Errors that used to blame the wrong thing: an environment that is too large, an
# interpreter that is not there, a link that leads nowhere, a proxy, a folder's
# name.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('cli/vault-env');
my $p = CliTest->new;

# ---- a command that cannot be started
$p->spew('.env', 'SMALL=1' . "\nBIG=" . 'b' x 140_000 . "\nBIGGER=" . 'c' x 150_000 . "\nSOME=" .
    'd' x 1000 . "\n");
my $too_large = "vault-env: Cannot run sh: its arguments and environment are more than the " .
    "system takes; the largest variables are BIGGER (150007 bytes), BIG (140004 bytes), SOME " .
    "(1005 bytes). Keep what is long in a file, and its path in the variable\n";
$p->gives(['run', '--', 'sh', '-c', 'true', {env => {PATH => '/usr/bin:/bin'}}], 126, '',
    $too_large, 'an environment that is too large: the largest are named');

$p->spew('.env', "A=1\n");
mkdir $p->path('bin') or die;
my $path = {env => {PATH => $p->path('bin') . ':/usr/bin:/bin'}};
for (['crlf', "#!/bin/sh\r\necho ran\r\n", q{its first line (#!/bin/sh) ends in a carriage } .
    q{return. To take them out, run: sed -i 's/\r$//' PATH}],
    ['gone', "#!/usr/bin/no-such-interpreter -x\n", 'the interpreter in its first line ' .
    '(#!/usr/bin/no-such-interpreter -x) is not there']) {
	my ($name, $text, $reason) = @$_;
	$p->spew("bin/$name", $text);
	chmod 0755, $p->path("bin/$name");
	for (["bin/$name", "bin/$name"], [$name, $p->path("bin/$name")]) {
		my ($how, $found) = @$_;
		$p->gives(['run', '--', $how, $path], 126, '', "vault-env: Cannot run $found: " .
		    $reason =~ s/PATH/$found/r . "\n", "$how is there, what would run it is not");
	}
}
$p->gives(['run', '--', 'no-such-command'], 127, '', "vault-env: Cannot run no-such-command: " .
    "command not found\n", 'one that is not there');

# ---- a link
unlink $p->path('.env');
symlink '/etc/passwd/env', $p->path('.env') or die;
$p->gives(['run', '--', 'true'], 1, '', 'vault-env: Cannot read .env: it is a symbolic link to ' .
    "/etc/passwd/env, which cannot be read: Not a directory\n", 'a link whose target cannot be read');
symlink 'nowhere/env', $p->path('link') or die;
$p->gives(['run', '--file', 'link', '--', 'true'], 1, '', 'vault-env: Cannot read link: it is a ' .
    "symbolic link to nowhere/env, which cannot be read: No such file or directory\n",
    'or that leads nowhere');
unlink $p->path('.env');

# ---- a proxy
my $key = 'vk_4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11_' . 'a' x 64;
my $refuses = CliTest::canned(403, 'no') =~ s{/$}{}r;
my ($port) = $refuses =~ /:(\d+)$/;
my $closed = CliTest::closed_url() =~ s{/$}{}r;
my ($closed_port) = $closed =~ /:(\d+)$/;
for my $name (qw(https_proxy HTTPS_PROXY)) {
	my %env = (VAULT_KEY => $key, map { $_ => undef } qw(https_proxy HTTPS_PROXY no_proxy));
	my $at = {url => 'https://vault.example'};
	$p->gives(['pull', {%$at, env => {%env, $name => $refuses}}], 4, '', 'vault-env: Cannot reach ' .
	    "https://vault.example: the proxy, 127.0.0.1 port $port, refused it (HTTP 403). Check " .
	    "https_proxy, or name the server in no_proxy\n", "$name: a proxy that refuses is named");
	$p->gives(['pull', {%$at, env => {%env, $name => $closed =~ s{//}{//user:secret@}r}}], 4, '',
	    "vault-env: Cannot reach https://vault.example: no connection to the proxy, 127.0.0.1 port " .
	    "$closed_port. Check https_proxy, or name the server in no_proxy\n",
	    "$name: so is one that is away, without its password");
}
$p->gives(['pull', {url => "https://127.0.0.1:$closed_port", env => {VAULT_KEY => $key,
    https_proxy => $refuses}}], 4, '', "vault-env: Cannot reach https://127.0.0.1:$closed_port: " .
    "Connection refused. Check the URL (VAULT_URL)\n", 'where no proxy is asked, none is named');

# ---- a folder
for my $name ("two\nlines", "lap\xe2\x80\x8btop", 'x' x 129, "caf\xe9") {
	my $odd = CliTest->new(dir => VaultTest::tmpdir() . "/$name", url => $closed);
	mkdir $odd->{dir} or die "$name: $!";
	my $r = $odd->run('init');
	is($r->{status}, 1, 'a folder whose name cannot be that of a project');
	like($r->{stderr}, qr/\Avault-env: The name of this folder \(.*\) cannot be a project's, which is 128 bytes of visible text at most\. Give one with --name\n\z/,
	    'leads to --name');
	next if $name eq "caf\xe9"; # no argument that Perl and we read alike
	$r = $odd->run('init', '--name', $name);
	is($r->{status}, 2, 'nor is it one there');
	is($r->{stderr}, "vault-env: --name must be 1 to 128 bytes of visible text. See: vault-env init --help\n",
	    'and it says so');
	ok(!-e "$odd->{dir}/.env", 'before there is a key');
}

done_testing();
