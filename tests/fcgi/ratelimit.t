#!/usr/bin/perl
# nginx as shipped limits unsigned paths by address with a JSON 429, and never the machine itself nor signed paths.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $here = VaultTest::Client->new($s->{url})->create('limits');
my $there = $here->again(from => '127.0.0.2');
my $statuses = sub {
	my ($client, $n, @call) = @_;
	my @r = map { $client->call(@call) } 1 .. $n;
	my %seen;

	$seen{$_->{status}}++ for @r;
	return (\%seen, grep { $_->{status} == 429 } @r);
};

plan skip_all => '127.0.0.2 cannot be used here'
    if $there->send('GET', '/health')->{status} == 599;

my ($seen) = $statuses->($there, 60, 'devices/list');
is_deeply $seen, {200 => 60}, 'signed paths are not limited';

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
is $refused->{headers}{'access-control-allow-origin'}, '*', 'CORS';
like $refused->{headers}{'retry-after'}, qr/^\d+\z/, 'Retry-After';

my $projects = $s->psql('select count(*) from vault.projects');
($seen) = $statuses->($there, 30, 'project/create', {project_name => 'x'});
cmp_ok $seen->{429} // 0, '>=', 25, 'create shares the limit';
is $s->psql('select count(*) from vault.projects'),
    $projects + ($seen->{200} // 0), 'and what was refused made nothing';

# The limit follows the address of the connection, not what a client claims
($seen) = $statuses->($there, 10, @set_key, header =>
    {'X-Forwarded-For' => '127.0.0.1', 'X-Real-IP' => '127.0.0.1'});
cmp_ok $seen->{429} // 0, '>=', 9, 'X-Forwarded-For is no way round';
is $there->call('devices/list')->{status}, 200, 'signed paths still work';
is $there->send('GET', '/health')->{status}, 200, 'and health';

done_testing;
