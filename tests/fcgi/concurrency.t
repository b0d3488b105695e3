#!/usr/bin/perl
# Many at once: versions without gap or duplicate, one first device, one key. VAULT_REPEAT repeats it (2).
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

my $repeat = $ENV{VAULT_REPEAT} || 2;
my ($CLIENTS, $PUSHES) = (64, 3);

# Versions in the database are 1..N, and each holds what its client was told.
sub complete
{
	my ($s, $c, $name, %acked) = @_;
	my $rows = $s->psql("select environment, version, replace(encode(blob, " .
	    "'base64'), E'\\n', '') from vault.secret_versions where project_id = " .
	    "'$c->{project}'");
	my @want;

	for my $e (sort keys %acked) {
		push @want, map { "$e|$_->[0]|$_->[1]" } @{$acked{$e}};
		is_deeply [sort { $a <=> $b } map { $_->[0] } @{$acked{$e}}],
		    [1 .. @{$acked{$e}}], "$name: $e: versions 1.." . @{$acked{$e}};
	}
	is_deeply [sort grep { $acked{(split /\|/)[0]} } split /\n/, $rows],
	    [sort @want], "$name: each version is the push that made it";
}

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;

	for my $round (1 .. $repeat) {
		my $c = VaultTest::Client->new($s->{url})->create("round $round");
		my $push = sub {	# acked [version, blob] or [0, what it said]
			my ($environment) = @_;
			my $blob = VaultTest::Client::blob();
			my $r = $c->push_blob($environment, $blob);
			return $r->{status} == 200 ? [$r->{json}{version}, $blob] :
			    [0, "$r->{status} $r->{raw}"];
		};
		my $pushed = sub {
			my ($name, $environment) = @_;
			my @all = VaultTest::parallel($CLIENTS, sub {
				my $i = shift;
				[map { $push->($environment->($i)) } 1 .. $PUSHES] });
			my @errors = grep { $_->[0] == 0 } map { @{$_ // [[0, 'died']]} }
			    @all;
			is_deeply \@errors, [], "$round: $name: no error";
			return @all;
		};

		my @all = $pushed->("$CLIENTS clients, one environment",
		    sub { 'production' });
		complete($s, $c, $round, production => [map { @$_ } @all]);
		@all = $pushed->("$CLIENTS clients, $CLIENTS environments",
		    sub { "env-$_[0]" });
		subtest "$round: each of $CLIENTS environments" => sub {
			complete($s, $c, $round, map { ("env-$_" => $all[$_]) }
			    0 .. $CLIENTS - 1);
		};

		# One signed push, sent by twenty at once
		my $one = VaultTest::Client->new($s->{url})->create('one');
		my $body = {environment => 'production',
		    secrets => VaultTest::Client::blob()};
		my $time = VaultTest::Client::now_ms();
		my @same = VaultTest::parallel(20, sub {
			my $r = $one->call('secrets/push', $body, time_ms => $time);
			return "$r->{status} " . ($r->{json}{version} // $r->{raw});
		});
		is_deeply \@same, [('200 1') x 20],
		    "$round: one signed push from 20 clients is version 1 to all";
		is $s->psql('select count(*) from vault.secret_versions where ' .
		    "project_id = '$one->{project}'"), 1, "$round: made once";
		my @mixed = VaultTest::parallel(20, sub {
			my $r = $one->call($_[0] % 2 ? 'devices/approve' :
			    'devices/revoke', {device_id => $one->{project}},
			    time_ms => $time);
			return $r->{status};
		});
		is_deeply [grep { $_ != 404 && $_ != 409 } @mixed], [],
		    "$round: approve and revoke of one signature end well";

		# The first device. Nobody can insert one until as many are well inside
		# as a project has connections: a count that another's insert does not
		# wait for would be 0 for each
		my $devices = VaultTest::Client->new($s->{url})->create('devices');
		my $gate = $s->psql_background('do $$ begin lock table ' .
		    'vault.devices in share mode; while clock_timestamp() < now() + ' .
		    "interval '20 s' and (select count(*) from pg_locks where not " .
		    'granted) < 4 loop perform pg_sleep(0.02); end loop; end $$');
		ok VaultTest::wait_until(10, sub { $s->psql('select count(*) from ' .
		    "pg_locks where relation = 'vault.devices'::regclass and mode = " .
		    "'ShareLock' and granted") }), "$round: inserts wait";
		my @first = VaultTest::parallel(50, sub {
			my $r = $devices->again->register("device $_[0]");
			return $r->{json}{status};
		});
		waitpid $gate, 0;
		is_deeply [sort map { $_ // 'failed' } @first],
		    ['approved', ('pending') x 49],
		    "$round: of 50 first registrations one is approved";
		is $s->psql('select string_agg(n, \',\' order by n) from (select ' .
		    "status || ' ' || count(*) as n from vault.devices where " .
		    "project_id = '$devices->{project}' group by status) t"),
		    'approved 1,pending 49', "$round: and so says the database";
		my $secret = VaultTest::Client::random_hex(32);
		my @twin = VaultTest::parallel(10, sub {
			my $d = $devices->again;
			$d->register('twin', $secret);
			return $d->{device_id};
		});
		is scalar(keys %{{map { ($_ // 'failed') => 1 } @twin}}), 1,
		    "$round: one hash from ten at once is one device";

		# The key
		my $id = $c->call('project/create', {project_name => 'keys'},
		    bare => 1)->{json}{project_id};
		my @keys = map { "vk_${id}_" . VaultTest::Client::random_hex(32) }
		    1 .. 50;
		my @set = VaultTest::parallel(50, sub {
			my $k = VaultTest::Client->new($s->{url})
			    ->use_key($keys[$_[0]]);
			my $r = $k->call('project/set-key', {auth_key_hash =>
			    unpack 'H*', $k->{auth_key}});
			return "$r->{status} " . ($r->{json}{error} // '');
		});
		is_deeply [sort @set], ['200 ', ('409 Auth key already set') x 49],
		    "$round: of 50 set-key one wins";
		my @trusted = grep { VaultTest::Client->new($s->{url})
		    ->use_key($keys[$_])->call('devices/list')->{status} == 200 }
		    0 .. 49;
		is_deeply \@trusted, [grep { $set[$_] =~ /^200/ } 0 .. 49],
		    "$round: and its key is the one that counts";
	}
}, set => {keep_versions => 0});
done_testing;
