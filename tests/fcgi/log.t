#!/usr/bin/perl
# One log line a request, with these fields and no others; a refusal names its guard; nothing secret, however hard a client tries.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));

my $value = qr/"(?:[^"\\]|\\.)*"|[^\s"=]+/;
my $line = qr/^time=(?<time>$value)\ method=(?<method>$value)\ path=(?<path>$value)
    \ status=(?<status>\d{3})\ us=(?<us>\d+)\ project=(?<project>$value)
    \ device=(?<device>$value)\ guard=(?<guard>$value)$/x;

VaultTest->each_web(sub {
	my ($s) = @_;
	my $c = VaultTest::Client->new($s->{url})->create('log');
	my ($p, $uuid) = ($c->{project}, VaultTest::Client::random_uuid());
	my $last = sub {	# the lines that a call added
		my ($call) = @_;
		my $before = length $s->log('vault');
		$call->();
		VaultTest::wait_until(2, sub { length $s->log('vault') > $before });
		my @lines = split /\n/, substr $s->log('vault'), $before;
		is scalar @lines, 1, 'one line' or diag join "\n", @lines;
		my %f = $lines[0] =~ $line ? %+ : ();
		ok %f, 'of the fields in order' or diag $lines[0];
		return \%f;
	};
	my $logs = sub {
		my ($name, $call, %want) = @_;
		subtest $name => sub {
			my $f = $last->($call);
			like $f->{time}, qr/^"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"?\z/,
			    'time';
			cmp_ok $f->{us}, '<', 10_000_000, 'microseconds';
			for (sort keys %want) {
				ref $want{$_} ? like($f->{$_}, $want{$_}, $_) :
				    is($f->{$_}, $want{$_}, $_);
			}
		};
	};
	my $path = sub { return "/api/v1/$_[0]" };

	$logs->('health', sub { $c->send('GET', '/health') }, method => 'GET',
	    path => '/health', status => 200, project => '-', device => '-',
	    guard => '-');
	$logs->('push', sub { $c->push_blob('production',
	    VaultTest::Client::blob()) }, method => 'POST',
	    path => $path->('secrets/push'), status => 200, project => $p,
	    guard => '-');
	my $d = $c->again;
	$d->register('first');
	$logs->('pull with a device', sub { $d->pull('production') },
	    path => $path->('secrets/pull'), status => 200, project => $p,
	    device => $d->{device_id}, guard => '-');
	my $pending = $c->again;
	$pending->register('second');

	# Every guard, by name
	$logs->('no path', sub { $c->send('GET', '/nope?secret=1') },
	    path => '/nope', status => 404, guard => qr/^(?:path|route|not_found)\z/);
	$logs->('method', sub { $c->send('PUT', $path->('secrets/pull'), 'x') },
	    status => 405, method => 'PUT', guard => qr/^method/);
	$logs->('JSON', sub { $c->call('secrets/pull', undef, raw_body => 'x') },
	    status => 400, guard => qr/json/, project => '-');
	$logs->('input', sub { $c->call('secrets/pull',
	    {environment => '../x'}) }, status => 400,
	    guard => qr/input|environment/);
	$logs->('project', sub { $c->call('secrets/pull', {project_id => $uuid,
	    environment => 'x'}) }, status => 404, guard => qr/project/);
	$logs->('signature', sub { $c->call('secrets/pull',
	    {environment => 'production'}, sign => 0) }, status => 401,
	    guard => qr/signature|unauthorized/, project => $p);
	$logs->('device', sub { $pending->pull('production') }, status => 403,
	    guard => qr/device/, project => $p);
	$logs->('environment', sub { $d->pull('nowhere') }, status => 404,
	    guard => qr/environment/);
	$logs->('version', sub { $d->push_blob('production',
	    VaultTest::Client::blob(), {base_version => 7}) }, status => 409,
	    guard => qr/version/);
	my $used;
	$logs->('approve', sub { $used = $d->call('devices/approve',
	    {device_id => $pending->{device_id}}) }, status => 200,
	    device => $pending->{device_id}, guard => '-');
	$logs->('reused', sub { $c->replay($used, 'devices/revoke') },
	    status => 409, guard => qr/reused|replay|signature/);

	# Nobody writes lines of his own. (What a web server refuses by itself
	# leaves none at all.)
	for my $odd ("/a%0atime=x", "/a%20b", '/a"b', "/%1b[31m", '/x=y%20z=1',
	    "/\xc3\xa9", "/\xff", "/\xc2\x9b31m", "/\xe2\x80\xae", "/\x7f",
	    '/a\\b', '/' . 'a' x 1500) {
		my $before = length $s->log('vault');
		VaultTest::raw_http($s->{url}, join "\r\n", "GET $odd HTTP/1.1",
		    'Host: x', 'Connection: close', '', '');
		$c->send('GET', '/marker');
		my @lines = split /\n/, substr $s->log('vault'), $before;
		my $name = $odd =~ s/([^ -~])/sprintf '\x%02x', ord $1/ger;
		is_deeply [grep { $_ !~ $line } @lines], [], "path $name: lines";
		my @f = map { +{$_ =~ $line ? %+ : ()} } @lines;
		is pop(@f)->{path}, '/marker', 'and the next one';
		cmp_ok scalar @f, '<=', 1, 'one at most';
		is_deeply [grep { $_->{status} !~ /^40[04]\z/ ||
		    length $_->{path} > 1000 } @f], [], 'which is cut';
	}
	$logs->('a strange method', sub { VaultTest::raw_http($s->{url},
	    "BREW /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") },
	    method => 'BREW', status => 405) if $s->{web} eq 'nginx';
	$c->call('secrets/pull', {environment => "x\ntime=2020", project_id =>
	    "x\ny", device_hash => "\x1b[31m"});
	unlike $s->log('vault'), qr/[\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/,
	    'nothing in it that a terminal obeys';
	my @odd = grep { !/^(?:dev-supervise: |time=)/ } split /\n/,
	    $s->log('vault');
	is_deeply \@odd, [], 'and every line begins with its time';

	# log_level = error: only what failed
	$s->set(log_level => 'error');
	my $before = length $s->log('vault');
	$c->send('GET', '/health') for 1 .. 3;
	$c->send('GET', '/nope');
	is length $s->log('vault'), $before, 'log_level = error is quiet';
});
done_testing;
