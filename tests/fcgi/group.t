#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Group commit and the cache of keys: what is shared between requests (one
# transaction, one key in memory) must show in nothing but speed.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use Time::HiRes qw(sleep time);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(set => {db_timeout_ms => 3000});
my $c = VaultTest::Client->new($s->{url})->create('group');
$c->register('one');
my $blob = VaultTest::Client::blob();
is $c->push_blob('production', $blob)->{status}, 200, 'a push';

sub audited
{
	my ($action, $outcome) = @_;
	return $s->psql("select count(*) from vault.audit_log where action = " .
	    "'$action' and outcome = '$outcome'");
}

# ---- everybody gets an answer of their own
my %wanted = (production => 200, staging => '404 no_secrets',
    nowhere => '404 environment_not_found');
my @environments = sort keys %wanted;
my $commits = sub { $s->psql('select xact_commit from pg_stat_database where ' .
    'datname = current_database()') };
my $committed = $commits->();
my @wrong = map { @{$_ // ['died']} } VaultTest::parallel(24, sub {
	my ($i) = @_;
	my @bad;

	for my $n (1 .. 15) {
		my $environment = $environments[($i + $n) % 3];
		my $stranger = $n % 5 == 0;
		my $r = $c->call('secrets/pull',
		    {environment => $environment, unique => "$i $n",
		    device_hash => $stranger ? 'ab' x 32 : $c->{device_hash}});
		my $got = join ' ', $r->{status}, $r->{json}{code} // ();
		my $want = $stranger ? '403 device_refused' : $wanted{$environment};
		push @bad, "$environment: $got" if $got ne $want;
		push @bad, 'another blob' if $want eq '200' &&
		    $r->{json}{secrets} ne $blob;
	}
	return \@bad;
});
is_deeply \@wrong, [], '360 pulls of five kinds at once: each its own answer';
is audited('secrets/pull', '00000'), 24 * 4, 'each that succeeded is audited';
is audited('secrets/pull', 'VE031'), 24 * 3, 'and each refused device';

sleep 2;	# by then the counts have come
cmp_ok $commits->() - $committed, '<', 360, 'and they shared transactions';

my $other = VaultTest::Client->new($s->{url})->create('other');
$other->push_blob('production', $blob, {unique => $_}) for 1 .. 3;
my %current = ("$c production" => 1, "$c staging" => 0, "$other production" => 3,
    "$other staging" => 0, "$c nowhere" => 'environment_not_found',
    "$other nowhere" => 'environment_not_found');
$committed = $commits->();
@wrong = map { @{$_ // ['died']} } VaultTest::parallel(24, sub {
	my ($i) = @_;
	my @bad;

	for my $n (1 .. 30) {
		my $client = ($i + $n) % 2 ? $c : $other;
		my $environment = $environments[$n % 3];
		my $json = $client->call('secrets/current-version',
		    {environment => $environment, unique => "$i $n"})->{json};
		my $got = $json->{code} // $json->{version};
		push @bad, "$environment: $got"
		    if $got ne $current{"$client $environment"};
		push @bad, 'a time' if $got eq '0' && defined $json->{updated_at};
		push @bad, 'no time' if $got =~ /^[13]/ && !$json->{updated_at};
	}
	return \@bad;
});
is_deeply \@wrong, [], '720 polls of six kinds at once: each its own answer';
sleep 2;
cmp_ok $commits->() - $committed, '<', 720, 'and they shared statements';

# ---- one that waits for a lock holds up nobody else
my $holder = $s->psql_background('do $$ begin perform from ' .
    "vault.environments where project_id = '$c->{project}' and name = " .
    "'production' for update; perform pg_sleep(2); end \$\$");
ok VaultTest::wait_until(10, sub { $s->psql("select count(*) from " .
    "pg_stat_activity where wait_event = 'PgSleep'") }), 'a lock is held';
is $c->call('secrets/current-version', {environment => 'production'})->{json}
    {version}, 1, 'a poll is answered';
is $s->psql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"),
    1, 'and did not wait for it';
my $start = time;
my @pushed = VaultTest::parallel(6, sub {
	my ($i) = @_;
	my $began = time;
	my $r = ($i ? $other : $c)->push_blob('production',
	    VaultTest::Client::blob());
	return [$r->{status}, time - $began];
});
is_deeply [map { $_->[0] } @pushed], [(200) x 6], 'all pushes succeed';
cmp_ok $pushed[0][1], '>', 1, 'one waited for the lock';
is scalar(grep { $_->[1] < $pushed[0][1] } @pushed[1 .. 5]), 5,
    'the others were done before it';
waitpid $holder, 0;

# A migration may lock a table for a moment.
$holder = $s->psql_background('do $$ begin lock table vault.environments in ' .
    'access exclusive mode; perform pg_sleep(1.5); end $$');
ok VaultTest::wait_until(10, sub { $s->psql("select count(*) from " .
    "pg_stat_activity where wait_event = 'PgSleep'") }), 'a table is locked';
is_deeply [VaultTest::parallel(6, sub { $c->call('secrets/current-version',
    {environment => 'production', unique => "l $_[0]"})->{status} })],
    [(200) x 6], 'polls wait for that and then are answered';
waitpid $holder, 0;

# ---- one that fails takes nobody along. The digest is in the database, and no
# longer in the memory of a server that was restarted.
my $body = {environment => 'production', secrets => $blob,
    device_hash => $c->{device_hash}};
my $time = VaultTest::Client::now_ms();
is $c->call('secrets/push', $body, time_ms => $time)->{status}, 200, 'a push';
$s->restart('vault');
@wrong = map { @{$_ // ['died']} } VaultTest::parallel(16, sub {
	my ($i) = @_;
	my @bad;

	for my $n (1 .. 10) {
		my $r = $i % 4 ? $c->call($i % 4 == 1 ? 'secrets/current-version'
		    : 'secrets/pull', {environment => 'production',
		    unique => "b $i $n", device_hash => $c->{device_hash}})
		    : $c->call('secrets/current-version', $body, time_ms => $time);
		push @bad, "$r->{status} $r->{raw}"
		    if $r->{status} != ($i % 4 ? 200 : 409);
	}
	return \@bad;
});
is_deeply \@wrong, [], 'a signature used elsewhere is refused, all others served';

# ---- keys in memory
# A flood of bad signatures asks the database once a second.
my $postgres = {%{$s->pg_env}, PGUSER => 'postgres'};
VaultTest::run(['psql', '-Xq', '-c', "alter system set track_functions = 'all'",
    '-c', 'select pg_reload_conf()'], env => $postgres);
my $bad = sub { $c->call('secrets/current-version',
    {environment => 'production'}, signature => 'v=' .
    VaultTest::Client::now_ms() . ',d=' . 'ab' x 32) };
my $asked = sub { $s->psql("select coalesce(sum(calls), 0) from " .
    "pg_stat_user_functions where funcname = 'project_auth'") };
$s->restart('vault');
my $before = $asked->();
$start = time;
is_deeply [grep { $bad->()->{status} != 401 } 1 .. 200], [],
    '200 bad signatures are refused';
my $seconds = time - $start;
ok VaultTest::wait_until(10, sub { $asked->() > $before }),
    'the database was asked for the key';
sleep 2;	# by then the counts have come
cmp_ok $asked->() - $before, '<=', 1 + $seconds, "once a second ($seconds s)";

# A key that is replaced behind the server's back (v1 has no call for it).
my $old = $c->again;
$s->psql("update vault.projects set auth_key = null where id = '$c->{project}'");
my $new = VaultTest::Client->new($s->{url})->use_key("vk_$c->{project}_" .
    VaultTest::Client::random_hex(32));
is $new->call('project/set-key', {auth_key_hash => unpack 'H*',
    $new->{auth_key}})->{status}, 200, 'another key is set';
is $old->call("secrets/$_", {environment => 'production'})->{status}, 401,
    "the old one, still in memory, is refused at once ($_)"
    for qw(versions current-version);
is $new->call('secrets/versions', {environment => 'production'})->{status}, 200,
    'the new one counts';
$s->psql("update vault.projects set auth_key = null where id = '$c->{project}'");
is $c->call('project/set-key', {auth_key_hash => unpack 'H*',
    $c->{auth_key}})->{status}, 200, 'the first again';
sleep 1.2;
is $c->call('devices/list')->{status}, 200,
    'a signature that fits no key in memory is held against the database';

# The same key, sealed anew: what is in memory is outdated, the signature is good.
for my $call (qw(devices/list secrets/push secrets/pull
    secrets/current-version)) {
	$s->psql("update vault.projects set auth_key = null where id = '$c->{project}'");
	$c->call('project/set-key', {auth_key_hash => unpack 'H*', $c->{auth_key}});
	my $r = $c->call($call, $c->full_body(secrets => $blob));
	is $r->{status}, 200, "$call is done by the key as it is sealed now";
	like $r->{raw}, qr/\A\{"[a-z_]+":.*\}\z/, 'and answers once';
}

# ---- some of it, and none
$s->set(key_cache => 0);
is_deeply [grep { $_ != 200 } map { @$_ } VaultTest::parallel(12, sub {
	my ($i) = @_;
	return [map { $c->call('secrets/current-version', {environment =>
	    'production', unique => "k $i $_"})->{status} } 1 .. 10];
})], [], 'polls share a queue with the questions for keys';

# Groups that are full at once: whoever is left over is woken, too.
$s->set(db_group => 2, key_cache => undef);
my $began = time;
is_deeply [grep { $_ != 200 } map { @{$_ // [0]} } VaultTest::parallel(24, sub {
	my ($i) = @_;
	return [map { ($c->call('secrets/current-version', {environment =>
	    'production', unique => "g $i $_"})->{status}, $c->call('secrets/pull',
	    {environment => 'production', device_hash => $c->{device_hash},
	    unique => "g $i $_"})->{status}) } 1 .. 10];
})], [], 'with two in a group, 24 clients get all their answers';
cmp_ok time - $began, '<', 20, 'and nobody waits for a time-out';

$s->set(db_group => 1, key_cache => 0);
is $c->pull('production')->{status}, 200,
    'without groups and without keys in memory it works too';
$before = $asked->();
$bad->() for 1 .. 20;
ok VaultTest::wait_until(10, sub { $asked->() >= $before + 20 }),
    'and then each signature needs the database';
done_testing;
