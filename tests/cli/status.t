#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# status: what it says when all is well, and of each thing that can be wrong.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
my $away = CliTest::closed_url();
$p->must('init');
my $id = $p->project;

sub status_json
{
	my ($who, @args) = @_;
	my $r = $who->run('status', '--json', @args);

	return ($r->{status}, decode_json($r->{stdout}), $r->{stderr});
}

sub rows
{
	my (%row) = @_;

	return join '', map { defined $row{$_} ? sprintf "%-11s  %s\n", $_, $row{$_} : () }
	    qw(Project Environment Server Device Role Log Version Cache Clock);
}
my $v2 = $CliTest::PROTOCOL == 2;
my %good = (Project => $id, Environment => 'development', Server => "$url, answers", Device =>
    'approved', ($v2 ? (Role => 'admin of all environments', Log => 'entry 0, ' . substr(
    (split ' ', $p->must('heads'))[4], 0, 16) . '...') : ()), Version => 'none yet', Cache => 'none that can be used', Clock => 'in step');
my $empty = 'No secrets stored yet in environment development. Run: vault-env push --env development';
$p->gives(['status'], 1, rows(%good), "vault-env: $empty\n", 'a new project');

$p->spew('x', "A=s3cret\n");
$p->must('push', '--file', 'x');
my $r = $p->run('status');
is_deeply([$r->{status}, $r->{stderr}], [0, ''], 'all is well');
like($r->{stdout}, qr/^Version      1, pushed \d{4}-\d\d-\d\d \d\d:\d\d \(.*\)$/m, 'version and time');
unlike($r->{stdout}, qr/s3cret|\bA\b/, 'no secret and no name');
# Of v2 what was pushed or pulled, and so verified, is kept.
is(-e $p->path($p->cache) ? 1 : 0, $v2 ? 1 : 0, 'and nothing was written');
$p->must('run', '--', 'true');
like($p->run('status')->{stdout}, qr/^Cache        version 1, \d+s old$/m, 'the cache');
$p->age(3 * 86400 + 60);
like($p->run('status', $v2 ? {url => $away} : ())->{stdout},
    qr/^Cache        version 1, 3d old$/m, 'its age');
my ($code, $json, $stderr) = status_json($p);
is($code, 0, '--json');
# What says that this is the newest makes one of v2 young.
cmp_ok(abs(delete($json->{cache_age_s}) - ($v2 ? 0 : 3 * 86400 + 60)), '<', 100, 'with numbers');
like(delete $json->{updated_at}, qr/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'and times');
is_deeply($json, {ok => JSON::PP::true, project_id => $id, environment => 'development', url =>
    $url, server => 'answers', device => 'approved', ($v2 ? (role => 'admin', environments =>
    ['*'], expires_at => undef, log => 0, exposed => []) : ()), version => 1, cache_version => 1, clock =>
    undef, problems => []}, 'and all that the table has');
$p->gives(['status', '--quiet'], 0, '', '', '--quiet');
$p->must('trust', $url);
like($p->run('status')->{stdout}, $v2 ? qr/^Cache        version 1, \d+s old$/m :
    qr/^Cache        version not known, 3d old$/m, 'a cache of v1 after trust, which forgets versions');
$p->must('run', '--', 'true');

# ---- what can be wrong
($code, $json, $stderr) = status_json($p, {url => $away});
is($code, 4, 'the server is away');
my $sentence = "Cannot reach $away: Connection refused. Check the URL (VAULT_URL)";
is_deeply(decode_json($stderr), {error => "Cannot reach $away: Connection refused", hint =>
    'Check the URL (VAULT_URL)'}, 'and what to check, in JSON too');
is($json->{role}, $v2 ? 'admin' : undef, 'who this is needs no server');
is_deeply([@$json{qw(ok server device version cache_version problems)}], [JSON::PP::false, 'away',
    'unknown', undef, 1, [decode_json($stderr)]], 'nothing is made up');
$p->gives(['status', {url => $away}], 4, qr/^Server       \Q$away\E, away\n.*^Clock        not known$/ms,
    "vault-env: $sentence\n", 'as a table too');
$p->gives(['status', '--env', 'none'], 1, qr/^Version      (?:none yet|not known)$/m, 'vault-env: No ' .
    "secrets stored yet in environment none. Run: vault-env push --env none\n", 'no such environment');

unlike($p->run('status', '--json', {env => {VAULT_CACHE_MAX_AGE => "\e\x7f\xc2\x9b2J"}})->{stdout},
    qr/[^ -~\n]/, 'no byte that steers a terminal in --json');

$p->spew($p->cache, 'AAAA');
$p->gives(['status', $v2 ? {url => $away} : ()], $v2 ? 4 : 1, qr/^Cache        none that can be used$/m,
    $v2 ? qr/^vault-env: The cache was not written by this device/m :
    qr/\Avault-env: No cache available \(.*damaged/, 'a damaged cache');
$p->must('run', '--', 'true');

my $q = CliTest->new(url => $url, dir => $p->{dir});
$q->gives(['status'], 3, qr/^Device       refused$/m, "vault-env: Device not registered. Run: " .
    "vault-env register-device\n", 'no device');
my ($device) = $q->must('register-device') =~ /--id (\S+)$/m;
($code, $json, $stderr) = status_json($q);
is($code, 3, 'a device that waits');
is($json->{device}, 'pending', 'is pending');
is(decode_json($stderr)->{error}, 'Device not yet approved', 'as a sentence');
like(decode_json($stderr)->{hint}, qr/\AAsk the project owner to run: vault-env approve-device --id /,
    'with the command to run');
is($json->{version}, $v2 ? undef : 1, 'the version is known all the same, but for v2');
$p->must('approve-device', '--id', $device);
$q->gives(['status'], $v2 ? 0 : 1, qr/^Device       approved$/m, $v2 ? '' :
    qr/cannot be decrypted here/, 'another device pushed this version');
$p->must('revoke-device', '--id', $device);
$q->gives(['status'], 3, qr/^Device       refused$/m, $v2 ? qr/This device was revoked on/ :
    qr/vault-env register-device/, 'a revoked device');

my $wrong = "vk_${id}_" . 'd' x 64 . ($p->key =~ /(_[0-9a-f]{64})\z/ && $v2 ? $1 : '');
$p->gives(['status', {env => {VAULT_KEY => $wrong}}], 3, qr/^Server       \Q$url\E, refuses the key$/m,
    $v2 ? qr/VAULT_KEY is not one of project $id/ : qr/does not accept this VAULT_KEY/, 'a wrong key');

# ---- what is told beside it is no fault of the clock
if ($v2) {
	my $t = CliTest->new(url => $url, dir => $p->{dir});
	my ($own) = $t->must('register-device') =~ /--id (\S+)$/m;
	$p->must('approve-device', '--id', $own);
	$p->must('scope-device', '--id', $own, '--expires', '10d');
	my $other = CliTest->new(url => $url);
	$other->must('init');
	$t->spew('.vault-heads', $other->must('heads'));
	my $told = "vault-env: warning: .vault-heads is of another project, and was passed over\n" .
	    "vault-env: warning: This device's access ends in 9 days: ask an admin to run: vault-env " .
	    "scope-device --id $own --expires 365d\n";
	$t->gives(['status'], 0, qr/^Clock        in step$/m, $told, 'what is but told is a warning');
	($code, $json, $stderr) = status_json($t);
	is_deeply([$code, @$json{qw(ok clock problems)}, $stderr], [0, JSON::PP::true, undef, [], $told],
	    'beside JSON, too');

	# ---- nor is what a machine finds out by itself the server's doing
	$t->spew('.vault-heads', "<<<<<<< HEAD\n");
	$t->gives(['status'], 3, qr/^Server       \Q$url\E, not known\n.*^Clock        not known$/ms,
	    qr/^vault-env: \.vault-heads is malformed/, 'a .vault-heads in conflict');
	unlink $t->path('.vault-heads'), $t->path('.vault-cache.d/development');
	my $wrap = "from vault.wraps where member_id = '$own'";
	$s->psql("create table public.w as select * $wrap; delete $wrap");
	my $answers = qr/^Server       \Q$url\E, answers\nDevice       approved$/m;
	$t->gives(['status'], 3, $answers, qr/There is no key of development for this device/,
	    'no key for this device');
	$s->psql("insert into vault.wraps select * from public.w; update vault.wraps set " .
	    "wrap = set_byte(wrap, 70, get_byte(wrap, 70) # 1) where member_id = '$own'");
	$t->gives(['status'], 5, qr/^Server       \Q$url\E, fails verification\nDevice       approved$/m,
	    qr/The key of development for this device was tampered with/, 'what nobody has signed');
	$p->must('confirm', '--new-key');
	$t->gives(['status'], 0, $answers, qr/access ends/, 'all is well again');
}

# Of v2 the clock of a server counts that has proven who it is (evil/57).
done_testing(), exit if $v2;
my $late = CliTest::canned(401, encode_json({error => 'Unauthorized'}),
    'Date: Sat, 31 Jan 2026 12:00:00 GMT');
($code, $json, $stderr) = status_json($p, {url => $late});
isnt($code, 0, 'a clock that is off');
like($json->{clock}, qr/the clocks differ: .* here, 2026-01-31 12:00:00 UTC there\z/,
    'both times');
is($json->{problems}[0]{error}, $json->{clock}, 'and a problem');

done_testing();
