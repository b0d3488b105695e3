#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# For every command: no key, a bad key, a wrong key, an unknown project, a
# server that is away, in trouble, refuses, or is no vault-env server at all; a
# project of protocol 1 where 2 is needed. Exit code and exact sentence; nothing
# on stdout, no file touched.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('cli/vault-env');
my $id = '11111111-2222-4333-8444-555555555555';
my $v1 = "vk_${id}_" . 'c' x 64;
my $key = $CliTest::PROTOCOL == 1 ? $v1 : "${v1}_" . 'e' x 64;

# What to say to have each command do its work; undef: it needs no server.
my %args = (init => [], push => ['--yes'], pull => [], versions => [], rollback =>
    ['--version', 3], 'register-device' => [], 'approve-device' => ['--id',
    $id], 'list-devices' => [], 'revoke-device' => ['--id', $id],
    run => ['--', 'true'], get => ['A'], set => ['A=', '--yes'], delete => ['A', '--yes'],
    diff => [], export => [], confirm => [], verify => [], heads => [], share => [],
    bundle => [], audit => [], 'scope-device' => ['--id', $id, '--role', 'reader', '--yes'],
    enroll => ['--env', 'production', '--yes'], recovery => ['create', '--yes'],
    key => [], 'rotate-key' => ['--yes'],
    'accept-loss' => ['--env', 'production', '--confirm', 1],
    'delete-project' => ['--confirm', $id],
    status => [], upgrade => $CliTest::PROTOCOL == 1 ? ['--yes'] : undef,
    trust => undef, help => undef);
# They look at the key, and ask no server.
my %asks_nothing = (heads => 1);
my $table = decode_json(VaultTest::run([$CliTest::BIN, 'help', '--json'])
    ->{stdout});

my $away = CliTest::closed_url();
sub error { return encode_json({error => $_[0], code => 'x'}) }

# Where a command's sentence is another one.
my %wrap = (run => sub {
	my ($sentence, $status) = @_;
	return $status == 4 ? "Failed to fetch secrets and no cache available: " .
	    $sentence : $sentence;
});

# What of v2 has no MAC is no refusal: the server might not be the project's.
my $stranger = 'URL answered, but not as a server that knows this device. It was treated ' .
    'as unreachable: check the URL (VAULT_URL), and that VAULT_KEY is of a project there';

# Name, URL, exit code, sentence (URL and PATH stand for themselves); then the
# same for init where it differs: it tries its key by a request of its own, and
# explains.
my $check = 'Check the URL (VAULT_URL)';
my $unknown = "URL knows no project $id, which the VAULT_KEY in .env is for, so " .
    'nothing was changed. Name the right server with --url, or remove the key to make a ' .
    'new project';
my @cases = (
	['server away', $away, 4,
	    "Cannot reach URL: Connection refused. $check"],
	['500', CliTest::canned(500, error('Broken')), 4,
	    'URL cannot answer now: Broken. Try again later'],
	['503', CliTest::canned(503, error('Database unavailable'),
	    'Retry-After: 1'), 4,
	    'URL cannot answer now: Database unavailable. Try again later'],
	['502 of a proxy', CliTest::canned(502, '<html>'), 4,
	    'URL cannot answer now: HTTP 502. Try again later'],
	['429', CliTest::canned(429, error('Too many requests')), 4,
	    'URL cannot answer now: Too many requests. Try again later'],
	['401', CliTest::canned(401, error('Unauthorized')), 3,
	    "The server does not accept this VAULT_KEY for project $id. Check " .
	    'that key and server belong together',
	    3, "The VAULT_KEY in .env is not the key of project $id on URL, so nothing was " .
	    'changed. Put the right key there, or remove it to make a new project'],
	['403', CliTest::canned(403, error('Device not registered or revoked')),
	    3, 'Device not registered. Run: vault-env register-device'],
	['409', CliTest::canned(409, error('Signature already used for ' .
	    'another request')), 3, 'The server refused: Signature already ' .
	    'used for another request. Try again'],
	['413', CliTest::canned(413, error('Request body too large')), 3,
	    'The server refused: Request body too large. Push less, or ask ' .
	    'the operator of URL'],
	['400', CliTest::canned(400, error('x must be y')), 3,
	    'The server refused: x must be y. Correct it and try again'],
	['unknown project', CliTest::canned(404, error('Project not found')), 1,
	    "Project $id is unknown to URL. Check VAULT_KEY and VAULT_URL",
	    3, $unknown],
	['unknown path', CliTest::canned(404, error('Not found')), 1,
	    'Not found. Check that URL is a vault-env server', 3, $unknown],
	['another web server', CliTest::canned(404, '<html>'), 1,
	    "URL answers HTTP 404, but not as a vault-env server does. $check"],
	['a redirect', CliTest::canned(302, '', 'Location: http://127.0.0.1/'),
	    1, 'URL answers with a redirect (HTTP 302), which is not followed. ' .
	    $check],
	['no JSON', CliTest::canned(200, '<html>'), 1,
	    "The answer of URL to PATH makes no sense (no JSON object). $check"],
	['JSON of something else', CliTest::canned(200, '{"a":1}'), 1,
	    "The answer of URL to PATH makes no sense (MEMBER). $check"],
	['plain http', 'http://vault.example.com', 1, 'URL is not encrypted. ' .
	    'Use https, or allow http (--insecure-http) if the network on the way can be ' .
	    'trusted'],
	['no URL', 'ftp://x', 1, "The URL given is not a server's URL. Write it like " .
	    'https://vault.example.com'],
);

my $no_uuid = 'what follows vk_ is not a UUID in lower case';
my %bad_keys = (x => 'it does not begin with vk_', "vk_$id" => 'it ends before its secret',
    'vk_../../x_' . 'c' x 64 => $no_uuid, vk__x => $no_uuid,
    'vk_' . 'A' x 36 . '_x' => $no_uuid);

for my $command (@{$table->{commands}}) {
	my ($c, $v2) = @$command{qw(name v2)};

	ok(exists $args{$c}, "errors.t knows $c") or next;
	my $more = $args{$c} // next;
	my $p = CliTest->new;
	my $env = "A=1\nVAULT_KEY=$key\n";
	my $device = "$p->{home}/.vault/$id.key";
	mkdir "$p->{home}/.vault", 0700;
	VaultTest::spew($device, 'd' x 64 . "\n");
	chmod 0600, $device;
	if ($v2) {
		$p->spew('.env', "VAULT_KEY=$v1\n");
		$p->gives([$c, @$more, {url => $away}], 1, '', "vault-env: Project $id " .
		    "is of protocol v1, which cannot do this. Run: vault-env upgrade\n",
		    "$c, a project of v1");
		next if $CliTest::PROTOCOL == 1;
	}
	$p->spew('.env', $env);
	for my $case ($asks_nothing{$c} ? () : @cases) {
		my ($name, $url, $status, $sentence, @init) = @$case;

		($status, $sentence) = @init if $c eq 'init' && @init;
		($status, $sentence) = (4, $stranger) if $CliTest::PROTOCOL == 2 &&
		    $status != 4 && $name ne "413" && $url =~ m{^http://127\.};
		$sentence = $wrap{$c}->($sentence, $status) if $wrap{$c};
		my $r = $p->run($c, @$more, {url => $url});
		my $said = $r->{stderr};
		$said =~ s/\Q$url\E/URL/g;
		$said =~ s{ to [a-z]+/[a-z-]+ makes }{ to PATH makes };
		$said =~ s/\([a-z]+(?:_[a-z]+)?\)/(MEMBER)/;
		is($r->{status}, $status, "$c, $name: exit $status");
		is($said, "vault-env: $sentence\n", "$c, $name: the sentence");
		is($r->{stdout} =~ s/\AKept the existing .*\n//r, '',
		    "$c, $name: nothing on stdout") unless $c eq 'status';
	}
	is($p->slurp('.env'), $env, "$c: .env is as it was");
	is(VaultTest::slurp($device), 'd' x 64 . "\n", "$c: so is the device secret");

	for my $bad (sort keys %bad_keys) {
		$p->spew('.env', "A=1\nVAULT_KEY=$bad\n");
		$p->gives([$c, @$more, {url => $away}], 1, '', "vault-env: VAULT_KEY " .
		    "is not a vault key, vk_<project id>_<secret>: $bad_keys{$bad}. " .
		    "Copy it again from where it was made\n", "$c, bad key $bad");
	}
	$p->spew('.env', "A=1\nVAULT_KEY=" . 'v' x 300 . "\n");
	$p->gives([$c, @$more, {url => $away}], 1, '', "vault-env: VAULT_KEY is " .
	    'longer than 256 bytes. Copy it again from where it was made' . "\n",
	    "$c, long key");
	$p->spew('.env', "A=1\n");
	if ($c eq 'init') {
		my $r = $p->run($c, {url => $away});
		is($r->{status}, 4, 'init, no key, server away: exit 4');
		# A project of v2 is made here; its key is kept before it is sent.
		like($p->slurp('.env'), $CliTest::PROTOCOL == 1 ? qr/\AA=1\n\z/ :
		    qr/\AA=1\n(?s:.*)^VAULT_KEY=vk_/m, '.env is as it was, or has the key');
	} elsif ($c eq 'run') {
		$p->gives([$c, @$more, {url => $away}], 0, '', '', 'run, no key: ' .
		    'plain dotenv');
		$p->gives([$c, '--file', 'none', @$more, {url => $away}], 1, '',
		    qr/\Avault-env: .*\bnone\b/, 'run, no such file');
	} else {
		$p->gives([$c, @$more, {url => $away}], 1, '', "vault-env: VAULT_KEY " .
		    'not found in the environment or in .env. Run: vault-env ' .
		    'init, or set VAULT_KEY to the key of an existing project' .
		    "\n", "$c, no key");
		$p->gives([$c, @$more, '--file', 'none', {url => $away}], 1, '',
		    qr/\Avault-env: .*\bnone\b/, "$c, no such file");
	}
	$p->spew('.env', $env);
	$p->gives([$c, @$more, {url => $away, env => {VAULT_DEVICE_SECRET => 'x'}}],
	    1, '', "vault-env: VAULT_DEVICE_SECRET is not a device secret, 64 hex " .
	    'digits: its length is 1, not 64. Copy it again, or unset ' .
	    "it\n", "$c, bad device secret");
}

# Options of a command of both that v1 does not have.
for my $args (['revoke-device', '--admitted-by', $id], ['revoke-device', '--id', $id,
    '--keep-key'], ['approve-device', '--id', $id, '--role', 'reader']) {
	my $p = CliTest->new;

	$p->spew('.env', "VAULT_KEY=$v1\n");
	$p->gives([@$args, {url => $away}], 1, '', "vault-env: Project $id is of protocol " .
	    "v1, which cannot do this. Run: vault-env upgrade\n", "@$args, a project of v1");
}

# A clock that is off by more than minutes: refused, with both times. (One that is
# off by minutes is in tests/lib/v1/clock-t, v2's in tests/evil/57.)
if ($CliTest::PROTOCOL == 1) {
	my $p = CliTest->new;
	my $time = qr/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;
	my $late = CliTest::canned(401, error('Unauthorized'),
	    'Date: Sat, 31 Jan 2026 12:00:00 GMT');
	$p->spew('.env', "VAULT_KEY=$key\n");
	my $r = $p->run('list-devices', {url => $late});
	is($r->{status}, 3, 'a clock that is off: exit 3');
	my @lines = split /\n/, $r->{stderr};
	like($lines[0], qr/\Avault-env: The server did not accept this machine's signature, and the clocks differ: $time here, 2026-01-31 12:00:00 UTC there\. /,
	    'an error with both times');
	is(scalar @lines, 1, 'and no more');
}

# Memory that cannot be locked: no keys without being told so.
SKIP: {
	skip 'root may lock memory without limit', 1 if $> == 0;
	my $p = CliTest->new;
	my $try = sub { return VaultTest::run(['sh', '-c', 'ulimit -l 0; exec ' .
	    "$CliTest::BIN pull"], cwd => $p->{dir}, env => $p->environment(@_)) };
	like($try->()->{stderr}, qr/\Avault-env: Cannot keep keys out of swap/,
	    'no locked memory');
	like($try->(VAULT_ALLOW_INSECURE_MEMORY => 1)->{stderr},
	    qr/\Avault-env: VAULT_KEY not found/, 'it can be allowed');
}

done_testing();
