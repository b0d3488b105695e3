#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# enroll: a device for a machine where nobody can be asked, and its secret, which
# is never lost nor made twice; recovery: an admin's device on paper.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Fcntl 'LOCK_EX';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
$p->must('init');
my $file = "$p->{home}/.vault/" . $p->project . '.enroll';
$p->spew('x', "A=$_\n"), $p->must('push', '--replace', '--file', 'x', '--env', 'production') for 1 .. 2;

sub devices { return @{$p->json('list-devices')->{devices}} }

# A container: two variables, and nothing else.
sub container
{
	my ($secret, @args) = @_;
	my $c = CliTest->new(url => $url);

	return $c->run(@args, {env => {VAULT_KEY => $p->key, VAULT_DEVICE_SECRET => $secret}});
}

# ---- what has to be said
$p->gives(['enroll'], 2, '', "vault-env: The option --env ENV is needed. See: vault-env enroll --help\n", 'an environment has to be said');
$p->gives(['enroll', '--env', 'a', '--format', 'x'], 2, '', qr/--format must be github/);
$p->gives(['enroll', '--env', 'a', '--role', 'x'], 2, '', qr/There is no such role/);
$p->gives(['enroll', '--env', 'a', '--name', "a\nb"], 2, '', qr/--name must be 1 to 128 bytes of visible text/);
my $old = CliTest->new(url => $url);
$old->must('init', '--protocol', 1);
$old->gives(['enroll', '--env', 'a'], 1, '', qr/\Avault-env: Project \S+ is of protocol v1, which cannot do this\./,
    'a project of protocol v1');
ok(!-e $file, 'none of them leaves anything');

# ---- one line to paste
my $r = $p->run('enroll', '--env', 'production', '--name', 'ci');
my ($secret) = $r->{stdout} =~ /\AVAULT_DEVICE_SECRET=([0-9a-f]{64})\n\z/;
ok(defined $secret, 'it prints one line') or diag $r->{stdout}, $r->{stderr};
like($r->{stderr}, qr/\Avault-env: Enrolled ci, $uuid: reader of production until /, 'and says for whom');
ok(!-e $file, 'then the file is gone');
my ($ci) = grep { $_->{device_name} eq 'ci' } devices();
is_deeply([@$ci{qw(status role environments)}], ['approved', 'reader', ['production']], 'it is a device');
my ($year) = $ci->{expires_at} =~ /^(\d+)/;
is($year, (gmtime time + 365 * 86400)[5] + 1900, 'for a year');
is(container($secret, 'pull', '--env', 'production')->{stdout}, "A=2\n", 'a container reads, at once');
is(container($secret, 'pull', '--env', 'production', '--version', 1)->{stdout}, "A=1\n", 'older versions, too');
is(container($secret, 'pull', '--env', 'development')->{status}, 3, 'and nothing else');
is(container($secret, 'set', 'A=3', '--env', 'production')->{status}, 3, 'it does not write');

# ---- more of it
$r = $p->run('enroll', '--env', 'production', '--role', 'writer', '--expires', 'never', '--format', 'github');
is($r->{stdout} =~ s/=[0-9a-f]{64}\n/=SECRET\n/r, 'VAULT_KEY=' . $p->key . "\nVAULT_DEVICE_SECRET=SECRET\nVAULT_URL=$url\n",
    '--format github');
$r = $p->json('enroll', '--env', 'production', '--env', 'staging', '--no-history');
is_deeply([sort keys %$r], [qw(device_id device_name environments expires_at role vault_device_secret vault_key vault_url)], '--json');
is(container($r->{vault_device_secret}, 'pull', '--env', 'production', '--version', 1)->{status}, 0,
    'the key of the newest version opens those that it is also the key of');
my $reader = container($secret, 'enroll', '--env', 'production');
is_deeply([$reader->{status}, $reader->{stdout}], [3, ''], 'only an admin enrols');

# ---- the print cannot be written: the secret stays where it is
$r = VaultTest::run(['sh', '-c', "exec $CliTest::BIN --url $url enroll --env production --name full --expires 100d >/dev/full"],
    cwd => $p->{dir}, env => $p->environment);
is_deeply([@$r{qw(status stderr)}], [1, "vault-env: Cannot write to standard output: No space left on device\n"],
    'a full disk fails it');
ok(-e $file, 'the file is still there');
is(sprintf('%04o', (stat $file)[2] & 07777), '0600', 'for its owner alone');
open my $held, '<', $file or die "$file: $!";
flock $held, LOCK_EX or die "flock: $!";
$p->gives(['enroll', '--env', 'production'], 1, '', "vault-env: Another process is enrolling a device of this project. Wait for it to end\n",
    'two at once do not print the same secret');
close $held;
my $n = () = devices();
$p->gives(['recovery', 'create'], 1, '', 'vault-env: The device full was begun before, and its secret not printed yet. ' .
    "Run first: vault-env enroll\n", 'no paper in between');
$r = $p->run('enroll', '--env', 'staging', '--name', 'other');
is($r->{status}, 0, 'the next run succeeds');
like($r->{stderr}, qr/\Avault-env: Going on with the device full that was begun before\nvault-env: Enrolled full, $uuid: reader of production until /,
    'it goes on with the one that was begun, and says so');
is(scalar(() = devices()), $n, 'which is not made twice');
ok(!-e $file, 'and the file is gone');
($secret) = $r->{stdout} =~ /=([0-9a-f]{64})$/m;
is(container($secret, 'pull', '--env', 'production')->{stdout}, "A=2\n", 'its secret is good');
for my $rubbish ("rubbish\n", "no secret\nname\n1 0 0 0 0\na\n") {
	VaultTest::spew($file, $rubbish);
	chmod 0600, $file;
	$p->gives(['enroll', '--env', 'a'], 1, '', qr/\Avault-env: \Q$file\E does not hold a device that is being enrolled\./, 'a file that is none');
}
unlink $file;

# ---- recovery
$r = $p->run('recovery', 'create');
my ($digits, $paper) = $r->{stdout} =~ /\A((?:[0-9a-f]{4}(?: [0-9a-f]{4}){3}\n){4})Device ($uuid)\n\z/;
ok(defined $digits, 'recovery create prints 16 groups, and the id under them') or diag $r->{stdout}, $r->{stderr};
like($r->{stderr}, qr/\Avault-env: Write this down: it is not shown again\./, 'and says what to do with it');
my ($row) = grep { $_->{id} eq ($paper // '') } devices();
is($row->{role}, 'admin', "it is an admin's device");
$p->gives(['recovery', 'burn'], 2, '', qr/\Avault-env: The action must be create or use\./);

my $q = CliTest->new(url => $url);
$q->spew('.env', $p->slurp('.env'));
my $key = "$q->{home}/.vault/" . $q->project . '.key';
$q->gives(['recovery', 'use', {stdin => substr $digits, 0, 50}], 1, '', qr/\Avault-env: These are \d+ digits, and a recovery paper has 64\./, 'too few digits');
$q->gives(['recovery', 'use', {stdin => "O$digits"}], 1, '', qr/\Avault-env: "O" is no digit of a recovery paper\./, 'a letter that is none');
$q->gives(['recovery', 'use', {stdin => $digits, env => {VAULT_DEVICE_SECRET => '0' x 64}}], 1, '',
    "vault-env: VAULT_DEVICE_SECRET is set, and would be used instead of what is typed. Unset it first\n", 'a variable that would win');
my $typo = $digits =~ s/^(.)/$1 eq '1' ? '2' : '1'/er;
$q->gives(['recovery', 'use', {stdin => $typo}], 3, qr/\AThese digits are those of device $uuid\n\z/,
    qr/\Avault-env: Project \S+ has no device $uuid\. Compare id and digits with the paper/, 'a typing error is told');
ok(!-e $key, 'and nothing is kept');
my ($text, $code) = $q->terminal("exec $CliTest::BIN --url $url recovery use", steps => [[qr/lines as you like:\s+\z/, $typo],
    [qr/\[y\/N\] /, "n\n"]]);
is($code, 1, 'on a terminal the ids are compared first');
like($text, qr/^Does the paper say so, too\? \[y\/N\] n\nvault-env: Nothing was changed\. Compare the digits, one is wrong\n\z/m, 'a no changes nothing');
$q->gives(['recovery', 'use', {stdin => uc $digits}], 0, "These digits are those of device $paper\nThis machine is device $paper now, an admin's\n",
    qr/\Avault-env: The paper stays good/, 'recovery use');
is($q->device_secret, lc($digits) =~ s/\s//gr, 'the machine has its secret');
$q->gives(['pull', '--env', 'production'], 0, "A=2\n", '', 'it reads');
my ($new) = CliTest->new(url => $url, dir => $q->{dir})->must('register-device', '--name', 'new') =~ /--id ($uuid)/;
is($q->run('approve-device', '--id', $new)->{status}, 0, 'and admits another machine');
is($q->run('recovery', 'use', {stdin => $digits})->{status}, 0, 'once more is no harm');
$p->gives(['recovery', 'use', {stdin => $digits}], 1, qr/^These/, qr/holds a device secret already\. Use that one, or run: vault-env recovery use --force/,
    'where there is a secret it stays');
my $kept = $p->device_secret;
$r = $p->run('recovery', 'use', '--force', {stdin => $digits});
my ($backup) = $r->{stdout} =~ /^The old device secret is kept as (\S+)$/m;
is(VaultTest::slurp($backup), "$kept\n", '--force keeps it as a copy');

# ---- init offers it
my $t = CliTest->new(url => $url);
($text, $code) = $t->terminal("exec $CliTest::BIN --url $url init", ready => qr/\[y\/N\] /, keys => "n\n");
like($text, qr/^Make a recovery paper now.*\[y\/N\] n\nvault-env: If this machine is lost, nobody can admit another: you would start a new project\./m,
    'init offers one, and says what it means to have none');
$t = CliTest->new(url => $url);
($text, $code) = $t->terminal("exec $CliTest::BIN --url $url init", ready => qr/\[y\/N\] /, keys => "y\n");
like($text, qr/^(?:[0-9a-f]{4} ){3}[0-9a-f]{4}\nDevice $uuid$/m, 'or makes it');

done_testing();
