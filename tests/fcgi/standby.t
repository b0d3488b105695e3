#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A commit that is wanted on a standby and was confirmed by none is not
# acknowledged: PostgreSQL commits it here with a warning only when the wait for
# the standby is cancelled. Singly and in a group.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use Time::HiRes qw(time);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
for my $group (1, 64) {
	my $s = VaultTest->server(set => {db_group => $group, db_timeout_ms => 20000});
	my $c = VaultTest::Client->new($s->{url})->create('standby');
	my $how = $group == 1 ? 'singly' : 'in a group';
	my $super = $s->pg_env;
	$super = {%$super, PGUSER => 'postgres'};
	my $sql = sub {
		my $r = VaultTest::run(['psql', '-XqAt', '-c', $_[0]], env => $super);
		$r->{status} == 0 or die $r->{stderr};
		return $r->{stdout};
	};
	my $wait_for = sub {
		my ($standby) = @_;

		$sql->("alter system set synchronous_standby_names = '$standby'");
		$sql->('select pg_reload_conf()');
		ok VaultTest::wait_until(10, sub { $sql->('show ' .
		    'synchronous_standby_names') eq "$standby\n" },
		), "wanted: standby '$standby'";
	};

	is $c->push_blob('production', VaultTest::Client::blob())->{status}, 200,
	    "$how: a push without a standby";
	$wait_for->('nobody');
	my $waiting = "from pg_stat_activity where wait_event = 'SyncRep'";
	my @r = VaultTest::parallel(5, sub {
		return $c->push_blob("e$_[0]", VaultTest::Client::blob())->{status}
		    if $_[0] < 4;
		# until nobody has waited for a second
		my ($cancelled, $last) = (0, time);
		VaultTest::wait_until(15, sub {
			my $n = () = $sql->("select pg_cancel_backend(pid) " .
			    $waiting) =~ /t/g;
			$last = time if $n || !$cancelled;
			$cancelled += $n;
			return time - $last > 1;
		});
		return $cancelled;
	});
	my $cancelled = pop @r;
	cmp_ok $cancelled, '>=', 1, "$how: $cancelled waits were cancelled";
	is_deeply [grep { ($_ // 0) == 200 } @r], [],
	    "$how: and nothing that waited is acknowledged" or diag "@r";
	$wait_for->('');
	is $c->push_blob('after', VaultTest::Client::blob())->{status}, 200,
	    "$how: a push afterwards";
	$s->down;
}
done_testing;
