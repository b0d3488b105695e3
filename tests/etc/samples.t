#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The samples for a user's CI and container work: the workflow's steps are run as
# GitHub would run them, the image's command as its process 1, and what both
# install is what there is.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP;
use Test::More;
use VaultTest;
use VaultTest::Session;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx python3 readelf));
my $src = $VaultTest::SRC;
my $bin = VaultTest::program('cli/vault-env');
my $yml = VaultTest::slurp("$src/etc/github-actions.yml");
my $image = VaultTest::slurp("$src/etc/Containerfile");

# ---- the guide shows what the samples have
my $guide = join "\n", VaultTest::Session::of_mdoc(
    VaultTest::slurp("$src/cli/vault-env-guide.7"));
my ($step) = $yml =~ /^( +- name: Test\n.*)\z/ms;
$step =~ s/^ {6}//mg;
ok index($guide, $step) >= 0, 'the workflow\'s step is in the guide';
my @command = $image =~ /^(ENTRYPOINT .*\nCMD .*\n)\z/m;
ok index($guide, $command[0]) >= 0, 'so is the command of the image';

# ---- a project with the secrets of the two
my $s = VaultTest->server(web => 'nginx');
my ($app, $home) = map { VaultTest::tmpdir() } 1 .. 2;
my %env = (HOME => $home, VAULT_URL => $s->{url}, PATH =>
    $bin =~ s{/[^/]+\z}{}r . ":$app:$ENV{PATH}", NODE_ENV => undef,
    ENVIRONMENT => undef, VAULT_KEY => undef, VAULT_DEVICE_SECRET => undef);
for my $command (['init'], ['push', '--env', 'test'],
    ['push', '--env', 'production']) {
	VaultTest::spew("$app/.env", "API_TOKEN=of the $command->[2]\n" .
	    VaultTest::slurp("$app/.env", 1) =~ s/^API_TOKEN=.*\n//mr)
	    if $command->[2];
	my $r = VaultTest::run(['vault-env', @$command], cwd => $app,
	    env => \%env);
	is $r->{status}, 0, "vault-env @$command" or BAIL_OUT($r->{stderr});
}
my ($key) = VaultTest::slurp("$app/.env") =~ /^VAULT_KEY=(.*)$/m;
my ($secret) = map { VaultTest::slurp($_) } glob "$home/.vault/*.key";
unlink "$app/.env" or die;
my %keys = (VAULT_KEY => $key, VAULT_DEVICE_SECRET => $secret);

# ---- github-actions.yml
my $r = VaultTest::run(['python3', '-c', 'import json, sys, yaml; ' .
    'print(json.dumps(yaml.safe_load(sys.stdin)))'], stdin => $yml);
is $r->{status}, 0, 'the workflow is YAML' or diag $r->{stderr};
my $workflow = decode_json($r->{stdout});
my ($job) = values %{$workflow->{jobs}};
my ($install, $test) = @{$job->{steps}}[1, 2];
is_deeply [grep { /secrets\./ } map { JSON::PP->new->encode($_) } $workflow->{env} // {},
    $job->{env} // {}, @{$job->{steps}}[0, 1]], [],
    'no step has the keys but the one that needs them';
is_deeply [sort values %{$test->{env}}], ['${{ secrets.VAULT_DEVICE_SECRET }}',
    '${{ secrets.VAULT_KEY }}', 'https://vault.example.org'], 'which has both';
is VaultTest::run(['bash', '-n'], stdin => $install->{run})->{status}, 0,
    'the other is a script';
VaultTest::spew("$app/Makefile", "test:\n\t\@echo token \$\$API_TOKEN\n");
my %given = map { $_ => $test->{env}{$_} =~ s/\$\{\{ secrets\.(\w+) \}\}/$keys{$1}/r }
    keys %{$test->{env}};
$r = VaultTest::run(['bash', '-e', '-c', $test->{run}], cwd => $app,
    env => {%env, %given, VAULT_URL => $s->{url}, MAKEFLAGS => undef,
    MAKELEVEL => undef});
is $r->{stdout}, "token of the test\n", 'make test has the secrets of test'
    or diag $r->{stderr};

# ---- Containerfile
unlike $image, qr/^(?:ARG|ENV)\b.*(?:KEY|SECRET)/m, 'the image holds no key';
my ($library) = grep { -e } "$VaultTest::BUILD/lib/.libs/libvaultenv.so";
SKIP: {
	skip 'there is no dpkg, or no library', 2 if !defined $library ||
	    !grep { -x "$_/dpkg" } split /:/, $ENV{PATH};
	my $dynamic = join '', map { VaultTest::run(['readelf', '-dW', $_])->{stdout} }
	    $library, $bin;
	my ($soname) = $dynamic =~ /SONAME.*\[(.*)\]/;
	like $image, qr{^COPY --from=build /out/usr/lib/\Q$soname\E /usr/lib/$}m,
	    'it copies the library by its name';
	my ($packages) = $image =~ /no-install-recommends install \\\n([^&]*)&&/;
	my %named = map { s/t64\z//r => 1 } split /[\s\\]+/, $packages;
	# asked for as the loader asks, found as Debian ships it
	my %needed;
	for my $lib ($dynamic =~ /NEEDED.*\[(?!libvaultenv|libc\.|ld-)(.*)\]/g) {
		my $of = VaultTest::run(['dpkg', '-S', "*/$lib"])->{stdout};
		$needed{$of =~ /^([\w.+-]+?)(?:t64)?:/ ? $1 : $lib} = $lib;
	}
	is_deeply [grep { !$named{$_} } sort keys %needed], [],
	    'it installs every library that is needed: ' . join ' ', sort keys %needed;
}
SKIP: {
	my @process_1 = ('unshare', '--pid', '--fork', '--mount-proc');
	skip 'a process 1 needs root', 2
	    if VaultTest::run([@process_1, 'true'])->{status};
	my ($entry, $cmd) = map { decode_json($_) } $command[0] =~
	    /^ENTRYPOINT (.*)\nCMD (.*)$/;
	VaultTest::spew("$app/$cmd->[0]", "#!/bin/sh\necho \"process \$\$: " .
	    "\$API_TOKEN\"\ntrap 'echo stopped; exit 7' TERM\n(sleep 0.3; kill 1) &\n" .
	    "while :; do sleep 0.1; done\n");
	chmod 0755, "$app/$cmd->[0]";
	$r = VaultTest::run([@process_1, @$entry, @$cmd], cwd => $app,
	    env => {%env, %keys});
	is $r->{stdout}, "process 1: of the production\nstopped\n",
	    'the program is process 1, has the secrets and is told to stop';
	is $r->{status}, 7, 'the exit code is its own' or diag $r->{stderr};
}
done_testing;
