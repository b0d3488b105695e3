#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# upgrade: a project of protocol v1 goes on as one of protocol v2. What is taken
# along and shown before, what other machines are told before and after --finish,
# and that an upgrade that was cut off goes on with the project it has begun.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $v2 = qr/vk_${uuid}_[0-9a-f]{64}_[0-9a-f]{64}/;

# A v1 project with development, staging and one that nobody would guess.
sub old_team
{
	my $p = CliTest->new(url => $url);
	my %values = (development => 'dev', staging => 'stage', eu => 'eu');

	$p->must('init', '--protocol', 1);
	for (sort keys %values) {
		$p->spew('values', "A=$values{$_}\nB=both\n");
		$p->must('push', '--file', 'values', '--env', $_);
		$p->must('run', '--env', $_, '--', 'true');
	}
	return $p;
}

sub upgrade_path { return "$_[0]{home}/.vault/$_[1].upgrade" }

# ---- the whole way
my $p = old_team();
my ($old_id, $old_key) = ($p->project, $p->key);
my $env_before = $p->slurp('.env');
my $other = CliTest->new(url => $url, home => $p->{home});	# another checkout
$other->spew('.env', $env_before);

$p->gives(['upgrade'], 2, '', 'vault-env: Nobody can be asked here whether the secrets are ' .
    "the right ones: upgrade needs --yes. See: vault-env upgrade --help\n", 'nobody to ask');
$p->gives(['upgrade', '--finish'], 1, '', "vault-env: Project $old_id was not upgraded here. " .
    "Run first: vault-env upgrade\n", '--finish before it was begun');
$p->spew('.env', "$env_before" . "A=local\n");
my $r = $p->gives(['upgrade', '--yes'], 0, qr/\A
    Wrote\ the\ new\ VAULT_KEY\ to\ \.env\n
    Project\ $old_id\ goes\ on\ as\ $uuid,\ of\ protocol\ v2\n
    Pushed\ version\ 1\ to\ development\n
    Pushed\ version\ 1\ to\ eu\n
    Pushed\ version\ 1\ to\ staging\n\z/x,
    qr/^vault-env: development: version 1 of .*, 2 secrets; version 1 was seen here$/m,
    'upgrade');
like($r->{stderr}, qr/^vault-env:   differs from \.env: A$/m, 'what differs from .env is named');
like($r->{stderr}, qr/register-device; .* enroll .* --finish$/m, 'what is left to do is said');
my $new_id = $p->project;
isnt($new_id, $old_id, 'VAULT_KEY is of another project');
like($p->key, qr/\A$v2\z/, '... of protocol v2');
like($p->slurp('.env'), qr/^VAULT_KEY_V1=\Q$old_key\E$/m, 'the old key is kept');
is(scalar(() = $p->slurp('.env') =~ /^VAULT_KEY=/mg), 1, '... beside the new one');
is($p->mode('.env'), '0600', '... for its owner alone');
$p->spew('.env', $p->slurp('.env') =~ s/^A=local\n//mr);
for ([development => 'dev'], [staging => 'stage'], [eu => 'eu']) {
	$p->gives(['run', '--env', $_->[0], '--', 'printenv', 'A'], 0, "$_->[1]\n", '',
	    "$_->[0] is there");
}
$p->gives(['run', '--', 'sh', '-c', 'echo "$VAULT_KEY_V1"'], 0, "\n", '',
    'the old key reaches no program');
$p->spew('more', $p->slurp('.env') . "C=3\n");
$p->must('push', '--file', 'more', '--merge');
unlike($p->must('pull'), qr/VAULT_KEY_V1/, '... nor the vault');
is($s->psql("select name from vault.projects where id = '$new_id'"), 'shop',
    'its name is that of the folder');
is($s->psql("select moved_to, frozen from vault.projects where id = '$old_id'"),
    "$new_id|f", 'the old one says where it has moved');
$p->gives(['upgrade', '--yes'], 3, '', "vault-env: Project $new_id is of protocol v2 already. " .
    "When all machines have moved, run: vault-env upgrade --finish\n", 'once is enough');

# ---- who has not moved yet
$other->gives(['run', '--', 'printenv', 'A'], 0, "dev\n", '', 'an old machine reads on');
$other->gives(['set', 'A', {stdin => 'late'}], 0, qr/version 2/, qr/Project\ $old_id\ has\ moved
    \ to\ $new_id,\ where\ this\ version\ will\ not\ be:\ ask\ for\ the\ new\ VAULT_KEY/x,
    'a push to the old project warns');
$p->gives(['upgrade', '--finish'], 3, '', 'vault-env: development of the old project has ' .
    'version 2, newer than the 1 that was looked at. Bring it over (vault-env push), then ' .
    "run: vault-env upgrade --finish --yes\n", 'it is not forgotten');
is($s->psql("select frozen from vault.projects where id = '$old_id'"), 'f', '... nor frozen');
$p->gives(['upgrade', '--finish', '--yes'], 0, "Nothing changes in project $old_id any more; " .
    "it can be read as it is\n", qr/\.vault-cache and VAULT_KEY_V1 may be deleted/, '--finish');
$other->gives(['run', '--', 'printenv', 'A'], 0, "late\n", '', 'an old machine still reads');
$other->gives(['set', 'A', {stdin => 'later'}], 3, '', qr/\Avault-env:\ Project\ $old_id\ has
    \ moved\ to\ protocol\ v2\ and\ does\ not\ change\ any\ more\.\ Ask\ for\ the\ new
    \ VAULT_KEY\ and\ put\ it\ in\ place\n\z/x, '... and writes nothing');
ok(!-e upgrade_path($p, $old_id), 'nothing of it is left');
$p->gives(['upgrade', '--finish'], 1, '', "vault-env: No upgrade of project $old_id was begun " .
    "on this machine. Run first, or where it was run: vault-env upgrade\n", 'nothing is left');

# ---- a v1 client, independent of ours, and the new key
{
	my $r = VaultTest::run(['node', "$VaultTest::SRC/tests/interop/v1-client.js"],
	    stdin => JSON::PP::encode_json({op => 'pull', url => $url, key => $p->key,
	    device => $p->device_secret, env => 'development'}) . "\n");

	like($r->{stdout}, qr/This project uses protocol v2: update vault-env/,
	    'a v1 client on the v2 project is told what to do') or diag explain $r;
}

# ---- somebody else was first
{
	my $p = old_team();
	my $q = CliTest->new(url => $url, home => $p->{home});

	$q->spew('.env', $p->slurp('.env'));
	$p->must('upgrade', '--yes');
	my $key = $q->key;
	my $id = $q->project;
	unlink upgrade_path($p, $id) or die;
	$q->gives(['upgrade', '--yes'], 3, '', qr/^vault-env:\ Project\ $id\ has\ moved\ to\ another
	    \ one\ already,\ @{[$p->project]}\.\ Ask\ for\ its\ VAULT_KEY/mx, 'it moves once');
	is($q->key, $key, '... the key is as it was');
	is($s->psql("select count(*) from vault.heads h join vault.projects p on " .
	    "p.id = h.project_id where p.name = 'shop' and p.id <> '@{[$p->project]}' and " .
	    "p.id <> '$new_id'"), 0, '... and nothing was pushed');
}

# ---- keys of the environment, and a server that asks for a token
{
	my $p = old_team();
	my ($id, $key) = ($p->project, $p->key);

	unlink $p->path('.env');
	my $token = VaultTest::tmpdir() . '/token';
	VaultTest::spew($token, "sesame-0123456789-0123456789\n");
	chmod 0600, $token;
	$s->set(project_creation => 'token', project_creation_token_file => $token);
	my $r = $p->run('upgrade', '--yes', {env => {VAULT_KEY => $key}});
	is($r->{status}, 3, 'a token is asked for');
	$r = $p->gives(['upgrade', '--yes', '--token-file', $token, {env => {VAULT_KEY => $key}}],
	    0, qr/^Keep the old VAULT_KEY as VAULT_KEY_V1: .*^VAULT_KEY=$v2$/ms, qr/./,
	    'the new key is printed where the old one was in the environment');
	my ($new) = $r->{stdout} =~ /^VAULT_KEY=($v2)$/m;
	my %both = (VAULT_KEY => $new, VAULT_KEY_V1 => $key);
	$p->gives(['get', 'A', {env => \%both}], 0, "dev\n", '', '... and good');
	is($p->run('upgrade', '--finish', {env => \%both})->{status}, 0, '... --finish as well');
	is($s->psql("select frozen from vault.projects where id = '$id'"), 't', '... is done');
	$s->set(project_creation => 'open', project_creation_token_file => undef);
}

# ---- asked, one by one
{
	my $p = old_team();
	my $id = $p->project;
	my ($text, $code) = $p->terminal("$CliTest::BIN upgrade --url $url", steps => [
	    [qr/development has to be\? Take it along\?/, "y\n"],
	    [qr/eu has to be\? Take it along\?/, "n\n"],
	    [qr/staging has to be\? Take it along\?/, "y\n"]]);

	is($code, 0, 'asked for each environment') or diag $text;
	like($text, qr/eu stays behind/, '... one stays behind');
	is($s->psql("select string_agg(environment, ' ' order by environment) from " .
	    "vault.heads where project_id = '@{[$p->project]}'"), 'development staging',
	    '... the others are there');
	is_deeply([@{$p->json('upgrade', '--finish')}{qw(v1_project_id project_id frozen)}],
	    [$id, $p->project, JSON::PP::true()], '--finish --json');
}
done_testing;
