#!/usr/bin/perl
# A second vault.fcgi on a socket of its own, spoken to record by record: replays across processes, lying lengths, roles, hang-ups, stalls, SIGTERM.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use VaultTest;
use VaultTest::FastCGI;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $c = VaultTest::Client->new($s->{url})->create('fastcgi');
my $json = JSON::PP->new->utf8->canonical;
my $socket = $s->dir . '/second.sock';
my $second = start_second($socket, '');

sub start_second	# its socket, settings beside those of the first
{
	my ($socket, $settings) = @_;
	VaultTest::spew("$socket.conf",
	    VaultTest::slurp($s->dir . '/vault.conf') . $settings);
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		chdir $s->dir;
		open STDERR, '>>', $s->dir . '/log/second.log';
		exec "$VaultTest::BUILD/fcgi/vault.fcgi", '--config',
		    "$socket.conf", '--listen', $socket
		    or POSIX::_exit(127);
	}
	VaultTest::wait_until(10, sub { -S $socket }) or
	    die "no socket:\n" . VaultTest::slurp($s->dir . '/log/second.log');
	return $pid;
}
END { kill KILL => grep { $_ } $second, our ($third, $fourth, $fifth, $dripper) }

# Peers that stall after BEGIN hold all threads of a third; see the end
my $stalled = $s->dir . '/third.sock';
our $third = start_second($stalled, "threads = 2\ndb_connections = 1\n");
my @stalled = map { VaultTest::FastCGI::connect_to($stalled) } 1 .. 4;
syswrite $_, VaultTest::FastCGI::record(1, pack 'nCx5', 1, 0) for @stalled;

# One that sends a byte a second holds the only thread of a fourth
my $dripped = $s->dir . '/fourth.sock';
our $fourth = start_second($dripped, "threads = 1\ndb_connections = 1\n");
my $drip = VaultTest::FastCGI::connect_to($dripped);
my $drip_start = time;
our $dripper = fork // die "fork: $!";
if ($dripper == 0) {
	local $SIG{PIPE} = 'IGNORE';
	my $bytes = VaultTest::FastCGI::bytes({X => 'y' x 500}, '');
	for (split //, $bytes) {
		syswrite $drip, $_ or last;
		sleep 1;
	}
	POSIX::_exit(0);
}
close $drip;

# One that has a single descriptor left, for a connection
my $scarce = $s->dir . '/fifth.sock';
our $fifth = start_second($scarce, "threads = 1\ndb_connections = 1\n");
is VaultTest::FastCGI::request($scarce, {REQUEST_METHOD => 'GET',
    REQUEST_URI => '/health'}, '')->{status}, 200, 'a server that answers';
sleep 1;	# until that connection is closed
my $free = 0;
$free++ while -l "/proc/$fifth/fd/$free";
is VaultTest::run(['prlimit', '--pid', $fifth, '--nofile=' . ($free + 1)])->{status},
    0, 'has one descriptor left';
is VaultTest::FastCGI::request($scarce, {REQUEST_METHOD => 'GET',
    REQUEST_URI => '/health'}, '')->{status}, 200, 'and answers with that';
kill TERM => $fifth;
waitpid $fifth, 0;
is $?, 0, 'and the server leaves';
$fifth = 0;

# A connection that is kept, too
my $kept = VaultTest::FastCGI::connect_to($socket);
my %health = (REQUEST_METHOD => 'GET', REQUEST_URI => '/health');
syswrite $kept, VaultTest::FastCGI::bytes(\%health, '', keep => 1);
is VaultTest::FastCGI::answer($kept)->{status}, 200, 'a kept connection';
syswrite $kept, VaultTest::FastCGI::bytes(\%health, '', keep => 1);
is VaultTest::FastCGI::answer($kept)->{status}, 200, 'serves again';

sub post		# a signed call by FastCGI: path, body text, more parameters
{
	my ($path, $body, %more) = @_;
	my $signature = delete $more{signature} //
	    VaultTest::Client::signature($c->{auth_key}, $body,
	    VaultTest::Client::now_ms());

	return VaultTest::FastCGI::request($socket, VaultTest::FastCGI::post(
	    "/api/v1/$path", $body, $signature, %more), $body);
}
sub alive
{
	my $r = VaultTest::FastCGI::request($socket, {REQUEST_METHOD => 'GET',
	    REQUEST_URI => '/health', SCRIPT_NAME => '/health',
	    REMOTE_ADDR => '127.0.0.1'}, '');

	is $r->{status}, 200, "$_[0]: it still serves" or diag $r->{head};
}

alive('started');
is sprintf('%04o', (stat $socket)[2] & 07777), '0660',
    'socket_mode is 0660 (row 27)';
my $list = $json->encode({project_id => $c->{project}});
my $r = post('devices/list', $list);
is $r->{status}, 200, 'a signed call' or diag $r->{raw};
like $r->{head}, qr{^Content-Type: application/json}mi, 'is JSON';

# ---- what one process accepted the other knows
my $pushed = $c->push_blob('production', VaultTest::Client::blob());
is $pushed->{json}{version}, 1, 'a push to the first process';
$r = post('secrets/push', $pushed->{sent}, signature => $pushed->{signature});
is_deeply $r->{json}, {version => 1}, 'again, to the second: the first answer'
    or diag $r->{raw};
for (grep { $_ ne 'secrets/push' } @VaultTest::Client::SIGNED) {
	my $full = $c->call('secrets/push', $c->full_body);
	$r = post($_, $full->{sent}, signature => $full->{signature});
	is "$r->{status} " . ($r->{json}{code} // ''), '409 signature_reused',
	    "a push, as $_, to the second process";
}

# ---- Content-Length against what comes
my $before = $s->counts;
my $body = $json->encode($c->full_body);
for my $case (['one less', length($body) - 1], ['one more', length($body) + 1],
    ['none', undef], ['empty', ''], ['-1', -1], ['a word', 'x'], ['0x10', '0x10'],
    ['a blank', ' ' . length $body], ['plus', '+' . length $body],
    ['far more', 1_000_000], ['too much', 1 << 31], ['2^64', '18446744073709551616'],
    ['zero', 0]) {
	my ($name, $length) = @$case;
	my $p = VaultTest::FastCGI::post('/api/v1/secrets/push', $body,
	    VaultTest::Client::signature($c->{auth_key}, $body,
	    VaultTest::Client::now_ms()));
	defined $length ? ($p->{CONTENT_LENGTH} = $length) :
	    delete $p->{CONTENT_LENGTH};
	$r = VaultTest::FastCGI::request($socket, $p, $body);
	like $r->{status}, qr/^4\d\d\z/, "Content-Length $name: $r->{status}";
	ok defined $r->{json}{error}, 'as JSON' or diag $r->{raw};
}
is $s->counts, $before, 'nothing changed';

# ---- lighttpd, whose process was killed before it took the request, sends it to
# the next one with the head of the first time still before the body
my $list_post = VaultTest::FastCGI::post('/api/v1/devices/list', $list,
    VaultTest::Client::signature($c->{auth_key}, $list,
    VaultTest::Client::now_ms()));
my $again = VaultTest::FastCGI::connect_to($socket);
syswrite $again, substr(VaultTest::FastCGI::bytes($list_post, ''), 0, -8) .
    VaultTest::FastCGI::bytes($list_post, $list);
$r = VaultTest::FastCGI::answer($again);
is "$r->{status} " . ($r->{json}{code} // ''), '503 request_broken',
    'two heads are not the fault of who sent the request' or diag $r->{raw};
like $r->{head}, qr/^Retry-After: 1\r?$/m, 'who may send it again';
is VaultTest::FastCGI::request($socket, $list_post, $list)->{status}, 200,
    'and is answered then';

# ---- hang-ups in the middle
my $whole = VaultTest::FastCGI::bytes(VaultTest::FastCGI::post(
    '/api/v1/secrets/push', $body, VaultTest::Client::signature(
    $c->{auth_key}, $body, VaultTest::Client::now_ms())), $body);
for my $n (1, 7, 8, 15, 16, 24, 40, 200, length($whole) - 200,
    length($whole) - 9, length($whole) - 1) {
	my $sock = VaultTest::FastCGI::connect_to($socket);
	syswrite $sock, substr $whole, 0, $n;
	close $sock;
}
sleep 0.3;
is $s->counts, $before, 'half a request is no request';
alive('hang-ups');

# ---- other roles, odd parameters
for my $role (0, 2, 3, 9) {
	$r = VaultTest::FastCGI::request($socket, VaultTest::FastCGI::post(
	    '/api/v1/devices/list', $list, VaultTest::Client::signature(
	    $c->{auth_key}, $list, VaultTest::Client::now_ms())), $list,
	    role => $role, timeout => 3);
	isnt $r->{status}, 200, "role $role is refused";
}
my $get = sub {
	return VaultTest::FastCGI::request($socket, [map { [$_->[0], $_->[1]] }
	    @_], '', timeout => 5);
};
my @base = (['REQUEST_METHOD', 'GET'], ['REQUEST_URI', '/health'],
    ['SCRIPT_NAME', '/health'], ['REMOTE_ADDR', '127.0.0.1']);
is $get->(@base, map { ["X_$_", 'y'] } 1 .. 100)->{status}, 200, '104 parameters';
like $get->(@base, map { ["X_$_", 'y'] } 1 .. 1000)->{status}, qr/^4\d\d\z/,
    'over 1,000 are refused';
like $get->()->{status}, qr/^(?:0|4\d\d)\z/, 'none at all';
like $get->(['REQUEST_METHOD', 'GET'])->{status}, qr/^(?:0|4\d\d)\z/, 'no path';
like $get->(['REQUEST_URI', '/health'])->{status}, qr/^(?:0|4\d\d)\z/,
    'no method';
for my $bytes ("\0" x 64, "\xff" x 64, 'GET / HTTP/1.0' . "\r\n" x 8,
    pack('CCnnCx', 1, 1, 1, 8, 0) . pack('nCx5', 1, 0) .
    pack('CCnnCx', 1, 4, 1, 12, 0) . pack('NN', 0xffffffff, 0xffffffff) . 'abcd') {
	my $sock = VaultTest::FastCGI::connect_to($socket);
	syswrite $sock, $bytes;
	VaultTest::FastCGI::answer($sock, 0.3);
	close $sock;
}
# the same where libfcgi would read it among the body
{
	my $sock = VaultTest::FastCGI::connect_to($socket);
	my $head = VaultTest::FastCGI::bytes(VaultTest::FastCGI::post(
	    '/api/v1/devices/list', $list, undef), '');
	syswrite $sock, substr($head, 0, length($head) - 8) .
	    pack('CCnnCx', 1, 9, 0, 12, 0) . pack('NN', 0xffffffff, 0xffffffff) .
	    'abcd';
	VaultTest::FastCGI::answer($sock, 0.3);
}
is waitpid($second, POSIX::WNOHANG()), 0, 'lengths that lie end no process';
alive('nonsense');

# ---- 60 MiB of parameters cost no memory
sub peak { return VaultTest::slurp("/proc/$second/status") =~ /^VmHWM:\s+(\d+)/m }
{
	local $SIG{PIPE} = 'IGNORE';
	my ($peak) = peak();
	my $sock = VaultTest::FastCGI::connect_to($socket);
	my $piece = VaultTest::FastCGI::record(VaultTest::FastCGI::FCGI_PARAMS(),
	    VaultTest::FastCGI::pair('X', '') x 20_000);
	my $sent = syswrite $sock, VaultTest::FastCGI::record(1, pack 'nCx5', 1, 0);
	while ($sent < 60 << 20) {
		$sent += syswrite($sock, $piece) // last;
	}
	cmp_ok $sent, '<', 1 << 20, 'most of it is not even taken';
	my ($now) = peak();
	cmp_ok $now - $peak, '<', 4096, "nor does it grow (by @{[$now - $peak]} KiB)";
}
alive('too many parameters');
is $s->counts, $before, 'nothing changed';

# ---- addresses: only what the web server says
my $at = $s->psql('select clock_timestamp()');
$body = $json->encode($c->full_body);
$r = post('secrets/push', $body, REMOTE_ADDR => '192.0.2.7',
    HTTP_X_FORWARDED_FOR => '198.51.100.1', HTTP_X_REAL_IP => '198.51.100.2',
    HTTP_FORWARDED => 'for=198.51.100.3', HTTP_CLIENT_IP => '198.51.100.4');
is $r->{status}, 200, 'a push' or diag $r->{raw};
is $s->psql("select remote from vault.audit_log where project_id = " .
    "'$c->{project}' and at > '$at'"), '192.0.2.7',
    'REMOTE_ADDR and nothing else is in the audit log (row 27)';

# ---- both processes at once
my $both = VaultTest::Client->new($s->{url})->create('both');
my @versions = sort { $a <=> $b } map { @{$_ // []} } VaultTest::parallel(16, sub {
	my $i = shift;
	my @v;

	for (1 .. 5) {
		my $text = $json->encode({project_id => $both->{project},
		    environment => 'production', secrets => VaultTest::Client::blob()});
		my $r = $i % 2 ? $both->call('secrets/push', undef,
		    raw_body => $text) : VaultTest::FastCGI::request($socket,
		    VaultTest::FastCGI::post('/api/v1/secrets/push', $text,
		    VaultTest::Client::signature($both->{auth_key}, $text,
		    VaultTest::Client::now_ms())), $text);
		push @v, $r->{json}{version} // -1;
	}
	return \@v;
});
is_deeply \@versions, [1 .. 80], 'two processes number one environment';

# ---- a kept connection that is idle
vec(my $readable = '', fileno $kept, 1) = 1;
ok select($readable, undef, undef, 15) && !sysread($kept, my $byte, 1),
    'is closed';
alive('after that');

# ---- SIGTERM: what it has is answered, then it goes, with status 0
my $lock = $s->psql_background("begin; select 1 from vault.environments where " .
    "project_id = '$both->{project}' for update; select pg_sleep(1.2); commit");
sleep 0.4;
my $text = $json->encode({project_id => $both->{project},
    environment => 'production', secrets => VaultTest::Client::blob()});
my $sock = VaultTest::FastCGI::connect_to($socket);
syswrite $sock, VaultTest::FastCGI::bytes(VaultTest::FastCGI::post(
    '/api/v1/secrets/push', $text, VaultTest::Client::signature(
    $both->{auth_key}, $text, VaultTest::Client::now_ms())), $text);
sleep 0.2;
my $told = time;
kill TERM => $second;
$r = VaultTest::FastCGI::answer($sock, 8);
is_deeply $r->{json}, {version => 81}, 'SIGTERM: the push in hand is answered'
    or diag $r->{raw};
waitpid $lock, 0;
ok VaultTest::wait_until(5, sub { waitpid($second, POSIX::WNOHANG()) != 0 }),
    'and it leaves';
is $?, 0, 'with status 0';
cmp_ok time - $told, '<', 5, 'soon';
$second = start_second($socket, '');
alive('started again, over whatever socket was left');
kill TERM => $second;
waitpid $second, 0;
is $?, 0, 'an idle one leaves with status 0';

# ---- the database behind the same name becomes another one
my $since = $s->psql('select clock_timestamp()');
$second = start_second($socket, "db_connections = 1\n");
alive('by one connection');
my $flip = 'update vault.server_key set key_id = set_byte(key_id, 0, ' .
    'get_byte(key_id, 0) # 1)';
$s->psql($flip);
VaultTest::run(['psql', '-XqAt', '-U', 'vault_server', '-c', 'select ' .
    'pg_terminate_backend(pid) from pg_stat_activity where usename = ' .
    "current_user and pid <> pg_backend_pid() and backend_start > '$since'"],
    env => $s->pg_env);
is VaultTest::FastCGI::request($socket, {REQUEST_METHOD => 'GET',
    REQUEST_URI => '/health'}, '')->{status}, 503,
    'a new connection finds another server key: 503';
ok VaultTest::wait_until(5, sub { waitpid($second, POSIX::WNOHANG()) != 0 }),
    'and the server goes';
is $? >> 8, 1, 'with status 1';
like VaultTest::slurp($s->dir . '/log/second.log'),
    qr/server_key_file does not hold the key that the auth keys/, 'and says why';
$s->psql($flip);
kill KILL => $second;
$second = 0;

$r = VaultTest::FastCGI::request($stalled, {REQUEST_METHOD => 'GET',
    REQUEST_URI => '/health'}, '', timeout => 40);
is $r->{status}, 200, 'peers that stall do not hold the threads for ever';
kill TERM => $third;
waitpid $third, 0;
is $?, 0, 'nor do they keep it from leaving';
$third = 0;

$r = VaultTest::FastCGI::request($dripped, \%health, '', timeout => 45);
is $r->{status}, 200, 'one that drips does not hold its thread for ever';
cmp_ok time - $drip_start, '<', 60, 'but 30 seconds';
kill TERM => $fourth;
waitpid $fourth, 0;
is $?, 0, 'and it leaves';
$fourth = 0;
kill KILL => $dripper;
waitpid $dripper, 0;
$dripper = 0;
done_testing;
