#!/usr/bin/perl
# Restarts of vault.fcgi and PostgreSQL under load lose no acknowledged push and show clients nothing but success or a clean 5xx.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use VaultTest;

my $repeat = $ENV{VAULT_REPEAT} || 1;
my $CLIENTS = 16;

sub vault_child		# the vault.fcgi that serves now
{
	my ($s) = @_;
	my @pids = $s->vault_pids;

	return $pids[-1];
}

# Under load: $disturb runs meanwhile. Returns the acknowledged pushes.
sub under_load
{
	my ($s, $c, $name, $disturb) = @_;
	my $stop = VaultTest::tmpdir() . '/stop';
	my $disturber = fork // die "fork: $!";

	if ($disturber == 0) {
		sleep 0.5;
		my $fine = eval { $disturb->(); 1 };
		print STDERR $@ if !$fine;
		sleep 0.7;
		VaultTest::spew($stop, $fine ? 'fine' : 'failed');
		POSIX::_exit(0);
	}
	my @results = VaultTest::parallel($CLIENTS, sub {
		my $i = shift;
		my (@acked, %said, @unclean);
		my $note = sub {
			my ($r) = @_;
			my $clean = $r->{status} == 200 || $r->{status} >= 500 &&
			    $r->{status} < 599 && ref $r->{json} eq 'HASH' &&
			    defined $r->{json}{error};
			$said{$r->{status}}++;
			push @unclean, "$r->{status} $r->{raw}" unless $clean;
		};
		until (-e $stop) {
			my $environment = $i % 2 ? 'shared' : "own-$i";
			my $blob = VaultTest::Client::blob();
			my $r = $c->push_blob($environment, $blob);
			$note->($r);
			# Unknown outcome: the same signed bytes settle it
			for (1 .. 100) {
				last if $r->{status} < 500 || $r->{status} == 599;
				sleep 0.1;
				$r = $c->replay($r, 'secrets/push');
				$note->($r);
			}
			push @acked, [$environment, $r->{json}{version}, $blob]
			    if $r->{status} == 200;
			$r = $c->call('secrets/pull', {environment => $environment});
			$note->($r);
			sleep 0.005;
		}
		return {acked => \@acked, said => \%said, unclean => \@unclean};
	});
	waitpid $disturber, 0;
	is VaultTest::slurp($stop), 'fine', "$name: the restarts themselves";
	my (%said, @acked, @unclean);
	for my $r (@results) {
		push @unclean, defined $r ? @{$r->{unclean}} : 'a client died';
		next unless defined $r;
		push @acked, @{$r->{acked}};
		$said{$_} += $r->{said}{$_} for keys %{$r->{said}};
	}
	note "$name: " . join ', ', map { "$_: $said{$_}" } sort keys %said;
	is_deeply [splice @unclean, 0, 5], [], "$name: only 200 or a clean 5xx";
	cmp_ok scalar(@acked), '>=', $CLIENTS, "$name: there was load (" . @acked .
	    ' pushes)';
	return (\%said, @acked);
}

sub nothing_lost
{
	my ($s, $c, $name, @acked) = @_;
	my %stored = map { my ($e, $v, $b) = split /\|/; ("$e $v" => $b) }
	    split /\n/, $s->psql('select environment, version, replace(encode(blob, ' .
	    "'base64'), E'\\n', '') from vault.secret_versions where project_id = " .
	    "'$c->{project}'");
	my (@lost, %twice);

	for (@acked) {
		my ($e, $v, $b) = @$_;
		push @lost, "$e $v" unless ($stored{"$e $v"} // '') eq $b;
		$twice{"$e $v"}++;
	}
	is_deeply \@lost, [], "$name: every acknowledged push is stored";
	is_deeply [grep { $twice{$_} > 1 } keys %twice], [],
	    "$name: no version was given twice";
	is $s->psql('select environment from vault.secret_versions where ' .
	    "project_id = '$c->{project}' group by environment having " .
	    'max(version) <> count(*)'), '', "$name: no gap";
	is $s->psql('select count(*) from vault.environments e where project_id = ' .
	    "'$c->{project}' and version <> (select count(*) from " .
	    'vault.secret_versions v where v.project_id = e.project_id and ' .
	    'v.environment = e.name)'), 0, "$name: current versions agree";
	my @sample = grep { defined } map { $acked[rand @acked] } 1 .. 30;
	is_deeply [map { $c->pull($_->[0], {version => $_->[1]})->{json}{secrets} }
	    @sample], [map { $_->[2] } @sample], "$name: and can be pulled";
}

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;
	my $new = sub { VaultTest::Client->new($s->{url})->create(shift) };
	my $lock = sub {	# holds a project's rows for some seconds
		my ($c, $seconds) = @_;
		my $pid = $s->psql_background('begin; select 1 from vault.projects ' .
		    "where id = '$c->{project}' for update; select 1 from " .
		    "vault.environments where project_id = '$c->{project}' " .
		    "for update; select pg_sleep($seconds); commit");
		VaultTest::wait_until(10, sub { $s->psql('select count(*) from ' .
		    "pg_stat_activity where query like '%pg_sleep($seconds)%' and " .
		    "pid <> pg_backend_pid() and wait_event = 'PgSleep'") });
		return $pid;
	};

	for my $round (1 .. $repeat) {
		my $c = $new->('vault restarts');
		my ($said, @acked) = under_load($s, $c, 'vault restarts', sub {
			for (1 .. 4) {
				$s->restart('vault');
				sleep 0.3;
			}
		});
		nothing_lost($s, $c, 'vault restarts', @acked);
		is_deeply [keys %$said], [200],
		    'a restart on the same socket drops no request';

		$c = $new->('postgres restarts');
		(undef, @acked) = under_load($s, $c, 'postgres restarts', sub {
			for (1 .. 2) {
				$s->restart('postgres');
				sleep 0.5;
			}
		});
		nothing_lost($s, $c, 'postgres restarts', @acked);

		$c = $new->('vault killed');
		(undef, @acked) = under_load($s, $c, 'vault killed', sub {
			for (1 .. 2) {
				kill KILL => $s->vault_pids;
				sleep 1;
			}
		});
		nothing_lost($s, $c, 'vault killed', @acked);
	}

	subtest 'SIGTERM: the request in hand is answered' => sub {
		my $c = $new->('in hand');
		my $locker = $lock->($c, 1.5);
		my ($old) = vault_child($s);
		my @r = VaultTest::parallel(2, sub {
			if ($_[0] == 0) {
				my $r = $c->push_blob('production',
				    VaultTest::Client::blob());
				return [$r->{status}, $r->{json}{version}];
			}
			sleep 0.5;
			$s->restart('vault');
			return VaultTest::Client->new($s->{url})
			    ->send('GET', '/health')->{status};
		});
		waitpid $locker, 0;
		is_deeply $r[0], [200, 1], 'the push that waited for a lock';
		is $r[1], 200, 'and the next one serves';
		ok VaultTest::wait_until(5, sub { ! -d "/proc/$old" }), 'the old one left';
	};

	subtest 'a database that does not answer' => sub {
		my $c = $new->('slow');
		$s->set(db_timeout_ms => 700);
		my $locker = $lock->($c, 3);
		my $started = time;
		my $r = $c->push_blob('production', VaultTest::Client::blob());
		my $took = time - $started;
		is $r->{status}, 503, 'a lock held too long is 503' or diag $r->{raw};
		cmp_ok $took, '<', 2.5, "at our own deadline ($took s)";
		my $other = $new->('other');
		is $other->push_blob('production', VaultTest::Client::blob())->{status},
		    200, 'others are served meanwhile';
		waitpid $locker, 0;
		$r = $c->replay($r, 'secrets/push');
		is $r->{json}{version}, 1, 'the same bytes later: version 1'
		    or diag $r->{raw};
		$s->set(db_timeout_ms => undef);
	};

	subtest 'the database is away, and comes back' => sub {
		my $c = $new->('away');
		my $pushed = $c->push_blob('production', my $blob =
		    VaultTest::Client::blob());
		$s->stop('postgres');
		my %call = ('secrets/pull' => {}, 'secrets/push' =>
		    {secrets => VaultTest::Client::blob()}, 'devices/list' => {},
		    'project/create' => {project_name => 'x'});
		for my $path (sort keys %call) {
			my $started = time;
			my $r = $c->call($path, {environment => 'production',
			    %{$call{$path}}});
			is $r->{status}, 503, "$path: 503" or diag $r->{raw};
			is $r->{json}{error}, 'Database unavailable', 'sentence';
			is $r->{json}{code}, 'database_unavailable', 'code';
			like $r->{headers}{'retry-after'}, qr/^\d+\z/, 'Retry-After';
			is $r->{headers}{'access-control-allow-origin'},
			    $path eq 'project/create' ? undef : '*', 'CORS';
			cmp_ok time - $started, '<', 6, 'in time';
		}
		is $c->call('secrets/pull', undef, raw_body => 'x')->{status}, 400,
		    'bad input is still 400';
		is $c->send('GET', '/api/v1/x')->{status}, 404, 'and no path 404';
		my $h = $c->send('GET', '/health');
		is $h->{status}, 503, 'health is 503';
		is_deeply [sort keys %{$h->{json} // {}}], [qw(code error status ts)],
		    'health: members';
		is $h->{json}{status}, 'unavailable', 'health: status';
		is $h->{json}{error}, 'Database unavailable', 'health: sentence';
		is $h->{json}{code}, 'database_unavailable', 'health: code';
		my @pids = $s->vault_pids;
		$s->start('postgres');
		my $r;
		ok VaultTest::wait_until(10, sub {
			$r = $c->pull('production'); $r->{status} == 200 }),
		    'service by itself' or diag $r->{raw};
		is $r->{json}{secrets}, $blob, 'with the secrets';
		is $c->send('GET', '/health')->{status}, 200, 'health is ok again';
		is_deeply [$s->vault_pids], \@pids, 'by the same process';
		is $c->replay($pushed, 'secrets/push')->{json}{version}, 1,
		    'a push from before is known';
	};

	subtest 'vault.fcgi starts while the database is away' => sub {
		my $c = $new->('order');
		$s->stop('postgres');
		$s->restart('vault');
		my $r = $c->send('GET', '/health');
		like $r->{status}, qr/^50[234]\z/, "health: $r->{status}";
		$s->start('postgres');
		ok VaultTest::wait_until(20, sub {
			$c->send('GET', '/health')->{status} == 200 }), 'then serves';
		is $c->call('devices/list')->{status}, 200, 'signed calls too';
	};
}, set => {keep_versions => 0});
done_testing;
