#!/usr/bin/perl
# Rows of security.md that show over HTTP, in the database or in the process, each named by its number.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd pg_dump));
my $vault = "$VaultTest::BUILD/fcgi/vault.fcgi";

sub says
{
	my ($r, $status, $sentence, $code, $name) = @_;

	is "$r->{status} " . ($r->{json}{error} // '-') . ' ' .
	    ($r->{json}{code} // '-'), "$status $sentence $code", $name
	    or diag $r->{raw};
}

VaultTest->each_web(sub {
	my ($s) = @_;
	my $new = sub { VaultTest::Client->new($s->{url})->create(shift) };
	my $dump = sub {
		my $r = VaultTest::run(['pg_dump', '--inserts'], env => $s->pg_env);
		is $r->{status}, 0, 'pg_dump' or diag $r->{stderr};
		return $r->{stdout};
	};

	subtest 'row 7: projects that nobody claims are removed' => sub {
		my $c = VaultTest::Client->new($s->{url});
		my %id = map { $_ => $c->call('project/create',
		    {project_name => $_})->{json}{project_id} } qw(young old);
		my $claimed = $new->('claimed');
		my $age = sub { 'update vault.projects set created_at = ' .
		    "now() - interval '$_[1] minutes' where id = '$_[0]';" };
		# In one transaction: the server keeps house as well
		is $s->psql($age->($id{young}, 14) . $age->($id{old}, 16) .
		    $age->($claimed->{project}, 100_000) .
		    'select projects_removed from vault.housekeep(15)'), 1,
		    'one is removed';
		my $set = sub { $c->call('project/set-key', {project_id => $_[0],
		    auth_key_hash => 'ab' x 32}) };
		says($set->($id{old}), 404, 'Project not found', 'project_not_found',
		    'the old one');
		is $set->($id{young})->{status}, 200, 'not the young one';
		is $claimed->call('devices/list')->{status}, 200,
		    'not the claimed one';
		is $s->psql("select count(*) from vault.environments where " .
		    "project_id = '$id{old}'"), 0, 'its environments too';
	};

	subtest 'row 9: auth keys at rest' => sub {
		my ($a, $b) = map { $new->($_) } qw(a b);
		my $text = $dump->();
		like $text, qr/\Q$a->{project}\E/, 'the dump holds the project';
		for my $c ($a, $b) {
			my $hex = unpack 'H*', $c->{auth_key};
			unlike $text, qr/\Q$hex\E/i, 'but not its auth key in hex';
			unlike $text, qr/\Q@{[encode_base64($c->{auth_key}, '')]}\E/,
			    'nor in base64';
		}
		is $s->psql("select octet_length(auth_key) from vault.projects " .
		    "where id = '$a->{project}'"), 60, 'it is sealed';
		my ($server_key) = VaultTest::slurp($s->dir . '/server.key') =~ /(\w+)/;
		unlike $text, qr/$server_key/, 'the server key is not in the database';

		# A sealed key is bound to its project
		my $keep = $s->psql("select auth_key from vault.projects where id " .
		    "= '$b->{project}'");
		$s->psql("update vault.projects set auth_key = (select auth_key " .
		    "from vault.projects where id = '$a->{project}') where id = " .
		    "'$b->{project}'");
		$s->restart('vault');
		my $r = $b->call('devices/list', {}, key => $a->{auth_key});
		isnt $r->{status}, 200, "another project's sealed key does not open";
		ok defined $r->{json}{error}, 'and is a clean error' or diag $r->{raw};
		isnt $b->call('devices/list')->{status}, 200, 'nor does its own';
		$s->psql("update vault.projects set auth_key = '$keep' where id = " .
		    "'$b->{project}'");
		is $b->call('devices/list')->{status}, 200, 'put back, it does';
		for my $at (0, 12, 59) {
			$s->psql("update vault.projects set auth_key = set_byte(" .
			    "auth_key, $at, get_byte(auth_key, $at) # 1) where id = " .
			    "'$b->{project}'");
			isnt $b->call('devices/list')->{status}, 200,
			    "byte $at altered: it does not open";
			$s->psql("update vault.projects set auth_key = '$keep' " .
			    "where id = '$b->{project}'");
		}
	};

	subtest 'row 10: device hashes' => sub {
		my $c = $new->('hash');
		$c->register('d');
		my $text = $dump->();
		like $text, qr/\Q$c->{device_id}\E/, 'the dump holds the device';
		unlike $text, qr/\Q$c->{device_hash}\E/i,
		    'but not the hash that it presents';
		unlike $text, qr/\Q$c->{device_secret}\E/i, 'nor its secret';
		unlike $c->call('devices/list')->{raw}, qr/\Q$c->{device_hash}\E/,
		    'and no reply shows it';
	};

	subtest 'row 14: a daily limit' => sub {
		my $c = VaultTest::Client->new($s->{url});
		my $count = sub { $s->psql('select count(*) from vault.projects') };
		my $today = $count->();
		$s->psql("delete from vault.creations");
		$s->set(project_daily_limit => 2);
		my @r = map { $c->call('project/create', {project_name => 'x'}) }
		    1 .. 4;
		is_deeply [map { $_->{status} } @r], [200, 200, 429, 429],
		    'two more, then no more';
		says($r[3], 429, 'Too many projects created today',
		    'project_limit', 'the sentence');
		is $count->(), $today + 2, 'nothing was made';
		$s->psql("update vault.creations set network = '192.0.2.0/24'");
		is $c->call('project/create', {project_name => 'x'})->{status}, 200,
		    'strangers elsewhere used up theirs alone';
		$s->set(project_daily_limit => 0);
		is $c->call('project/create', {project_name => 'x'})->{status}, 200,
		    '0 is no limit';
		$s->set(project_daily_limit => undef);
	};

	subtest 'what strangers may store is bounded' => sub {
		$s->set(project_quota_mib => 1, keep_versions => 20);
		my ($c, $other) = map { $new->($_) } 'quota', 'beside it';
		my $blob = VaultTest::Client::blob(400_000);
		my @r = map { $c->push_blob("e$_", $blob) } 1 .. 3;
		is_deeply [map { $_->{status} } @r], [200, 200, 409],
		    '800 KB of 1 MiB, and no more';
		says($r[2], 409, 'Project has used up its storage',
		    'project_quota', 'the sentence');
		says($c->call('secrets/rollback', {environment => 'e1',
		    version => 1}), 409, 'Project has used up its storage',
		    'project_quota', 'nor by a rollback');
		is $c->pull('e2')->{json}{version}, 1, 'what is there is read';
		is $other->push_blob('e1', $blob)->{status}, 200,
		    'another project is not held up';
		$s->set(project_quota_mib => 2, keep_versions => undef);
		is $c->push_blob('e3', $blob)->{status}, 200, 'raised, it goes on';
		$s->set(project_quota_mib => undef);
	};

	subtest 'a disk that is nearly full answers reads' => sub {
		my $c = $new->('space');
		my $blob = VaultTest::Client::blob();
		my $rows = sub { $s->psql('select (select count(*) from ' .
		    'vault.projects), (select count(*) from vault.devices), ' .
		    '(select count(*) from vault.secret_versions), ' .
		    '(select count(*) from vault.requests)') };
		$c->register('d');
		$c->push_blob('production', $blob);
		my $before = $rows->();
		$s->set(data_folder => $s->{dir}, min_free_mib => 1 << 30);
		my %answer = map { $_->{path} => $_ } map {
			{%{$c->call(@$_)}, path => $_->[0]} }
		    ['secrets/push', {environment => 'production', secrets => $blob,
			device_hash => $c->{device_hash}}],
		    ['secrets/rollback', {environment => 'production', version => 1}],
		    ['project/create', {project_name => 'x'}],
		    ['project/set-key', {auth_key_hash => 'ab' x 32}],
		    ['devices/register', {device_name => 'e',
			device_hash => 'ab' x 32}],
		    ['devices/approve', {device_id => $c->{device_id}}],
		    ['devices/revoke', {device_id => $c->{device_id}}];
		says($answer{$_}, 507, 'Server is out of space and answers reads only',
		    'out_of_space', $_) for sort keys %answer;
		is $rows->(), $before, 'nothing is stored, not even in part';
		is $c->pull('production')->{json}{version}, 1, 'a pull is answered';
		is $c->call(@$_)->{status}, 200, "$_->[0] is answered" for
		    ['secrets/current-version', {environment => 'production'}],
		    ['secrets/versions', {environment => 'production'}],
		    ['devices/list'];
		is $c->send('GET', '/health')->{status}, 200, 'and health';
		$s->set(min_free_mib => 1);
		is $c->push_blob('production', $blob)->{status}, 200,
		    'room again: a push';
		$s->set(data_folder => undef, min_free_mib => undef);
	};

	subtest 'row 20: environments and devices are bounded' => sub {
		$s->set(max_environments => 5, max_devices => 4);
		my $c = $new->('bounds');
		my @r = map { $c->push_blob("e$_", VaultTest::Client::blob()) } 1 .. 3;
		is_deeply [map { $_->{status} } @r], [200, 200, 409],
		    'three are there, two more may come';
		says($r[2], 409, 'Too many environments', 'too_many_environments',
		    'the sentence');
		is $c->push_blob('e1', VaultTest::Client::blob())->{status}, 200,
		    'old ones still take pushes';
		my @answers = VaultTest::parallel(8, sub { my $o = $c->again;
		    my $r = $o->call('devices/register', {device_name => "d$_[0]",
			device_hash => VaultTest::Client::random_hex(32)});
		    return "$r->{status} " . ($r->{json}{code} // $r->{json}{status}) });
		is_deeply [sort @answers], ['200 approved', ('200 pending') x 3,
		    ('409 too_many_devices') x 4], 'four devices, even at once';
		my $p = $new->('parallel bounds');
		@answers = VaultTest::parallel(8, sub {
			my $r = $p->push_blob("e$_[0]", VaultTest::Client::blob());
			return "$r->{status} " . ($r->{json}{code} // '') });
		is_deeply [sort @answers], [('200 ') x 2,
		    ('409 too_many_environments') x 6], 'five environments, even at once';
		$s->set(max_environments => undef, max_devices => undef);
	};

	subtest 'audit: who, what, from where, with what result' => sub {
		my $c = $new->('audit');
		my $d = $c->again;
		$d->register('owner');
		my $p = $c->again;
		$p->register('pending');
		my $row = sub {
			my ($name, $want, $call) = @_;
			my $before = $s->psql('select clock_timestamp()');
			$call->();
			is $s->psql("select concat_ws('|', action, outcome, " .
			    "coalesce(device_id::text, '-'), coalesce(environment, " .
			    "'-'), coalesce(version::text, '-'), remote) from " .
			    "vault.audit_log where project_id = '$c->{project}' and " .
			    "at > '$before'"), $want, $name;
		};
		my ($did, $pid) = map { $_->{device_id} } $d, $p;
		my $blob = VaultTest::Client::blob();
		$row->('push', "secrets/push|00000|$did|production|1|127.0.0.1",
		    sub { $d->push_blob('production', $blob) });
		$row->('pull', "secrets/pull|00000|$did|production|1|127.0.0.1",
		    sub { $d->pull('production') });
		$row->('a pending device', "secrets/pull|VE030|$pid|production|-|" .
		    '127.0.0.1', sub { $p->pull('production') });
		$row->('a pending push', "secrets/push|VE030|$pid|production|-|" .
		    '127.0.0.1', sub { $p->push_blob('production', $blob) });
		$row->('no device', 'secrets/pull|VE031|-|production|-|127.0.0.1',
		    sub { $c->again->pull('production') });
		$row->('approve', "devices/approve|00000|$pid|-|-|127.0.0.1",
		    sub { $c->call('devices/approve', {device_id => $pid}) });
		$row->('revoke', "devices/revoke|00000|$pid|-|-|127.0.0.1",
		    sub { $c->call('devices/revoke', {device_id => $pid}) });
		$row->('a revoked device', "secrets/pull|VE031|$pid|production|-|" .
		    '127.0.0.1', sub { $p->pull('production') });
		$row->('rollback', 'secrets/rollback|00000|-|production|2|127.0.0.1',
		    sub { $c->call('secrets/rollback', {environment => 'production',
			version => 1}) });
		$row->('row 27: X-Forwarded-For says nothing',
		    "secrets/pull|00000|$did|production|2|127.0.0.1", sub {
			$d->pull('production', {}, header => {
			    'X-Forwarded-For' => '192.0.2.1', 'X-Real-IP' => '192.0.2.2',
			    'Forwarded' => 'for=192.0.2.3', 'Client-IP' => '192.0.2.4'}) });
		$row->('nothing for bad input', '',
		    sub { $d->pull('../production') });
		$row->('nor for a bad signature', '', sub {
			$d->call('secrets/pull', {environment => 'production'},
			    sign => 0) });
	};

	subtest 'row 24: no core, no dump, locked memory' => sub {
		my ($pid) = $s->vault_pids;
		ok defined $pid, 'vault.fcgi runs' or return;
		my $limits = VaultTest::slurp("/proc/$pid/limits");
		like $limits, qr/^Max core file size\s+0\s+0\s/m, 'RLIMIT_CORE is 0';
		my $status = VaultTest::slurp("/proc/$pid/status");
		my ($locked) = $status =~ /^VmLck:\s+(\d+) kB/m;
		cmp_ok $locked, '>', 0, "memory is locked ($locked kB)";
		# What cannot be dumped belongs to root in /proc, whoever runs it
		SKIP: {
			skip 'as root everything belongs to root', 1 if $> == 0;
			is((stat "/proc/$pid/mem")[4], 0, 'not dumpable');
		}
		like VaultTest::slurp("$VaultTest::SRC/etc/systemd/" .
		    'vault-env.service.in'), qr/^LimitCORE=0$/m, 'and so says the unit';
	};

	subtest 'row 28: clocks' => sub {
		my $c = $new->('clock');
		my %r = (health => $c->send('GET', '/health'),
		    refused => $c->call('devices/list', {}, sign => 0),
		    list => $c->call('devices/list'));
		for (sort keys %r) {
			my $date = $r{$_}{headers}{date};
			like $date, qr/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\z/,
			    "$_ has a Date";
			cmp_ok abs(HTTP::Tiny->_parse_http_date($date) - time), '<', 5,
			    'of now';
		}
		my $fast = VaultTest::Client::now_ms() + 3_600_000;
		is $c->call('devices/list', {}, time_ms => $fast)->{status}, 401,
		    'a clock that is an hour fast';
	};

	subtest 'row 23: nothing secret in any log' => sub {
		my $c = $new->('canaries');
		$c->register('d');
		$c->push_blob('production', VaultTest::Client::blob());
		$c->pull('production');
		# In every place where a log might look
		my $hash = $c->{device_hash};
		$c->call('secrets/pull', {}, url_path =>
		    "/api/v1/secrets/pull?device_hash=$hash");
		$c->call('secrets/pull', {environment => $hash . $hash});
		$c->call('devices/list', {}, header => {'User-Agent' => $hash,
		    'Referer' => "http://x/$hash", 'Cookie' => $hash});
		$c->call('secrets/push', undef, raw_body =>
		    '{"secrets":"' . VaultTest::Client::blob(200) . '"');
		$c->push_blob('production', VaultTest::Client::blob(100_000));
		my %canary = %VaultTest::Client::CANARIES;
		cmp_ok scalar keys %canary, '>', 30, 'there are canaries: ' .
		    keys %canary;
		my @logs = grep { -f } glob $s->dir . '/log/*';
		my $all = join "\n", map { VaultTest::slurp($_) } @logs;
		cmp_ok length $all, '>', 10_000, 'and logs: ' . @logs;
		is_deeply [grep { index($all, $_) >= 0 || index($all,
		    substr $_, 0, 32) >= 0 } keys %canary], [], 'none is in any';
		unlike $all, qr/\?device_hash/, 'no query string';
		for my $socket (glob($s->dir . '/*.sock')) {
			is((stat $socket)[2] & 07, 0, "$socket is not for others");
		}
	};

	subtest 'no device hash in a log of all parameters' => sub {
		my $c = $new->('logged');
		my $conf = $s->dir . '/pg/postgresql.conf';
		my $before = VaultTest::slurp($conf);
		VaultTest::spew($conf, "$before\nlog_statement = 'all'\n");
		$s->restart('postgres');
		$c->register('d');
		$c->push_blob('production', VaultTest::Client::blob());
		is $c->pull('production')->{status}, 200, 'a device pulls';
		VaultTest::spew($conf, $before);
		$s->restart('postgres');
		my $log = $s->log('postgres');
		like $log, qr/vault\.secret_pull.*\n.*arameters: /, 'all is logged';
		is index($log, $c->{device_hash}), -1, 'but the hash it proves';
	};
});

# ---------------------------------------------- row 9: the server key's file
subtest 'row 9: the server key' => sub {
	my $s = VaultTest->server(web => 'nginx');
	my $c = VaultTest::Client->new($s->{url})->create('server key');
	my $file = $s->dir . '/server.key';
	my $key = VaultTest::slurp($file);
	like $key, qr/\A[0-9a-f]{64}\n\z/, 'the development server made one';
	is sprintf('%04o', (stat $file)[2] & 07777), '0600', 'of mode 0600';
	my $run = sub { VaultTest::run([$vault, '--config', $s->dir .
	    '/vault.conf', @_], timeout => 20) };
	my $check = sub { $run->('--check') };
	my $r = $check->();
	is "$r->{status} $r->{stdout}", "0 ok\n", '--check is ok' or
	    diag $r->{stderr};

	my $refused = sub {
		my ($name, $like, $undo) = @_;
		for my $how (['--check'], ['--listen', $s->dir . '/x.sock']) {
			my $r = $run->(@$how);
			like $r->{status}, qr/^[12]\z/, "$name: $how->[0] refuses";
			like $r->{stderr} . $r->{stdout}, $like, "$name: and says why";
			unlike $r->{stderr} . $r->{stdout}, qr/[0-9a-f]{64}/,
			    "$name: without the key";
		}
	};
	my $write = sub { VaultTest::spew($file, $_[0]); chmod $_[1] // 0600, $file };
	unlink $file;
	$refused->('missing', qr/server\.key.*No such file/s);
	is VaultTest::slurp($file, 1), '', 'and makes none of its own';
	for my $bad (['empty', ''], ['short', substr($key, 1)],
	    ['upper case', uc $key], ['long', "0$key"], ['two lines', $key . $key],
	    ['all zero', '0' x 64 . "\n"], ['no hex', 'g' x 64 . "\n"],
	    ['a blank', " $key"]) {
		$write->($bad->[1]);
		$refused->($bad->[0], qr/server_key_file/);
	}
	for my $mode (0640, 0604, 0666, 0620) {
		$write->($key, $mode);
		$refused->(sprintf('mode %04o', $mode), qr/chmod 0600/);
	}
	unlink $file;
	VaultTest::spew("$file.real", $key);
	chmod 0600, "$file.real";
	symlink "$file.real", $file;
	$refused->('a symlink', qr/symbolic link/);
	unlink $file;
	POSIX::mkfifo($file, 0600);
	$refused->('a FIFO', qr/not a regular file/);
	unlink $file;
	$write->(VaultTest::Client::random_hex(32) . "\n");
	$refused->('another key', qr/server_key_file/);
	$write->($key);
	is $check->()->{status}, 0, 'the right one again';
	is $c->call('devices/list')->{status}, 200, 'which serves meanwhile';
	chmod 0400, $file;
	is $check->()->{status}, 0, 'mode 0400 will do';
	chmod 0600, $file;

	# ---- replacing it
	my $old_rows = $s->psql('select auth_key from vault.projects where id = ' .
	    "'$c->{project}'");
	$r = $run->('--rekey');
	is $r->{status}, 0, '--rekey' or diag $r->{stderr};
	unlike $r->{stdout} . $r->{stderr}, qr/[0-9a-f]{64}/, 'prints no key';
	my $new = VaultTest::slurp($file);
	like $new, qr/\A[0-9a-f]{64}\n\z/, 'leaves a key';
	isnt $new, $key, 'another one';
	my @old = glob "$file.old-*";
	is scalar @old, 1, 'and the old one beside it, for the backups';
	is VaultTest::slurp($old[0] // ''), $key, '... as it was';
	is sprintf('%04o', (stat $old[0])[2] & 07777), '0600', '... of mode 0600';
	is sprintf('%04o', (stat $file)[2] & 07777), '0600', 'of mode 0600';
	isnt $s->psql("select auth_key from vault.projects where id = " .
	    "'$c->{project}'"), $old_rows, 'auth keys are sealed anew';
	$s->restart('vault');
	is $c->call('devices/list')->{status}, 200, 'and open';
	is $check->()->{status}, 0, '--check is ok';
	my $other = VaultTest::Client->new($s->{url})->create('after');
	is $other->call('devices/list')->{status}, 200, 'new projects too';
	$write->($key);
	$refused->('the old key', qr/server_key_file/);
	$write->($new);

	# ---- two at once, and what is left when one fails
	my $at_database = sub {	# holds the row of the server key meanwhile
		my ($meanwhile) = @_;
		my $gate = $s->dir . '/gate';
		my $locker = $s->psql_background('begin; select 1 from ' .
		    'vault.server_key for update; select pg_sleep(4); commit');
		VaultTest::wait_until(10, sub { $s->psql('select count(*) from ' .
		    "pg_stat_activity where wait_event = 'PgSleep'") });
		my @r = VaultTest::parallel(2, sub {
			return $run->('--rekey') if $_[0] == 0;
			VaultTest::wait_until(3, sub { $s->psql('select count(*) ' .
			    'from pg_locks where not granted') }) or die 'late';
			return $meanwhile->();
		});
		waitpid $locker, 0;
		return @r;
	};
	my $as_before = sub {
		is VaultTest::slurp($file), $new, "$_[0]: the key is as it was";
		is $check->()->{status}, 0, "$_[0]: and right";
	};
	my ($one, $two) = $at_database->(sub { $run->('--rekey') });
	is $one->{status}, 0, 'of two at once the first is done'
	    or diag $one->{stderr};
	is $two->{status}, 1, 'the second refuses';
	is $two->{stderr}, "vault.fcgi: $file: another vault.fcgi --rekey is at " .
	    "work on it; wait until that has ended\n", 'and says so';
	is $check->()->{status}, 0, 'the key is right';
	$new = VaultTest::slurp($file);
	($one) = $at_database->(sub { unlink "$file.new" });
	is $one->{status}, 1, 'the new key vanishes before it counts: refused';
	like $one->{stderr}, qr/server\.key\.new/, 'and says so';
	$as_before->('vanished');
	($one) = $at_database->(sub { VaultTest::spew("$file.new", 'a' x 64) });
	is $one->{status}, 1, 'the new key is overwritten: refused';
	like $one->{stderr}, qr/server\.key\.new: it was changed meanwhile/,
	    'and says so';
	$as_before->('overwritten');
	unlink "$file.new";
	($one, my $next) = $at_database->(sub {
		$s->restart('postgres');
		return VaultTest::slurp("$file.new");
	});
	is $one->{status}, 1, 'a connection that breaks: failed';
	$as_before->('broken');
	is VaultTest::slurp("$file.new", 1), $next, 'the new key stays';
	is $run->('--rekey')->{status}, 0, 'the next run';
	is VaultTest::slurp($file), $next, 'takes it up';
	$s->restart('vault');
	is $c->call('devices/list')->{status}, 200, 'and auth keys open';

	# ---- interrupted, at any moment: one of the keys on disk is the right one
	my @others = map { VaultTest::Client->new($s->{url})->create("p$_") } 1 .. 20;
	for my $after (0.001, 0.004, 0.01, 0.02, 0.04, 0.08) {
		my $pid = fork // die;
		if ($pid == 0) {
			open STDERR, '>', '/dev/null';
			open STDOUT, '>', '/dev/null';
			exec $vault, '--config', $s->dir . '/vault.conf', '--rekey'
			    or POSIX::_exit(127);
		}
		sleep $after;
		kill KILL => $pid;
		waitpid $pid, 0;
		# A killed client's transaction may take a moment to be undone
		sleep 0.2;
		my $r = $check->();
		if ($r->{status} != 0) {
			note "after $after s: $r->{stderr}";
			$r = $run->('--rekey');
			is $r->{status}, 0, "killed after $after s: --rekey finishes it"
			    or diag $r->{stderr};
		}
		$s->restart('vault');
		is_deeply [grep { $_->call('devices/list')->{status} != 200 }
		    $c, @others], [], "killed after $after s: all keys open";
	}
};
done_testing;
