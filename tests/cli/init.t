#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# init: what it writes and leaves alone; and that after being cut off anywhere
# (network, disk, SIGKILL) there is either nothing or a state that the next
# init finishes, with every key still in the file.
# protocol 1
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use Time::HiRes qw(sleep);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $marker = '# vault-env: init not finished, run it again';
my $vk = qr/vk_${uuid}_[0-9a-f]{64}/;

sub person { return CliTest->new(url => $url, @_) }

# Nothing is left to do: no marker, the key opens the project, a push works.
sub finished_ok
{
	my ($p, $name) = @_;
	my $env = $p->slurp('.env');

	unlike($env, qr/\Q$marker\E/, "$name: no marker is left");
	is(scalar(() = $env =~ /^VAULT_KEY=/mg), 1, "$name: one key");
	is($p->mode('.env'), '0600', "$name: for the owner only");
	is(scalar(grep { $_->{status} eq 'approved' }
	    @{$p->json('list-devices')->{devices}}), 1,
	    "$name: the device is approved");
	$p->spew('secrets', "A=1\n");
	is($p->run('push', '--file', 'secrets')->{status}, 0,
	    "$name: a push works");
}

# ---- a new project
{
	my $p = person();
	my $before = "# mine\nA=1\nexport B='two words'  # why\n\nC=3";
	$p->spew('.env', $before);
	my $r = $p->gives(['init'], 0, qr/\A
	    Created\ project\ shop\ \(($uuid)\)\n
	    Wrote\ VAULT_KEY\ to\ \.env:\ keep\ a\ copy\ of\ it\ in\ a\ safe\ place\n
	    Wrote\ VAULT_URL=\Q$url\E\ to\ \.env\n
	    This\ device\ \($uuid\)\ is\ approved\n
	    Project\ \1\ is\ ready:\ put\ secrets\ into\ \.env,\ then\ run\ vault-env\ push\n
	    \z/x, '', 'init of a new project');
	like($p->slurp('.env'), qr/\A\Q$before\E\nVAULT_KEY=$vk\n
	    VAULT_URL=\Q$url\E\n\z/x, 'all lines are kept, key and URL added');
	is($p->mode('.env'), '0600', '.env is for the owner only');
	my $file = "$p->{home}/.vault/" . $p->project . '.key';
	is(sprintf('%04o', (stat $file)[2] & 07777), '0600',
	    'so is the device secret');
	ok(defined $p->device_secret, 'which is 64 hex characters');
	finished_ok($p, 'new');
	is($p->run('push', {url => undef})->{status}, 0,
	    'the stored URL is found');

	my $env = $p->slurp('.env');
	$p->gives(['init'], 0, "Already set up: the VAULT_KEY in .env opens " .
	    "project @{[$p->project]}\n", '', 'init again');
	$p->gives(['init', {url => CliTest::closed_url()}], 4, '',
	    qr/\Avault-env: Cannot reach http:\S+: /, 'init again, server away');
	is($p->slurp('.env'), $env, 'nothing was changed');
	my $other = person(dir => $p->{dir});
	$other->gives(['init'], 0, qr/ opens\ project\ .*\nThis\ machine\ has\ no
	    \ device\ secret\ yet:\ run\ vault-env\ register-device\n\z/x, '',
	    'init with a key from somebody else');
}
{
	my $p = person();
	my $r = $p->json('init', '--name', 'Käse "1"');
	is_deeply([sort keys %$r], [qw(created device project_id url)],
	    'members of init --json');
	is($r->{project_id}, $p->project, 'project_id');
	is($r->{url}, $url, 'url');
	ok($r->{created}, 'created');
	is($r->{device}{status}, 'approved', 'device.status');
	is($s->psql("select name from vault.projects where id = '" .
	    $p->project . "'"), 'Käse "1"', 'the name is as given');
	$r = $p->json('init');
	ok(!$r->{created}, 'init --json again: not created');
	is($r->{device}, undef, 'and no device was registered');
}
{
	my $p = person();
	$p->gives(['init', '--quiet', '--file', 'prod.env'], 0, '', '',
	    'init --quiet --file');
	like($p->slurp('prod.env'), qr/^VAULT_KEY=$vk$/m, 'the key is there');
	is($p->slurp('.env'), '', 'and not in .env');
	is($p->run('list-devices', '--file', 'prod.env')->{status}, 0,
	    'the key is found there');
}
{
	my $p = person();
	$p->spew('.env', "VAULT_KEY=\nA=\"open\r\nB=2\r\n");
	is($p->run('init')->{status}, 0, 'an empty VAULT_KEY, an open quote');
	is($p->json('push')->{changes}[1]{name}, 'B', 'other lines still count');
	$p = person();
	symlink 'elsewhere', $p->path('.env') or die;
	$p->gives(['init'], 1, '', qr/\Avault-env: Cannot write \.env: it is a symbolic link. Give the path of the file itself\n\z/,
	    'a symlink is refused');
	is($s->psql("select count(*) from vault.projects p where not exists " .
	    "(select from vault.devices d where d.project_id = p.id)"), 0,
	    'before a project is made');
}

# ---- keys that are there already
{
	my $p = person();
	my $zero = '00000000-0000-4000-8000-000000000000';
	my $env = "A=1\nVAULT_KEY=vk_${zero}_" . 'a' x 64 . "\n";
	$p->spew('.env', $env);
	$p->gives(['init'], 3, '', "vault-env: $url knows no project $zero, " .
	    'which the VAULT_KEY in .env is for, so nothing was changed. Name the right ' .
	    "server with --url, or remove the key to make a new project\n", 'an unknown project');
	is($p->slurp('.env'), $env, '.env is as it was');

	my $owner = person();
	$owner->must('init');
	my $id = $owner->project;
	$env = "VAULT_KEY=vk_${id}_" . 'a' x 64 . "\n";
	$p->spew('.env', $env);
	$p->gives(['init'], 3, '', 'vault-env: The VAULT_KEY in .env is not ' .
	    "the key of project $id on $url, so nothing was changed. Put the right key " .
	    "there, or remove it to make a new project\n",
	    'a wrong key');
	is($p->slurp('.env'), $env, '.env is as it was');
	$p->gives(['init', {env => {VAULT_KEY => $owner->key}}], 0, qr/\AAlready
	    \ set\ up:\ the\ VAULT_KEY\ in\ the\ environment\ opens\ project
	    \ $id\n/x, '', 'a key in the environment');

	$p->spew('.env', "$marker\n$env");
	$p->gives(['init'], 3, qr/^Going on with the unfinished init of /,
	    "vault-env: Project $id has another key than the VAULT_KEY in " .
	    '.env: somebody else set one. Remove the VAULT_KEY line to make ' .
	    "a new project\n", 'an unfinished init whose project was taken');
	is($p->slurp('.env'), "$marker\n$env", '.env is as it was');
	$p->gives(['init', {env => {VAULT_KEY => $owner->key}}], 1, '',
	    'vault-env: An unfinished init left its key in .env, but another ' .
	    "VAULT_KEY is set in the environment. Unset it, then run: vault-env init\n", 'an unfinished init, another key in the environment');

	my $old = "vk_${zero}_" . 'b' x 64;
	$p->spew('.env', "A=1\n$marker\nVAULT_KEY=$old\nB=2\n");
	$p->gives(['init'], 0, qr/^The server has forgotten that project/m, '',
	    'an unfinished init whose project has expired');
	like($p->slurp('.env'), qr/\AA=1\n\#\ replaced\ by\ vault-env\ init\ on
	    \ \d{4}-\d\d-\d\d:\ VAULT_KEY=$old\nB=2\nVAULT_KEY=$vk\n/x,
	    'the old key stays as a comment');
	finished_ok($p, 'expired');
}

# ---- git
SKIP: {
	skip 'git is not there', 1 unless grep { -x "$_/git" } split /:/,
	    $ENV{PATH};
	my $p = person();
	my $git = sub { return VaultTest::run(['git', '-c', 'user.name=x', '-c',
	    'user.email=x@example.com', @_], cwd => $p->{dir})->{stdout} };
	$git->('init', '-q');
	$p->spew('.gitignore', "*.o");
	chmod 0640, $p->path('.gitignore');
	my $out = $p->must('init');
	is($p->slurp('.gitignore'), "*.o\n.env\n.vault-cache\n",
	    '.gitignore has two more lines');
	is($p->mode('.gitignore'), '0640', 'and the mode it had');
	like($out, qr/^Added the .env file and .vault-cache to \S+\.gitignore$/m,
	    'init says so');
	is($git->('status', '--porcelain'), "?? .gitignore\n",
	    'git does not see .env');

	my $sub = person(dir => $p->path('sub'));
	mkdir $sub->{dir};
	$sub->spew('.env', "A=1\n");
	$sub->spew('.gitignore', "/.env\n");
	$git->('add', '-f', 'sub/.env');
	$git->('commit', '-qm', 'x');
	$sub->gives(['init'], 0, qr/^Added what was missing to /m,
	    "vault-env: warning: .env is tracked by git, so the key in it " .
	    "will be committed. Run: git rm --cached .env\n",
	    'a .env that git tracks already');
	is($sub->slurp('.gitignore'), "/.env\n.vault-cache\n",
	    'one line was there already');

	# Every form of index; the file has enough company that names share their beginnings.
	my $tracked = "vault-env: warning: .env is tracked by git, so the key in it will be " .
	    "committed. Run: git rm --cached .env\n";
	my $unknown = "vault-env: warning: Whether git tracks .env is not known. Make sure that " .
	    "git ls-files .env prints nothing\n";
	for (['version 2', [], ['update-index', '--index-version', 2]],
	    ['version 3', [], ['update-index', '--skip-worktree', 'sub/.env1']],
	    ['version 4', [], ['update-index', '--index-version', 4]],
	    ['SHA-256', ['--object-format=sha256'], ['status']],
	    ['split', [], ['update-index', '--split-index'], $unknown]) {
		my ($name, $how, $then, $says) = @$_;
		for my $with (1, 0) {
			my $q = person();
			my $g = sub { my $r = VaultTest::run(['git', @_], cwd => $q->{dir});
			    die "git @_: $r->{stderr}" if $r->{status} };
			$g->('init', '-q', @$how);
			mkdir $q->path('sub');
			$q->spew($_, "A=1\n") for '.env', map { ("sub/.env$_", ".env$_", "x$_") } 1 .. 9;
			$g->('add', '-f', $with ? '.' : ('sub', 'x1'));
			$g->(@$then);
			my $r = $q->run('init');
			is($r->{stderr}, $says // ($with ? $tracked : ''), "index: $name, .env " .
			    ($with ? 'is' : 'is not') . ' tracked');
		}
	}
	my $linked = person();
	VaultTest::run(['git', 'worktree', 'add', '-q', $linked->{dir}], cwd => $p->{dir});
	$linked->spew('.env', "A=1\n");
	VaultTest::run(['git', 'add', '-f', '.env'], cwd => $linked->{dir});
	is($linked->run('init')->{stderr}, $tracked, 'in a linked work tree');

	# A folder from a stranger: its .git must make nothing run.
	my $hostile = person();
	VaultTest::run(['git', 'init', '-q'], cwd => $hostile->{dir});
	my $bin = VaultTest::tmpdir();
	VaultTest::spew("$bin/git", "#!/bin/sh\ntouch $bin/ran\n");
	chmod 0755, "$bin/git";
	for my $index ('DIRC', "DIRC\0\0\0\2\0\0\0\1" . 'x' x 100, "DIRC\0\0\0\4\xff\xff\xff\xff" .
	    "\xff" x 200, '') {
		$hostile->spew('.git/index', $index);
		$hostile->spew('.env', "A=1\n");
		is($hostile->run('init', {env => {PATH => "$bin:$ENV{PATH}"}})->{stderr}, $unknown,
		    'a damaged index');
	}
	ok(!-e "$bin/ran", 'git was not run');

	my $none = person();
	$none->must('init');
	ok(!-e $none->path('.gitignore'), 'no .gitignore outside a work tree');
}

# ---- who may create projects
{
	my $p = person();
	$s->set(project_creation => 'closed');
	$p->gives(['init'], 3, '', "vault-env: Project creation is closed. Ask " .
	    "the operator of $url\n", 'project_creation = closed');
	ok(!-e $p->path('.env'), 'no .env was made');
	$p->spew('token', "sesame-0123456789-0123456789\n");
	chmod 0644, $p->path('token');
	my $token = VaultTest::tmpdir() . '/token';
	VaultTest::spew($token, "sesame-0123456789-0123456789\n");
	chmod 0600, $token;
	$s->set(project_creation => 'token', project_creation_token_file =>
	    $token);
	$p->gives(['init'], 3, '', qr/\Avault-env:\ Project\ creation\ needs\ a\ valid
	    \ token\.\ Ask\ the\ operator\ of\ /x, 'project_creation = token');
	$p->spew('wrong', "open\n");
	is($p->run('init', '--token-file', 'wrong')->{status}, 3,
	    'a wrong token');
	$p->spew('wrong', "two words\n");
	$p->gives(['init', '--token-file', 'wrong'], 1, '', "vault-env: wrong " .
	    "must hold the token and nothing else\n", 'a token that is none');
	is($p->run('init', '--token-file', 'none')->{status}, 1, 'no token file');
	is($p->run('init', '--token-file', 'token')->{status}, 0,
	    'the right token');
	$s->set(project_creation => 'open', project_creation_token_file => undef);
}

# ---- the network fails at the Nth request, then at the Mth of the next init
my $plan = VaultTest::tmpdir() . '/plan';
my $proxy = CliTest::proxy($url, $plan);
my $cuts = 0;
for my $n (1 .. 9) {
	my $done;
	for my $mode ('before', 'after') {
		for my $m (0 .. 3) {
			my $p = CliTest->new(url => $proxy);
			my $name = "cut $mode request $n, then $mode $m";
			my $lines = "# mine\nA='1'\n";
			$p->spew('.env', $lines);
			VaultTest::spew($plan, "$n $mode");
			my $r = $p->run('init');
			$done = $r->{status} == 0 or $cuts++;
			last if $done;
			is($r->{status}, 4, "$name: exit 4");
			my $env = $p->slurp('.env');
			my $key = $p->key;
			if (defined $key) {
				like($env, qr/^\Q$marker\E$/m, "$name: resumable");
				like($r->{stderr}, qr/^vault-env:\ Init\ is\ not
				    \ finished\.\ Run\ again:\ vault-env\ init\n\z/xm,
				    "$name: and it says so");
			} else {
				is($env, $lines, "$name: nothing happened");
			}
			VaultTest::spew($plan, "$m $mode");
			$p->run('init');
			VaultTest::spew($plan, '');
			is($p->run('init')->{status}, 0, "$name: init finishes it");
			like($p->slurp('.env'), qr/\A\Q$lines\E/, "$name: all " .
			    'lines are kept');
			is($p->key, $key, "$name: the key is the same")
			    if defined $key;
			finished_ok($p, $name);
		}
	}
	last if $done;
}
cmp_ok($cuts, '>=', 6 * 4, 'every request of init was cut off');

# ---- it is killed at any moment
my $rounds = $ENV{VAULT_ROUNDS} // 12;
for my $round (1 .. $rounds) {
	my $p = person();
	my %keys;
	$p->spew('.env', "A=1\n");
	for (1 .. 4) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			chdir $p->{dir};
			my $env = $p->environment;
			defined $env->{$_} ? ($ENV{$_} = $env->{$_}) :
			    delete $ENV{$_} for keys %$env;
			open STDOUT, '>', '/dev/null';
			open STDERR, '>', '/dev/null';
			exec $CliTest::BIN, '--url', $url, 'init',
			    VaultTest::init_options() or
			    POSIX::_exit(127);
		}
		sleep rand 0.12;
		kill KILL => $pid;
		waitpid $pid, 0;
		$keys{$_} = 1 for $p->slurp('.env') =~ /(vk_\S+)/g;
	}
	is($p->run('init')->{status}, 0, "kill $round: init finishes it");
	like($p->slurp('.env'), qr/\AA=1\n/, "kill $round: all lines are kept");
	like($p->slurp('.env'), qr/\Q$_\E/, "kill $round: no key is lost")
	    for keys %keys;
	finished_ok($p, "kill $round");
}

# ---- the disk is full
{
	my $p = person();
	$p->spew('.env', "A=1\n");
	my $full = sub {
		return VaultTest::run(['bash', '-o', 'pipefail', '-c', '(ulimit ' .
		    '-f 0; trap "" XFSZ; exec "$0" --url "$@") 2>&1 | cat',
		    $CliTest::BIN, $url, 'init', VaultTest::init_options()], cwd => $p->{dir},
		    env => $p->environment);
	};
	my $r = $full->();
	is($r->{status}, 1, 'disk full: exit 1');
	like($r->{stdout}, qr/^vault-env: .*\.env.*File too large/m,
	    'disk full: it says so');
	is($p->slurp('.env'), "A=1\n", 'disk full: .env is as it was');
	my @left = grep { !/^\.\.?$/ } do { opendir my $d, $p->{dir}; readdir $d };
	is("@left", '.env', 'disk full: nothing else is left behind');
	is($p->run('init')->{status}, 0, 'disk full: init works afterwards');

	# Full just before the marker would be removed.
	$p->spew('.env', "$marker\n" . $p->slurp('.env'));
	$r = $full->();
	is($r->{status}, 1, 'disk full at the end: exit 1');
	like($r->{stdout}, qr/^vault-env:\ Init\ is\ not\ finished\.\ Run\ again:
	    \ vault-env\ init$/xm, 'disk full at the end: it says so');
	is($p->run('init')->{status}, 0, 'disk full at the end: init finishes');
	finished_ok($p, 'disk full');
}

# ---- of protocol 2, the first time with a URL that is wrong
for my $protocol (2, 1) {
	my $p = person();
	my $away = CliTest::closed_url();
	$p->gives(['init', '--protocol', 2, {url => $away}], 4,
	    qr/^Wrote VAULT_URL=\Q$away\E to \.env$/m, qr/Init is not finished/,
	    'a server that is not there');
	my $key = $p->key;
	$p->gives(['init', '--protocol', $protocol], 0,
	    qr/^Wrote VAULT_URL=\Q$url\E to \.env$/m, '', 'then the right one');
	is($p->run('list-devices', {url => undef})->{status}, 0,
	    'which is kept');
	if ($protocol == 2) {
		is($p->slurp('.env'), "VAULT_KEY=$key\nVAULT_URL=$url\n",
		    'in the place of the other');
	} else {
		like($p->slurp('.env'), qr/^# replaced .*: VAULT_KEY=$key$/m,
		    'a server that speaks protocol 1 only: no key is lost');
	}
	finished_ok($p, "a wrong URL, then protocol $protocol");
}

# ---- of protocol 2, where the operator has not said the server's URL
{
	my $bare = VaultTest->server(web => 'nginx', set => {url => ''});
	my $bare_url = $bare->{url} =~ s{/+$}{}r;
	my $p = person(url => $bare_url);
	$p->gives(['init', '--protocol', 2], 3, qr//, qr/^vault-env: This server speaks protocol v1 only: set url in vault\.conf, or make a project for it by vault-env init --protocol 1\. Ask the operator of \Q$bare_url\E/m,
	    'a server without url: what to do');
	$p->gives(['init', '--protocol', 1], 0, qr/^Created project/m, '', '... which can be done');
	finished_ok($p, 'a server without url');
}

# ---- two at once
{
	my $p = person();
	my @r = VaultTest::parallel(4, sub { return $p->run('init') });
	for (grep { $_->{status} != 0 } @r) {
		is($_->{status}, 1, 'several at once: exit 1');
		like($_->{stderr}, qr/\Avault-env:\ Another\ vault-env\ init\ is\ at
		    \ work\ in\ \S+\.\ Wait\ for\ it\ to\ end\n\z/x,
		    'several at once: it says so');
	}
	is(scalar(grep { $_->{stdout} =~ /^Created project/ } @r), 1,
	    'several at once: one project');
	finished_ok($p, 'several at once');
}

done_testing();
