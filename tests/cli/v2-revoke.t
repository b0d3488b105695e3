#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# revoke-device in a project of protocol v2: what it takes away, what it tells,
# and what status remembers of it; an admin's device takes VAULT_KEY with it.
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
my $p = CliTest->new(url => $url);
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
$p->must('init');
my $first = $p->json('list-devices')->{devices}[0]{id};
my $file = "$p->{home}/.vault/" . $p->project . '.exposed';

# Another machine with the same key, let in.
sub machine
{
	my ($name, @scope) = @_;
	my $q = CliTest->new(url => $url);

	$q->spew('.env', $p->slurp('.env'));
	my ($id) = $q->must('register-device', '--name', $name) =~ /--id ($uuid)$/;
	$p->must('approve-device', '--id', $id, @scope);
	return ($q, $id);
}

sub push_all
{
	my ($env, %secrets) = @_;

	$p->spew('x', join '', map { "$_=$secrets{$_}\n" } sort keys %secrets);
	$p->must('push', '--replace', '--file', 'x', '--env', $env);
}

sub status_of { return {map { ($_->{id} => $_->{status}) } @{$p->json('list-devices')->{devices}}} }
sub exposed { return join ' ', map { "$_->{environment}/$_->{name}" } @{$p->json('status')->{exposed}} }

push_all('development', A => 1);
push_all('development', A => 1, B => 2);
push_all('development', B => 2, C => 3);
push_all('production', P => 1);

# ---- what makes no sense
my ($q, $id) = machine('laptop', '--role', 'writer', '--env', 'development');
$p->gives(['revoke-device'], 2, '', "vault-env: One of --id ID and --admitted-by ID is needed. See: " .
    "vault-env revoke-device --help\n", 'nobody is named');
$p->gives(['revoke-device', '--id', '00000000-0000-8000-8000-000000000000'], 1, '',
    "vault-env: Device not found. Run: vault-env list-devices\n", 'an id that is none');
$p->gives(['revoke-device', '--id', $id, '--id', '00000000-0000-8000-8000-000000000000'], 1, '', qr/Device not found/, 'one of two');
is(status_of()->{$id}, 'approved', 'then the other one stays, too');
$p->gives(['revoke-device', '--admitted-by', $id], 1, '', qr/\Avault-env: No device that is left was admitted by $id/);
$p->gives(['revoke-device', '--id', $first, '--keep-key'], 3, '', qr/log_last_admin/, 'the last admin stays');
my ($text, $code) = $p->terminal("exec $CliTest::BIN --url $url revoke-device --id $id", ready => qr/\[y\/N\] /, keys => "n\n");
like($text, qr/\ARevoke laptop, $id \(writer of development\)\? \[y\/N\] n\nvault-env: No device was revoked\n\z/, 'on a terminal it asks');
is_deeply([$code, status_of()->{$id}], [1, 'approved'], 'a no leaves all as it was');
$q->gives(['revoke-device', '--id', $id], 3, '', qr/\Avault-env: Only an admin's device may do this/, 'who is no admin revokes nobody');

# ---- one is shut out
$q->must('pull');
$p->gives(['revoke-device', '--id', $id], 0, qr/\ARevoked\ laptop,\ $id;\ by\ the\ server's\ word\ it\ was\ last\ seen:\ [^\n]+\n
    It\ could\ read,\ and\ keeps\ what\ it\ has\ read:\ change\ these\ where\ they\ come\ from\n
    ENVIRONMENT\ \ NAME\ \ VERSIONS\n
    development\ \ A\ {5}1\ to\ 2\n
    development\ \ B\ {5}2\ to\ 3\n
    development\ \ C\ {5}3\ to\ 3\n
    Confirmed\ development\ under\ a\ new\ key,\ now\ version\ 4\n\z/x, '', 'every name it could read is told');
is(status_of()->{$id}, 'revoked', 'it is revoked');
$q->gives(['pull'], 3, '', qr/\Avault-env: This device was revoked on .* by \S+ \(@{[substr $first, 0, 8]}\)\. Its cached secrets were removed\. To ask to be let in again, run: vault-env register-device --force\n\z/,
    'and is told by whom');
$q->gives(['register-device'], 3, qr/^Kept/, qr/This device \($id\) was revoked, which is final/, 'it is final');
$p->gives(['approve-device', '--id', $id], 3, '', "vault-env: Device revoked, and that is final. Run on that machine: vault-env register-device --force\n",
    'for the admin, too');
$p->gives(['scope-device', '--id', $id, '--role', 'reader'], 3, '', qr/Device revoked, and that is final/);

# ---- what status remembers
like(VaultTest::slurp($file), qr/\Adevelopment 3 [0-9a-f]{64} B\ndevelopment 3 [0-9a-f]{64} C\n\z/,
    'what it could read to the end is remembered, and no value');
is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'for the owner alone');
like($p->must('status'), qr/^A removed device could read these, and they were not changed since:\nENVIRONMENT  NAME  VERSIONS\ndevelopment  B     3\ndevelopment  C     3\n\z/m,
    'status lists it');
is(exposed(), 'development/B development/C', '--json, too');
$p->must('set', 'B=9');
is(exposed(), 'development/C', 'until a value changes');
my $before = VaultTest::slurp($file);
$p->must('rotate-key', '--yes');
is(exposed(), 'development/C', 'another VAULT_KEY is no change');
isnt(VaultTest::slurp($file), $before, 'but its lines are made anew');
$p->must('delete', 'C');
is(exposed(), '', 'a name that is gone is gone');
ok(!-e $file, 'and so is the file');
$p->gives(['revoke-device', '--id', $id, '--quiet'], 0, '', '', 'to revoke it again is no error');
is(exposed(), '', 'what was changed since does not come back');

# ---- what was taken away before
my ($narrow, $narrow_id) = machine('narrow', '--role', 'reader', '--env', 'production', '--env', 'development');
$p->must('scope-device', '--id', $narrow_id, '--env', 'development');
push_all('production', P => 2, Q => 1);
my $r = $p->json('revoke-device', '--id', $narrow_id);
is_deeply([map { "$_->{environment}/$_->{name} $_->{last}" } grep { $_->{environment} eq 'production' } @{$r->{revoked}[0]{exposed}}],
    ['production/P 1'], 'of an environment that was taken away, what was there until then');
push_all('production', P => 3, Q => 2);

# ---- an access that has ended
my (undef, $ended) = machine('ended', '--role', 'reader', '--env', 'production', '--expires', '1s');
sleep 2;
my (undef, $other) = machine('other', '--role', 'reader', '--env', 'development');
my (undef, $idle) = machine('idle', '--role', 'reader', '--env', 'unused', '--expires', '1s');
sleep 2;
$p->terminal("exec $CliTest::BIN --url $url scope-device --id $other --role reader",
    steps => [[qr/\[y\/N\] /, 'x' x 63 . "y\n"], [qr/\[y\/N\] /, "n\n"]]);
is_deeply([@{status_of()}{$ended, $idle}], [('approved') x 2], 'the end of a long answer does not answer the next question');
$p->must('revoke-device', '--id', $idle);
($text, $code) = $p->terminal("exec $CliTest::BIN --url $url scope-device --id $other --role writer", ready => qr/\[y\/N\] /, keys => "y\n");
like($text, qr/^Revoke ended now\? \[y\/N\] y\nvault-env: Revoked ended, $ended: status lists what it could read\nChanged other/m,
    'on a terminal it is asked whether to revoke who has expired');
is(status_of()->{$ended}, 'revoked', 'a yes does it');
is(exposed(), 'development/B production/P production/Q', 'and remembers what it could read');

# ---- an admin's device
my ($admin, $admin_id) = machine('admin', '--role', 'admin');
$admin->must('enroll', '--env', 'production', '--name', 'ci');
my ($ci) = grep { $_->{device_name} eq 'ci' } @{$p->json('list-devices')->{devices}};
my $key = $p->key;
$p->gives(['revoke-device', '--id', $admin_id], 2, '', "vault-env: An admin's device is to be revoked, and VAULT_KEY is replaced with " .
    "that: nobody can be asked. Use --yes, or --keep-key to keep it\n", 'without a terminal it wants a word');
is(status_of()->{$admin_id}, 'approved', 'before anything is done');
$r = $p->run('revoke-device', '--id', $admin_id, '--keep-key');
is($r->{status}, 0, '--keep-key') or diag $r->{stderr};
like($r->{stderr}, qr/^vault-env: ci was admitted by it, so its secret may be known there\. To revoke it, too, run: vault-env revoke-device --id $ci->{id}\nvault-env: A machine that used ci gets a new device by: vault-env enroll --env 'production' --role reader --name NAME$/m,
    'names whom it let in, and what replaces that');
like($r->{stderr}, qr/^vault-env: VAULT_KEY is kept\. To replace it, run: vault-env rotate-key --leaked$/m, 'and what was not done');
is($p->key, $key, 'VAULT_KEY is as it was');
$r = $p->json('revoke-device', '--admitted-by', $admin_id);
is_deeply([map { $_->{device_name} } @{$r->{revoked}}], ['ci'], '--admitted-by');
is_deeply([map { $_->{environment} } @{$r->{confirmed}}], ['production'], 'with a new key for what it read');

($admin, $admin_id) = machine('admin2', '--role', 'admin');
$admin->must('enroll', '--env', 'production', '--name', 'ci2');
($text, $code) = $p->terminal("exec $CliTest::BIN --url $url revoke-device --id $admin_id", steps => [[qr/Revoke admin2[^\n]*\[y\/N\] /, "y\n"],
    [qr/Revoke ci2[^\n]*\[y\/N\] /, "y\n"], [qr/Is it kept elsewhere, too[^\n]*\[y\/N\] /, "y\n"]]);
is($code, 0, 'on a terminal it asks for each') or diag $text;
like($text, qr/^vault-env: ci2 was admitted by it, so its secret may be known there$/m, 'saying why');
is_deeply([sort map { $_->{device_name} } grep { $_->{status} eq 'revoked' && $_->{device_name} =~ /2$/ } @{$p->json('list-devices')->{devices}}],
    [qw(admin2 ci2)], 'both are revoked');
isnt($p->key, $key, 'and VAULT_KEY is another one');
is($p->must('pull', '--env', 'production'), "P=3\nQ=2\n", 'with which the others go on');

# ---- an admin's device shuts itself out
my ($own, $own_id) = machine('own', '--role', 'admin');
my (undef, $with) = machine('with', '--role', 'reader', '--env', 'production');
$key = $p->key;
$r = $own->run('revoke-device', '--id', $own_id, '--id', $with);
is($r->{status}, 0, 'an admin revokes its own device') or diag $r->{stderr};
like($r->{stdout}, qr/\ARevoked with, $with; [^\n]+\nRevoked own, $own_id; [^\n]+\n\z/, 'after the others');
is($r->{stderr}, "vault-env: This machine was one of them and can do nothing more here. What could be read and new data keys are left " .
    "to another admin: vault-env revoke-device --id $with --id $own_id. So is another VAULT_KEY: vault-env rotate-key --leaked\n", 'and says what is left');
$own->gives(['pull'], 3, '', qr/\Avault-env: This device was revoked/, 'it is out');
is_deeply([map { $_->{environment} } @{$p->json('revoke-device', '--id', $with, '--id', $own_id)->{confirmed}}],
    [qw(development production)], 'what is left is done elsewhere by the line that it printed');
($own, $own_id) = machine('own2', '--role', 'admin');
$r = $own->json('revoke-device', '--id', $own_id);
is_deeply([$r->{confirmed}, map { $_->{exposed} } @{$r->{revoked}}], [[], undef], '--json says that it is not known what it could read');

# ---- more devices and environments than fit on a screen
my @many = map { sprintf 'environment-of-some-length-%02d', $_ } 1 .. 60;
($own, $own_id) = machine('own3', '--role', 'admin');
$r = $own->run('enroll', '--name', 'broad', map { ('--env', $_) } @many);
like($r->{stderr}, qr/^vault-env: Enrolled broad, $uuid: reader of @{[join ', ', @many]} until 20[-\d]+\. What was printed/m,
    'an admin is told every environment, and the day after them');
my @more = map { (machine("more$_", '--role', 'reader', '--env', 'production'))[1] } 1 .. 15;
$r = $own->run('revoke-device', '--yes', map { ('--id', $_) } @more, $own_id);
like($r->{stderr}, qr/^vault-env: A machine that used broad gets a new device by: vault-env enroll @{[join ' ', map { "--env '$_'" } @many]} --role reader --name NAME$/m,
    'every environment is in the line that replaces a device');
like($r->{stderr}, qr/: vault-env revoke-device @{[join ' ', map { "--id $_" } @more, $own_id]}\. So is another VAULT_KEY/,
    'and every device in the one for another admin');
my ($broad) = grep { $_->{device_name} eq 'broad' } @{$p->json('list-devices')->{devices}};
($text, $code) = $p->terminal("exec $CliTest::BIN --url $url revoke-device --id $broad->{id}", ready => qr/\? \[y\/N\] /, keys => "n\n");
like($text, qr/\ARevoke broad, $broad->{id} \(reader of @{[join ', ', @many]} until 20[-\d]+\)\? \[y\/N\] n/, 'nobody is asked about a part');

# ---- an access that has ended, on its machine
my ($late, $late_id) = machine('late', '--role', 'reader', '--env', 'production', '--expires', '4s');
$late->must('pull', '--env', 'production');
sleep 4;
$late->gives(['register-device'], 3, qr/^Kept/, qr/\Avault-env: The access of this device \($late_id\) ended on 20\S+\. Ask an admin to run: vault-env scope-device --id $late_id --expires 365d\n\z/,
    'is not told to be approved');
$late->gives(['pull', '--env', 'production'], 3, '', qr/\Avault-env: This device's access ended on 20\S+ \S+ UTC\. Ask an admin to run: vault-env scope-device --id $late_id --expires 365d\n\z/,
    'the day and the way out are named');

# ---- who pushed last leaves, and VAULT_KEY with them
my ($leaver, $leaver_id) = machine('leaver', '--role', 'writer', '--env', 'production');
my ($stays) = machine('stays', '--role', 'reader', '--env', 'production');
$leaver->spew('x', "P=4\n");
$leaver->must('push', '--replace', '--file', 'x', '--env', 'production');
$stays->must('run', '--env', 'production', '--', 'true');
$p->must('revoke-device', '--id', $leaver_id);
$p->must('rotate-key', '--yes');
my $gone = qr/(?i:version) \d+ of production is by leaver \([0-9a-f]{8}\), which may not write there \(The cache\)\. Pull again: newer versions exist, and of those before them none by a removed device is taken from a cache/;
$stays->gives(['run', '--env', 'production', '--', 'true'], 3, '', qr/\Avault-env: Failed to fetch secrets and no cache available \($gone\): VAULT_KEY was replaced on [^\n]+ Ask for the new one and put it in place\n\z/,
    'a cache of who has left is not used, and nobody is accused: the new VAULT_KEY is asked for');
$stays->gives(['run', '--offline', '--env', 'production', '--', 'true'], 5, '', qr/\Avault-env: $gone\n\z/, 'the cache by itself');
$stays->gives(['run', '--env', 'production', '--', 'true', {url => CliTest::closed_url()}], 5, '', qr/\Avault-env: $gone\n\z/, '... and where the server is away');

done_testing();
