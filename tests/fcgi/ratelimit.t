#!/usr/bin/perl
# nginx as shipped limits by address with a JSON 429, unsigned paths tightly and all others generously, never the machine itself; it takes replies off vault.fcgi at once.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $here = VaultTest::Client->new($s->{url})->create('limits');
my $there = $here->again(from => '127.0.0.2');
my $began;
my $statuses = sub {
	my ($client, $n, @call) = @_;
	$began = time;
	my @r = map { $client->call(@call) } 1 .. $n;
	my %seen;

	$seen{$_->{status}}++ for @r;
	return (\%seen, grep { $_->{status} == 429 } @r);
};

# Once the burst is used up: of n calls all but one every two seconds (30r/m)
my $at_least = sub { $_[0] - 2 - int((time - $began) / 2) };

plan skip_all => '127.0.0.2 cannot be used here'
    if $there->send('GET', '/health')->{status} == 599;

my ($seen) = $statuses->($there, 60, 'devices/list');
is_deeply $seen, {200 => 60}, 'signed paths are limited far less';

# set-key of a key that is set changes nothing: 409 or 429
my @set_key = ('project/set-key', {auth_key_hash => 'ab' x 32});
($seen) = $statuses->($here, 60, @set_key);
is_deeply $seen, {409 => 60}, 'from 127.0.0.1 unsigned paths neither';
($seen, my $refused) = $statuses->($there, 60, @set_key);
is_deeply [sort keys %$seen], [409, 429], 'from elsewhere they are';
cmp_ok $seen->{409}, '>=', 10, "after a burst ($seen->{409})";
cmp_ok $seen->{409}, '<=', 40, 'which is bounded';
is $refused->{json}{error}, 'Too many requests', 'sentence';
is $refused->{json}{code}, 'rate_limited', 'code';
like $refused->{headers}{'content-type'}, qr{^application/json}, 'JSON';
is $refused->{headers}{'access-control-allow-origin'}, undef,
    'nothing for a page of another origin';
like $refused->{headers}{'retry-after'}, qr/^\d+\z/, 'Retry-After';

my $projects = $s->psql('select count(*) from vault.projects');
($seen) = $statuses->($there, 30, 'project/create', {project_name => 'x'});
cmp_ok $seen->{429} // 0, '>=', $at_least->(30), 'create shares the limit';
is $s->psql('select count(*) from vault.projects'),
    $projects + ($seen->{200} // 0), 'and what was refused made nothing';

# The limit follows the address of the connection, not what a client claims
($seen) = $statuses->($there, 10, @set_key, header =>
    {'X-Forwarded-For' => '127.0.0.1', 'X-Real-IP' => '127.0.0.1'});
cmp_ok $seen->{429} // 0, '>=', $at_least->(10),
    'X-Forwarded-For is no way round';
is $there->call('devices/list')->{status}, 200, 'signed paths still work';
is $there->send('GET', '/health')->{status}, 200, 'and health';

# All paths, and connections: raw, to be fast enough
my ($port) = $s->{url} =~ /:(\d+)/;
my $connect = sub {
	my ($from) = @_;
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
	    LocalAddr => $from) // die "connect: $!";
};
my $head = sub { "$_[0] HTTP/1.1\r\nHost: x\r\n$_[1]\r\n" };
my $statuses_of = sub {	# until all have answered, or nothing comes for 3 s
	my ($want, @socks) = @_;
	my ($text, $n, %seen) = ('', 0);
	my $select = IO::Select->new(@socks);

	while ($n < $want and my @ready = $select->can_read(3)) {
		for (@ready) {
			sysread $_, my $part, 65536 or $select->remove($_), next;
			$n++, $seen{$1}++ while $part =~ m{HTTP/1\.1 (\d{3})}g;
		}
	}
	return \%seen;
};
my $flood = sub {
	my @socks = map { $connect->($_[0]) } 1 .. 8;
	syswrite $_, $head->('GET /api/v1/none', '') x 90 for @socks;
	return $statuses_of->(720, @socks);
};
$seen = $flood->('127.0.0.1');
is_deeply $seen, {404 => 720}, '720 calls at once from here';
sleep 5;	# so that all of the burst is there again: 200 at 50 a second
$seen = $flood->('127.0.0.2');
cmp_ok $seen->{404} // 0, '>=', 200, 'from elsewhere a burst of 200';
cmp_ok $seen->{429} // 0, '>=', 100, 'not of 720';

my $hold = sub {	# a body that does not come
	my @socks = map { $connect->($_[0]) } 1 .. 64;
	syswrite $_, $head->('POST /api/v1/none', "Content-Length: 9\r\n")
	    for @socks;
	return $statuses_of->(64, @socks);
};
is_deeply $hold->('127.0.0.1'), {}, '64 calls under way from here';
sleep 5;	# for the calls a second
is_deeply $hold->('127.0.0.2'), {429 => 24}, 'from elsewhere 40';

# IPv6: who has one address has 2^64 of them. nginx is told here what addresses
# its clients have
my $conf = "$s->{dir}/nginx-site.conf";
open my $more, '>>', $conf or die "$conf: $!";
print $more "set_real_ip_from 127.0.0.3;\nreal_ip_header X-Real-IP;\n";
close $more;
my ($nginx) = split ' ', VaultTest::slurp("$s->{dir}/web.pid");
kill HUP => $nginx;
sleep 1;
my $far = $here->again(from => '127.0.0.3');
my $from = sub {
	my @r = map { $far->call(@set_key, header => {'X-Real-IP' => $_}) } @_;
	my %seen;

	$seen{$_->{status}}++ for @r;
	return \%seen;
};
$began = time;
$seen = $from->(map { sprintf '2001:db8:1:2:%x::%x', $_, $_ } 1 .. 60);
cmp_ok $seen->{429} // 0, '>=', 38 - int((time - $began) / 2),
    'the addresses of a /64 share one limit';
is_deeply $from->('2001:db8:1:3::1'), {409 => 1}, 'the next /64 has its own';
$began = time;
$seen = $from->(map { '::ffff:192.0.2.1' } 1 .. 60);
cmp_ok $seen->{429} // 0, '>=', 38 - int((time - $began) / 2),
    'IPv4 on a socket for both is limited';
is_deeply $from->('::ffff:192.0.2.2'), {409 => 1}, '... each address for itself';

# A long history, which nobody reads
$here->push_blob('production', VaultTest::Client::blob()) for 1 .. 50;
$s->psql("update vault.secret_versions set changed_keys = '[\"' || " .
    "repeat('N', 65532) || '\"]' where project_id = '$here->{project}'");
my $whole = $here->call('secrets/versions', {environment => 'production'});
cmp_ok length $whole->{raw}, '>', 50 * 65536, 'a history of 3 MB';
$s->set(threads => 2);
my $ask = $here->call('secrets/versions', {environment => 'production'});
my @slow = map { $connect->('127.0.0.1') } 1 .. 2;
syswrite $_, $head->('POST /api/v1/secrets/versions',
    "Content-Length: " . length($ask->{sent}) . "\r\n" .
    "X-Vault-Signature: $ask->{signature}\r\n") . $ask->{sent} for @slow;
sleep 1;
is $here->send('GET', '/health')->{status}, 200,
    'readers that do not read hold no thread';

done_testing;
