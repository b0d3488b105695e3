#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# rotate-key and key: what is replaced and where; that a prepared rotation stops
# no machine and one that was not leaves all on their caches; that no run that
# was cut off loses a key; and what is said to whom.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use POSIX ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $vk = qr/vk_[0-9a-f-]{36}_[0-9a-f]{64}_[0-9a-f]{64}/;
my $by = qr/\S+ \([0-9a-f]{8}\)/;
my $when = qr/\d{4}-\d\d-\d\d/;

# A project with a version of two environments.
sub team
{
	my $p = CliTest->new(url => $s->{url});

	$p->must('init');
	$p->spew('values', "A=1\n");
	$p->must('push', '--file', 'values', '--env', $_) for qw(development production);
	return $p;
}

# Another machine with the same device secret: a service, or a container. keys:
# further lines of its .env.
sub machine
{
	my ($p, @keys) = @_;
	my $m = CliTest->new(url => $s->{url},
	    env => {VAULT_DEVICE_SECRET => $p->device_secret});

	$m->spew('.env', join '', map { "$_\n" } 'VAULT_KEY=' . $p->key, @keys);
	return $m;
}

sub next_path { return "$_[0]{home}/.vault/" . $_[0]->project . '.next' }
sub secret { return substr $_[0], 40, 64 }
sub value_is
{
	my ($m, $value, $name) = @_;

	return $m->gives(['run', '--', 'printenv', 'A'], 0, "$value\n", '', $name);
}

# ---- key
my $p = team();
my $old = $p->key;
{
	my $r = $p->gives(['key'], 0, qr/\A$vk\n\z/, "vault-env: The same key as before, " .
	    "with a newer anchor: the first 104 characters are equal\n", 'key');
	is(substr($r->{stdout}, 0, 104), substr($old, 0, 104), 'it is the same key');
	is($p->json('key')->{vault_key} . "\n", $r->{stdout}, 'key --json has it, too');
	$p->gives(['key', '--quiet'], 0, $r->{stdout}, '', 'key --quiet says no more');
}

# A colleague's has an anchor that was never seen here.
{
	my $m = machine($p);

	value_is($m, 1, 'a machine with the key');
	$p->must('enroll', '--env', '*');
	$m->spew('.env', 'VAULT_KEY=' . $p->must('key', '--quiet'));
	$m->gives(['run', '--', 'printenv', 'A', {url => CliTest::closed_url()}], 4, '',
	    qr/no cache available \(the cache is older than VAULT_KEY\. Pull again\): Cannot reach/,
	    'no cache is older than the anchor');
	value_is($m, 1, '... and a pull brings it there');
}

# ---- a rotation that nobody has prepared
{
	my $m = machine($p);
	my $id = $p->project;

	value_is($m, 1, 'a machine with the key');
	$p->gives(['rotate-key'], 2, '', 'vault-env: Nobody can be asked whether the next ' .
	    'VAULT_KEY is kept elsewhere too: rotate-key needs --yes here. See: vault-env ' .
	    "rotate-key --help\n", 'nobody to ask');
	ok(!-e next_path($p), '... nothing was made');
	my $r = $p->gives(['rotate-key', '--yes'], 0, qr{\A
	    The\ next\ VAULT_KEY,\ which\ is\ in\ ~/\.vault/$id\.next\ alone\ until\ it
	    \ is\ in\ place:\n($vk)\n
	    Wrote\ the\ new\ VAULT_KEY\ to\ \.env\n
	    VAULT_KEY\ of\ project\ $id\ is\ replaced\n
	    Confirmed\ development,\ now\ version\ 2\n
	    Confirmed\ production,\ now\ version\ 2\n\z}x,
	    qr/\Avault-env: Every machine needs the new VAULT_KEY/, 'rotate-key');
	my ($shown) = $r->{stdout} =~ /^($vk)$/m;
	isnt(secret($p->key), secret($old), 'the key is another one');
	is(secret($p->key), secret($shown), '... that was shown before');
	is(scalar(() = $p->slurp('.env') =~ /VAULT_KEY/g), 1, '... in the place of the old');
	is($p->mode('.env'), '0600', '... for its owner alone');
	ok(!-e next_path($p), '... and no other copy is left');
	is($s->psql("select count(distinct key_id) from vault.records where project_id = " .
	    "'$id'"), 4, 'no environment keeps a data key');
	value_is($p, 1, 'this machine goes on');

	$m->gives(['run', '--', 'printenv', 'A'], 0, "1\n", qr/\A\[vault-env\]\ Remote
	    \ fetch\ failed,\ using\ cached\ secrets\ \(\d+\ seconds?\ old\):\ VAULT_KEY
	    \ was\ replaced\ on\ $when.*\ by\ $by\.\ Ask\ for\ the\ new\ one\ and\ put\ it\ in
	    \ place\n\z/x, 'a machine with the old key serves its cache, and says who and when');
	$m->gives(['set', 'A', {stdin => 2}], 3, '', qr/\Avault-env: VAULT_KEY was replaced on $when/,
	    '... and writes nothing');
	$m->spew('.env', "VAULT_KEY=" . $p->key . "\n");
	value_is($m, 1, '... and goes on with the new one, without approval');
	is($p->run('set', 'A', {stdin => '2'})->{status}, 0, 'a new value');
	value_is($m, 2, '... gets there');

	my $cold = machine($p);
	$cold->spew('.env', "VAULT_KEY=$old\n");
	$cold->gives(['run', '--', 'true'], 3, '', qr/\Avault-env:\ Failed\ to\ fetch\ secrets
	    \ and\ no\ cache\ available:\ VAULT_KEY\ was\ replaced\ on\ $when.*\ by\ $by\.\ Ask/x,
	    'a machine without a cache is told the same');
}

# ---- one that was replaced before the server ever saw it from that machine
{
	my $p = team();
	my $secret = $p->json('enroll', '--env', '*')->{vault_device_secret};
	my $m = CliTest->new(url => $s->{url}, env => {VAULT_DEVICE_SECRET => $secret});

	$p->must('rotate-key', '--yes');
	$m->{env}{VAULT_KEY} = $p->key;
	$p->must('rotate-key', '--yes');
	$m->gives(['pull'], 3, '', qr/\Avault-env: VAULT_KEY was replaced on $when/,
	    'a machine whose key is older than its first use') for 1 .. 2;
	$m->{env}{VAULT_KEY} = $p->key;
	value_is($m, 1, '... goes on with the newest');
}

# ---- a prepared one stops nothing
{
	my $r = $p->gives(['rotate-key', '--prepare'], 0, qr/\AVAULT_KEY_NEXT=$vk\n\z/,
	    qr/\Avault-env: Machines that have this beside VAULT_KEY go on/, '--prepare');
	chomp(my $line = $r->{stdout});
	my $before = $p->key;
	like(VaultTest::slurp(next_path($p)), qr/\A[0-9a-f]{64}\nprepared\n\z/,
	    'its secret is kept');
	is(sprintf('%04o', (stat next_path($p))[2] & 07777), '0600', '... for its owner');
	is($p->must('rotate-key', '--prepare'), "$line\n", '--prepare again: the same key');
	is($p->json('rotate-key', '--prepare')->{vault_key_next}, $line =~ s/.*=//r,
	    '... with --json');
	is($p->key, $before, 'VAULT_KEY is as it was');

	my $m = machine($p, $line);
	my $seen = "$m->{dir}/seen";
	value_is($m, 2, 'a machine with both, before');
	my $watch = fork // die "fork: $!";
	if ($watch == 0) {
		my %env = (%ENV, %{$m->environment});
		delete @env{grep { !defined $env{$_} } keys %env};
		%ENV = %env;
		chdir $m->{dir} or die;
		open STDERR, '>', "$m->{dir}/said" or die;
		exec $CliTest::BIN, '--url', $s->{url}, 'run', '--watch', '--interval',
		    1, '--', 'sh', '-c', "echo \$A >>$seen; exec sleep 60" or die;
	}
	ok(VaultTest::wait_until(20, sub { -s $seen }), 'a watching program');
	is($p->run('rotate-key', '--yes')->{status}, 0, 'rotate-key');
	is(secret($p->key), secret($line =~ s/.*=//r), 'to the prepared key');
	value_is($m, 2, 'a machine with both, after');
	is($p->run('set', 'A', {stdin => '3'})->{status}, 0, 'a new value');
	ok(VaultTest::wait_until(20, sub { VaultTest::slurp($seen) =~ /^3$/m }),
	    'a watching program gets it');
	kill TERM => $watch;
	waitpid $watch, 0;
	unlike(VaultTest::slurp("$m->{dir}/said", 1), qr/replaced|cache|fail/i,
	    '... which has noticed nothing');
	is(VaultTest::slurp($seen), "2\n3\n", '... and was started anew once');

	my $cold = machine($p);
	$cold->spew('.env', "VAULT_KEY=$before\n$line\n");
	value_is($cold, 3, 'a cold container with both keys');
	is($cold->run('set', 'A', {stdin => '4'})->{status}, 0, '... also writes');
	value_is($p, 4, '... for all');
	$m->spew('.env', 'VAULT_KEY=' . $p->key . "\n$line\n");
	value_is($m, 4, 'VAULT_KEY_NEXT may stay when it has become VAULT_KEY');
}

# ---- one of another project
{
	my $other = CliTest->new(url => $p->{url});
	$other->must('init');
	$p->gives(['get', 'A', {env => {VAULT_KEY_NEXT => $other->key}}], 1, '',
	    "vault-env: VAULT_KEY_NEXT is of another project than VAULT_KEY. Copy it again, or remove it\n",
	    'a VAULT_KEY_NEXT of another project');
	$p->gives(['get', 'A', {env => {VAULT_KEY_NEXT => 'vk_x'}}], 1, '',
	    "vault-env: VAULT_KEY_NEXT is malformed. Copy it again\n", '... or one that is none');
}

# ---- who writes meanwhile
{
	chomp(my $line = $p->must('rotate-key', '--prepare'));
	my %keys = (VAULT_KEY => $p->key, VAULT_KEY_NEXT => $line =~ s/.*=//r);
	my @writers = map {
		my $m = machine($p);
		my $name = "N$_";
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			my $failed = grep { $m->run('set', $name, {stdin => $_, env => \%keys})
			    ->{status} != 0 } 1 .. 4;
			POSIX::_exit($failed);
		}
		$pid;
	} 1 .. 3;
	is($p->run('rotate-key', '--yes')->{status}, 0, 'rotate-key, while others write');
	for (@writers) {
		waitpid $_, 0;
		is($?, 0, '... who have both keys, and notice nothing');
	}
	is_deeply([map { $p->must('get', "N$_") } 1 .. 3], [("4\n") x 3], '... nothing is lost');
}

# ---- who does meanwhile what is made with VAULT_KEY: what is wrapped under the old
# one is not stored as if it were under the new one, where it could not be opened,
# nor be replaced; what is signed with it is made again
{
	my $p = team();
	my $eve = CliTest->new(url => $s->{url});
	$eve->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
	my $id = $eve->joins($p);
	my $plan = VaultTest::tmpdir() . '/plan';
	my $slow;
	my $prepared = sub {
		my ($path) = @_;

		chomp(my $line = $p->must('rotate-key', '--prepare'));
		my $m = machine($p, $line);
		$slow //= $m->proxied($s, $plan);
		VaultTest::spew($plan, "$path 1 run (cd $p->{dir} && HOME=$p->{home} " .
		    "$CliTest::BIN --url $s->{url} rotate-key --yes) >/dev/null 2>&1");
		return $m;
	};

	$p->must('confirm', '--new-key');
	my $m = $prepared->('keys/add');
	$s->psql("delete from vault.wraps where member_id = '$id'");
	$m->gives(['share', {url => $slow}], 3, '',
	    "vault-env: VAULT_KEY was replaced meanwhile. Run it again\n", 'share');
	$m->gives(['share', {url => $slow}], 0, qr/\AAdded 1 key of development/, '',
	    '... and again');
	$eve->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
	is_deeply($eve->json('pull', '--version', 1)->{secrets}, {A => 1}, '... they open');

	$m = $prepared->('log/append');
	my ($secret) = $m->must('enroll', '--env', '*', {url => $slow}) =~
	    /^VAULT_DEVICE_SECRET=(\S+)/m;
	my $new = CliTest->new(url => $s->{url}, env => {VAULT_DEVICE_SECRET => $secret});
	$new->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
	is_deeply($new->json('pull', '--version', 1)->{secrets}, {A => 1}, 'enroll');
}

# ---- one that was handed out is no cure for a leak
{
	chomp(my $line = $p->must('rotate-key', '--prepare'));
	my $m = machine($p, $line);
	value_is($m, 4, 'prepared for a plan');
	my $r = $p->gives(['rotate-key', '--leaked', '--yes'], 0, qr/is replaced$/m,
	    qr/\Avault-env: The VAULT_KEY_NEXT that was handed out is not used: hand out the /,
	    '--leaked');
	isnt(secret($p->key), secret($line =~ s/.*=//r), 'another key than that');
	$m->gives(['run', '--', 'printenv', 'A'], 0, "4\n", qr/VAULT_KEY was replaced on/,
	    '... so machines live on their caches');

	# In force already, but not in its place.
	chomp($line = $p->must('rotate-key', '--prepare'));
	my $env = $p->slurp('.env');
	my $next = VaultTest::slurp(next_path($p));
	$p->must('rotate-key', '--yes');
	$p->spew('.env', $env);
	VaultTest::spew(next_path($p), $next);
	chmod 0600, next_path($p);
	$p->gives(['rotate-key', '--prepare'], 1, '', qr/\Avault-env:\ The\ next\ VAULT_KEY\ of
	    \ project\ \S+\ is\ in\ force\ already,\ but\ not\ in\ its\ place\ here\.\ Run
	    \ first:\ vault-env\ rotate-key\n\z/x, 'no other is prepared before that');
	$p->gives(['get', 'A'], 3, '', qr/VAULT_KEY\ was\ replaced\ on\ .*If\ it\ was\ by
	    \ vault-env\ rotate-key\ on\ this\ machine,\ run\ that\ again:\ it\ was\ cut\ off/x,
	    'a rotation that was cut off is told');
	$p->gives(['rotate-key', '--leaked', '--yes'], 0, qr/(?:Wrote the new.*){2}/s,
	    qr/Going on with a rotation that was begun before/, '--leaked finishes, then ' .
	    'rotates once more');
	isnt(secret($p->key), secret($line =~ s/.*=//r), 'to a key that nobody had');
	value_is($p, 4, '... which is good');
}

# ---- a VAULT_KEY_NEXT that took over, and was replaced in its turn
{
	my $p = team();
	chomp(my $line = $p->must('rotate-key', '--prepare'));
	my $m = machine($p, $line);

	$p->must('rotate-key', '--yes');
	value_is($m, 1, 'a machine goes on with VAULT_KEY_NEXT');
	$p->must('rotate-key', '--leaked', '--yes');
	$m->gives(['run', '--', 'printenv', 'A'], 0, "1\n", qr/using cached secrets .*VAULT_KEY was replaced/,
	    '... and lives on the cache when that was replaced');
	$m->gives(['run', '--', 'printenv', 'A', {url => CliTest::closed_url()}], 0, "1\n",
	    qr/using cached secrets .*Cannot reach/, '... with the server away, too');
	$m->gives(['run', '--offline', '--', 'printenv', 'A'], 0, "1\n", '', '... and offline');
	my $env = $m->slurp('.env');
	$m->spew('.env', 'VAULT_KEY=' . $p->key . "\n");
	$m->gives(['run', '--', 'printenv', 'A', {url => CliTest::closed_url()}], 4, '',
	    qr/no cache available \(the cache was not written by this device with this VAULT_KEY\. Pull again\)/,
	    'the VAULT_KEY of today opens no cache of before: nothing was tampered with');
	value_is($m, 1, '... and pulls');
}

# ---- the key is in the environment
{
	my $m = machine($p);
	my $key = $p->key;
	$m->spew('.env', '');
	my $env = {VAULT_KEY => $key};
	my $r = $m->gives(['rotate-key', '--yes', {env => $env}], 0,
	    qr/^Put this in the place of the VAULT_KEY that the environment has:\nVAULT_KEY=$vk$/m,
	    qr/Every machine/, 'a key of the environment: the new one is printed');
	my ($new) = $r->{stdout} =~ /^VAULT_KEY=($vk)$/m;
	$m->gives(['run', '--', 'printenv', 'A', {env => {VAULT_KEY => $new}}], 0, "4\n", '',
	    '... and good');
	my $json = decode_json($m->must('rotate-key', '--yes', '--json',
	    {env => {VAULT_KEY => $new}}));
	is_deeply([sort keys %$json], [qw(environments file project_id vault_key)], '--json');
	is($json->{file}, undef, '... no file has it');

	# ---- somebody else was faster
	VaultTest::spew(next_path($p), 'd' x 64 . "\n");
	chmod 0600, next_path($p);
	$p->gives(['rotate-key', '--yes'], 3, '', qr/\Avault-env:\ VAULT_KEY\ was\ replaced\ on
	    \ $when.*\ by\ $by\.\ Ask/x, 'somebody else has rotated');
	ok(!-e next_path($p), '... the own one is of no use');
	$p->spew('.env', "VAULT_KEY=$json->{vault_key}\n");
	value_is($p, 4, 'the new one, put in its place by hand');
}

# ---- what cannot work is refused before a key is made
{
	rename $p->path('.env'), $p->path('real') or die;
	symlink 'real', $p->path('.env') or die;
	$p->gives(['rotate-key', '--yes'], 1, '', 'vault-env: The new VAULT_KEY could not be ' .
	    'written to .env, which is no regular file. Give the path of the file itself ' .
	    "with --file, or set VAULT_KEY in the environment\n", 'a link');
	ok(!-e next_path(CliTest->new(home => $p->{home}, dir => $p->{dir})), '... no key');
	$p->gives(['rotate-key', '--yes', '--file', 'real'], 0, qr/^Wrote the new VAULT_KEY to real$/m, qr/./, '... its file');
	unlink $p->path('.env') or die;
	rename $p->path('real'), $p->path('.env') or die;
	VaultTest::spew(next_path($p), "no secret\n");
	chmod 0600, next_path($p);
	$p->gives(['rotate-key', '--yes'], 1, '', qr/\Avault-env:\ \S+\.next\ does\ not\ hold\ the
	    \ secret\ of\ a\ VAULT_KEY\.\ Remove\ it,/x, 'a file that is none');
	chmod 0644, next_path($p);
	$p->gives(['rotate-key', '--yes'], 1, '', qr/chmod/, 'a file that others can read');
	unlink next_path($p) or die;
	$p->gives(['rotate-key', '--prepare', '--leaked'], 2, '', "vault-env: --prepare and " .
	    "--leaked do not go together. See: vault-env rotate-key --help\n", 'options');
	my $v1 = CliTest->new(url => $s->{url});
	$v1->must('init', '--protocol', 1);
	for (['rotate-key', '--yes'], ['key']) {
		$v1->gives($_, 1, '', qr/\Avault-env:\ Project\ \S+\ is\ of\ protocol\ v1,\ which
		    \ cannot\ do\ this\.\ Run:\ vault-env\ upgrade\n\z/x, "v1: @$_");
	}
}

# ---- the question
{
	my $before = $p->slurp('.env');
	my ($text, $code) = $p->terminal("$CliTest::BIN rotate-key --url $s->{url}", ready => qr/Go on\?/,
	    keys => "n\n");
	is($code, 1, 'asked, and no');
	like($text, qr/Nothing was replaced\. Run again: vault-env rotate-key/, '... said');
	is($p->slurp('.env'), $before, '... and so it is');
	my ($shown) = $text =~ /^($vk)$/m;
	($text, $code) = $p->terminal("$CliTest::BIN rotate-key --url $s->{url}", ready => qr/Go on\?/,
	    keys => "y\n");
	is($code, 0, 'asked again, and yes') or diag $text;
	is(secret($p->key), secret($shown // 'x' x 104), '... it is the key that was shown');
	value_is($p, 4, '... and good');
}
done_testing;
