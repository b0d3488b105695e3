#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Devices of protocol v1 (of v2: v2-devices.t): what each
# person sees from the first device on, and that a device secret is never lost.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
$p->must('init', '--protocol', 1);
my $project = $p->project;
my $first = $p->json('list-devices')->{devices}[0]{id};
my $path = "$p->{home}/.vault/$project.key";

# ---- this machine has a key
my $secret = $p->device_secret;
$p->gives(['register-device'], 0, "Kept the existing device secret $path; use " .
    "--force to make a new one\nThis device ($first) is approved\n", '');
is($p->device_secret, $secret, 'the key is as it was');
my $r = $p->json('register-device', '--name', 'other');
ok(!$r->{new_key}, '--json: no new key');
is($r->{device}{id}, $first, '--json: the same device');
is($r->{device}{status}, 'approved', '--json: its status');
$p->spew('x', "A=1\n");
$p->must('push', '--file', 'x');

# ---- another person
my $q = CliTest->new(url => $url, dir => $p->{dir});
$q->gives(['pull'], 3, '', "vault-env: Device not registered. Run: vault-env " .
    "register-device\n", 'a machine that is not registered');
$r = $q->run('register-device', '--name', "Bücher-PC");
is($r->{status}, 0, 'register-device exits 0');
my ($second) = $r->{stdout} =~ /\AThis\ device\ waits\ for\ approval\.\ Ask\ the
    \ project\ owner\ to\ run:\ vault-env\ approve-device\ --id\ ($uuid)\n\z/x;
ok(defined $second, 'and says what to do') or diag $r->{stdout};
for my $command ([qw(pull)], [qw(push --file x)]) {
	$q->gives($command, 3, '', "vault-env: Device not yet approved. Ask the " .
	    "project owner to run: vault-env approve-device --id $second\n",
	    "a pending device: @$command");
}
$r = $p->run('list-devices');
like($r->{stdout}, qr/\AID\ {36}NAME\ +STATUS\ +REGISTERED\ +LAST\ SEEN\n
    $second\ \ Bücher-PC\ +pending\ +\d{4}-\d\d-\d\d\ \d\d:\d\d\ \([^)]+\)
    \ +never\n$first\ \ \S+\ +approved\ [^\n]+\n\z/x, 'list-devices');
my @columns = map { utf8::decode($_); /^ID.*?(STATUS)|pending|approved/ ?
    $-[1] // $-[0] : () } split /\n/, $r->{stdout};
is("@columns", join(' ', ($columns[0]) x 3), 'the columns are aligned');
$r = $p->json('list-devices')->{devices};
is_deeply([sort keys %{$r->[0]}], [qw(approved_at created_at device_name id
    last_seen_at status)], '--json: the names of the wire');
is($r->[0]{device_name}, 'Bücher-PC' =~ s/ü/\x{fc}/r, '--json: name');
is($r->[0]{approved_at}, undef, '--json: null for never');

my $what = qr/Bücher-PC, registered \d{4}-\d\d-\d\d \d\d:\d\d \([^)]+\), $second/;
sub status { return (grep { $_->{id} eq $second } @{$p->json('list-devices')->{devices}})[0]{status} }
my $approve = "exec $CliTest::BIN --url $url approve-device --id $second";
my ($text, $code) = $p->terminal($approve, ready => qr/\[y\/N\] /, keys => "n\n");
like($text, qr/\AApprove $what\? \[y\/N\] n\nvault-env: The device was not approved\n\z/,
    'on a terminal it shows the device, and asks');
is_deeply([$code, status()], [1, 'pending'], 'no: it stays as it is');
($text, $code) = $p->terminal($approve, ready => qr/\[y\/N\] /, keys => "\n");
is_deeply([$code, status()], [1, 'pending'], 'as it does by mere Return');
($text, $code) = $p->terminal($approve, ready => qr/\[y\/N\] /, keys => "y\n");
like($text, qr/\? \[y\/N\] y\nApproved $what\n\z/, 'yes: it is approved');
is_deeply([$code, status()], [0, 'approved'], 'really');
($text, $code) = $p->terminal("$approve --yes");
like($text, qr/\AApproved $what\n\z/, '--yes: it does not ask');
$p->gives(['approve-device', '--id', $second], 0, qr/\AApproved $what\n\z/, '',
    'nor where there is no terminal');
is_deeply($p->json('approve-device', '--id', $second), {device_id => $second,
    status => 'approved'}, 'approve-device again, --json');
$q->gives(['register-device', '--quiet'], 0, '', '');
$q->spew('x', "A=1\n");
is($q->run('push', '--file', 'x', '--env', 'mine')->{status}, 0,
    'an approved device can push');

# ---- a new key
my $old = $q->device_secret;
$r = $q->run('register-device', '--force');
is($r->{status}, 0, 'register-device --force exits 0');
my ($backup) = $r->{stdout} =~ /\AThe\ old\ device\ secret\ is\ kept\ as\ (\S+);\ what\ was
    \ pushed\ with\ it\ can\ be\ read\ only\ with\ it\n
    This\ device\ waits\ for\ approval\./x;
like($backup, qr/\d{4}-?\d\d-?\d\d/, 'the backup has the date in its name');
is(VaultTest::slurp($backup), "$old\n", 'and the old key in it');
is(sprintf('%04o', (stat $backup)[2] & 07777), '0600', 'for its owner only');
isnt($q->device_secret, $old, 'there is a new key');
$q->gives(['register-device', '--force', {env => {VAULT_DEVICE_SECRET => $old}}],
    1, '', "vault-env: VAULT_DEVICE_SECRET is set and would be used instead of a new device secret. Unset it first\n", '--force with VAULT_DEVICE_SECRET');
$q->gives(['register-device', {env => {VAULT_DEVICE_SECRET => $old}}], 0,
    "Kept the existing device secret of VAULT_DEVICE_SECRET\nThis device " .
    "($second) is approved\n", '', 'VAULT_DEVICE_SECRET is registered');
my $now = $q->device_secret;
$q->gives(['register-device', '--force', {url => CliTest::closed_url()}], 4,
    qr/\AThe old device secret is kept as /, qr/\Avault-env: Cannot reach /,
    '--force, server away');
$q->gives(['register-device'], 0, qr/\AKept\ the\ existing\ device\ secret\ .*
    ^This\ device\ waits\ for\ approval\./mxs, '', 'goes on from there');
is(scalar(() = glob "$q->{home}/.vault/*.key*"), 3, 'all keys are still there');

# a disk on which nothing can be written
my $kept = $q->device_secret;
$r = VaultTest::run(['bash', '-c', "{ (trap '' XFSZ; ulimit -f 0; exec " .
    "$CliTest::BIN --url $url register-device --force); echo \$?; } 2>&1 | cat"],
    cwd => $q->{dir}, env => $q->environment);
like($r->{stdout}, qr/^vault-env: Cannot write .*File too large.*\n1\n\z/m,
    '--force where no new secret can be written fails');
is($q->device_secret, $kept, 'and the old one is in its place');

# a device secret file that is broken
my $file = "$q->{home}/.vault/$project.key";
VaultTest::spew($file, "not a key\n");
$q->gives(['pull'], 1, '', qr/\Avault-env:\ \Q$file\E\ does\ not\ hold\ a\ device
    \ secret/x, 'a broken device secret');
is($q->run('register-device', '--force')->{status}, 0,
    '--force replaces a broken one');
like($q->device_secret, qr/^[0-9a-f]{64}$/, 'by a good one');
chmod 0644, $file;
$q->gives(['pull'], 1, '', qr/\Avault-env: .*\Q$file\E/,
    'a device secret that others can read');
chmod 0600, $file;

# ---- revoked
$p->gives(['revoke-device', '--id', $second], 0, qr/\ARevoked $what\n\z/, '');
is_deeply($p->json('revoke-device', '--id', $second), {device_id => $second,
    status => 'revoked'}, 'revoke-device again, --json');
my $env = {env => {VAULT_DEVICE_SECRET => $old}};
$q->gives(['pull', $env], 3, '', "vault-env: Device not registered. Run: " .
    "vault-env register-device\n", 'a revoked device');
$q->gives(['register-device', $env], 3, "Kept the existing device secret of " .
    "VAULT_DEVICE_SECRET\n", "vault-env: This device ($second) was revoked, " .
    "which is final. Use --force to make a new device secret\n",
    'register-device of a revoked device');
$p->gives(['approve-device', '--id', $second], 3, '', "vault-env: Device " .
    "revoked, and that is final. Run on that machine: vault-env " .
    "register-device --force\n", 'approve-device of a revoked device');

for my $command (qw(approve-device revoke-device)) {
	$p->gives([$command, '--id', '00000000-0000-4000-8000-000000000000'], 1,
	    '', "vault-env: Device not found. Run: vault-env list-devices\n");
	$p->gives([$command, '--id', 'x'], 1, '', "vault-env: That is not the " .
	    "id of a device. Copy it from: vault-env list-devices\n");
}

# names that would steer a terminal, or look like another
$s->psql("update vault.devices set name = E'a\\x1b[2Jb' where id = '$first'");
like($p->run('list-devices')->{stdout}, qr/ a\?\[2Jb /,
    'control characters do not reach the terminal');
$s->psql("update vault.devices set name = E'a\\u009b2Jb' where id = '$first'");
like($p->run('list-devices')->{stdout}, qr/ a\?{1,2}2Jb /,
    'nor do those that are not ASCII (C1)');
$s->psql("update vault.devices set name = E'lap\\u200btop\\u202e' where id = '$first'");
like($p->run('list-devices')->{stdout}, qr/ lap\?{1,3}top\?{1,3} /, 'nor do invisible ones');
my $held = VaultTest::slurp($file);
$q->gives(['register-device', '--force', '--name', "lap\xe2\x80\x8btop"], 2, '', 'vault-env: ' .
    "--name must be 1 to 128 bytes of visible text. See: vault-env register-device --help\n", 'no such name is taken');
is(VaultTest::slurp($file), $held, 'and no device secret set aside for it');

done_testing();
