#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Devices of protocol v2: register-device, list-devices, approve-device and
# scope-device: who is let in, with what, and what the others see of it.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
$p->must('init');
my $first = $p->json('list-devices')->{devices}[0]{id};

# Another machine with the same key, which is nobody's yet.
sub stranger
{
	my $q = CliTest->new(url => $url);

	$q->spew('.env', $p->slurp('.env'));
	return $q;
}

sub machine
{
	my ($name) = @_;
	my $q = stranger();
	my ($id) = $q->must('register-device', '--name', $name) =~ /--id ($uuid)$/;
	return ($q, $id);
}

sub row { return (grep { $_->{id} eq $_[0] } @{$p->json('list-devices')->{devices}})[0] }
sub versions { $p->spew('x', "A=$_\n"), $p->must('push', '--replace', '--file', 'x', '--env', $_[0]) for 1 .. $_[1] }

# ---- a new device secret is a new device
my $held = $p->device_secret;
$p->gives(['register-device', '--force'], 3, '', "vault-env: This device is the only admin: nobody could approve it " .
    "with a new device secret. Let another admin in first (approve-device --role admin), or run: vault-env recovery create\n",
    'the only admin does not become one that nobody can approve');
$p->gives(['register-device', '--force', {url => CliTest::closed_url()}], 4, '', qr/\Avault-env: Cannot reach /,
    'nor where it is not known whether there is another');
is($p->device_secret, $held, 'it keeps its device secret');
my $safe = CliTest->new(url => $url);
$safe->must(@$_) for ['init'], ['recovery', 'create'];
$safe->gives(['register-device', '--force'], 0, qr/^This device waits for approval\./m, '',
    'one that has a recovery does');

# ---- who waits
$p->gives(['list-devices'], 0, qr/\AID\ +NAME\ +STATUS\ +ROLE\ +ENVIRONMENTS\ +EXPIRES\ +LAST\ SEEN\n
    $first\ \ \S+\ +approved\ +admin\ +\*\ +never\ +[^\n]+\n\z/x, '', 'the first device is an admin');
stranger()->gives([$_], 3, '', "vault-env: Device not registered. Run: vault-env register-device\n",
    "$_ of one that did not ask (device_missing)") for qw(pull list-devices);
my ($q, $id) = machine('laptop');
my $short = substr $id, 0, 8;
my $waits = "vault-env: Device not yet approved. Ask the project owner to run: vault-env " .
    "approve-device --id $id\n";
$q->gives(['register-device', '--name', 'laptop'], 0, qr/^This device waits for approval\. Ask the project owner to run: vault-env approve-device --id $id$/m,
    '', 'run again it says the same');
$q->gives([$_], 3, '', $waits, "$_ of who waits") for qw(pull list-devices);
my $r = $p->run('list-devices');
like($r->{stdout}, qr/^$short  +laptop +pending +- +- +- +asked .* from 127\.0\.0\.1$/m,
    'the admin sees that it waits');
unlike($r->{stdout}, qr/$id/, 'but not its whole id, which has to come from that machine');
is_deeply([map { @$_{qw(device_name status role last_seen_at)} } row($short)],
    ['laptop', 'pending', undef, undef], '--json: who waits');
is(row($id), undef, '--json: nor is the whole id in there');

# ---- what is no id of anybody
$p->gives(['approve-device', '--id', $short], 1, '', 'vault-env: That is not the id of a device. ' .
    "Type all of it, as that machine's vault-env register-device shows it\n", 'the first digits are not enough');
my $typo = $id =~ s/^(.)/$1 eq 'a' ? 'b' : 'a'/er;
$p->gives(['approve-device', '--id', $typo], 1, '', 'vault-env: No device with this id waits for ' .
    "approval. Compare it with the new machine's screen, or run there: vault-env register-device\n", 'a typing error');
$p->gives(['approve-device', '--id', $id, '--role', 'root'], 2, '', "vault-env: There is no such role. " .
    "Write reader, writer or admin\n", 'a role that is none');
$p->gives(['approve-device', '--id', $id, '--expires', 'soon'], 2, '', qr/\Avault-env: The end of the access is no span of time: "soon"\./,
    'a span that is none');
$p->gives(['approve-device', '--id', $id, '--role', 'admin', '--expires', '1d'], 2, '', 'vault-env: An ' .
    "admin has all environments and does not expire. Give it \"*\" and no end, or another role\n", 'an admin with an end');
$p->gives(['approve-device', '--id', $id, '--env', '*', '--env', 'a'], 2, '',
    "vault-env: \"*\" is all environments already. Leave the others away\n", 'all and one');
$p->gives(['scope-device', '--id', $id, '--role', 'writer'], 1, '',
    "vault-env: Device not found. Run: vault-env list-devices\n", 'scope-device of who waits');

# ---- let in
versions('development', 3);
versions('production', 1);
$p->gives(['approve-device', '--id', $id, '--role', 'reader', '--env', 'staging', '--env', 'development',
    '--expires', '365d', '--max-cache', '1d'], 0, qr/\AApproved laptop, $id: reader of development, staging until \S+\n\z/,
    '', 'approve-device with a scope');
$r = row($id);
is_deeply([@$r{qw(status role environments approved_by expired)}], ['approved', 'reader',
    [qw(development staging)], $first, JSON::PP::false()], 'list-devices --json shows it');
$q->gives(['pull'], 0, "A=3\n", '', 'it reads');
$q->gives(['pull', '--version', 1], 0, "A=1\n", '', 'older versions, too');
$q->spew('x', "A=9\n");
$q->gives(['push', '--replace', '--file', 'x'], 3, '', "vault-env: This device may only read development. Ask an " .
    "admin for the role of a writer\n", 'and does not write');
is($q->run('pull', '--env', 'production')->{status}, 3, 'another environment is none of its');
$q->gives(['list-devices'], 0, qr/\AID\ +NAME\ +STATUS\ +ROLE\ +ENVIRONMENTS\ +EXPIRES\n
    $id\ \ laptop\ +approved\ +reader\ +development,\ staging\ +\d{4}-\d\d-\d\d\n$first\ /x, '',
    'it sees the devices of the log, and not when they were seen');
$q->gives([@$_, '--id', $first], 3, '', "vault-env: Only an admin's device may do this. Ask an admin\n", "$_->[0] is an admin's")
    for ['scope-device', '--role', 'admin'], ['approve-device'];
$p->gives(['approve-device', '--id', $id], 0, qr/\AApproved laptop/, '', 'to approve it again is no error');
$p->gives(['approve-device', '--id', $id, '--role', 'writer'], 3, '', 'vault-env: laptop is approved already, and its ' .
    "scope stays. To change it, run: vault-env scope-device --id $id\n", 'but not otherwise');

# ---- changed
$p->gives(['scope-device', '--id', $id, '--role', 'writer'], 0, qr/\AChanged laptop, $id: writer of development, staging until \S+\n\z/,
    '', 'scope-device: what is not given stays');
$q->gives(['push', '--replace', '--file', 'x'], 0, "~ A\nPushed version 4 to development\n", '', 'now it writes');
is_deeply($p->json('scope-device', '--id', $id, '--env', 'production', '--expires', 'never'), {device_id => $id,
    role => 'writer', environments => ['production'], expires_at => undef}, '--json');
$q->gives(['pull', '--env', 'production'], 0, "A=1\n", '', 'it has what it was given');
$q->gives(['pull'], 3, '', "vault-env: This device may not read development. Ask an admin\n", 'and not what it was not');
versions('development', 1);
$p->gives(['pull', '--env', 'development'], 0, "A=1\n", '', 'the others go on');
$p->must('scope-device', '--id', $id, '--env', 'development', '--no-history');
$q->gives(['pull'], 0, "A=1\n", '', 'what it is given again, it reads again');

# ---- without a word: a writer of all, and how to narrow that
my ($ci, $ci_id) = machine('ci');
$p->gives(['approve-device', '--id', $ci_id, '--no-history'], 0, "Approved ci, $ci_id: writer of all environments\n",
    "vault-env: To narrow that, run: vault-env scope-device --id $ci_id --role reader --env NAME\n",
    'approve-device alone: a writer of all');
$ci->gives(['pull'], 0, "A=1\n", '', 'it reads the newest');
$ci->gives(['pull', '--version', 1], 3, '', qr/\Avault-env: There is no key of development for this device\./,
    '--no-history: and nothing older');

# ---- on a terminal it asks for what is missing
my ($t, $t_id) = machine('desk');
my $approve = "exec $CliTest::BIN --url $url approve-device --id $t_id";
my ($text, $code) = $p->terminal($approve, steps => [[qr/\[writer\]: /, "reader\n"],
    [qr/\[\*\]: /, join(' ', map { "e$_" } 1 .. 101) . "\n"]]);
is($code, 1, 'of more environments than it can take it takes none') or diag $text;
like($text, qr/^vault-env: More than 100 environments are given\. Write \* for all$/m, '... and says so');
($text, $code) = $p->terminal($approve, steps => [[qr/\[writer\]: /, "reader\n"],
    [qr/\[\*\]: /, 'production,' x 100 . "\n"]]);
is($code, 1, 'of a line that it cannot take whole it takes nothing') or diag $text;
like($text, qr/^vault-env: There was no answer, or one that is too long\. Use --role and --env$/m, '... and says so');
($text, $code) = $p->terminal($approve, steps => [[qr/\[writer\]: /, "reader\n"],
    [qr/\[\*\]: /, "development, staging\n"]]);
is($code, 0, 'a terminal') or diag $text;
like($text, qr/^Role \(reader, writer or admin\) \[writer\]: .*^Environments, or \* for all \[\*\]: .*^Approved desk, $t_id: reader of development, staging\n\z/ms,
    'asks for role and environments');

my @hundred = map { "e$_" } 1 .. 100;
is(scalar @{$p->json('scope-device', '--id', $t_id, '--no-history', map { ('--env', $_) } @hundred)->{environments}},
    100, 'a scope may have a hundred environments');
$p->must('scope-device', '--id', $t_id, '--env', 'development', '--env', 'staging', '--yes');
# ---- an access that has ended
$p->must('scope-device', '--id', $t_id, '--expires', '1s');
sleep 2;
$t->gives(['pull'], 3, '', qr/\Avault-env: This device's access ended on .*\. Ask an admin/, 'it is over');
like($p->must('list-devices'), qr/^$t_id  desk +expired +reader /m, 'list-devices says so');
$p->gives(['scope-device', '--id', $ci_id, '--role', 'reader'], 0, qr/\AChanged ci/, qr/\Avault-env: warning: The access of desk ended .*\. To make that final, run: vault-env revoke-device --id $t_id\n\z/,
    'each command of an admin names it first');
$p->must('scope-device', '--id', $t_id, '--expires', '10d');
$t->gives(['pull'], 0, "A=1\n", qr/\Avault-env: warning: This device's access ends in 9 days: ask an admin to run: vault-env scope-device --id $t_id/,
    'it may be given more time');
$p->gives(['scope-device', '--id', $ci_id, '--role', 'writer'], 0, qr/\AChanged ci/,
    qr/\Avault-env: warning: The access of desk ends on \d{4}-\d\d-\d\d\. To extend it, run: vault-env scope-device --id $t_id --expires 365d\n\z/,
    'a month before the end it is named, too');

# ---- no cache any more
$q->must('run', '--', 'true');
ok(-e $q->path('.vault-cache.d/development'), 'a device that may keep a cache has one');
$p->must('scope-device', '--id', $id, '--max-cache', 'none');
$q->must('run', '--', 'true');
ok(!-e $q->path('.vault-cache.d/development'), '... and none from when it may not');

# ---- registrations that are not genuine
my (undef, $false) = machine('false');
$s->psql("update vault.members set registration = set_byte(registration, 200, get_byte(registration, 200) # 1) where id = '$false'");
$p->gives(['list-devices'], 0, qr/\A(?!.* false )/s, qr/\Avault-env: warning: an unknown device \(@{[substr $false, 0, 8]}\) asks to join with a registration that is not genuine/i,
    'a registration that is not genuine is not listed');
$p->gives(['approve-device', '--id', $false], 3, '', qr/a registration that is not genuine \(register_signature\)\. It was ignored$/,
    'nor let in');

done_testing();
