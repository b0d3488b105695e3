#!/usr/bin/perl
# Each row of "Weaknesses of v1" in protocol v1, and what this server does about it.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

sub says
{
	my ($r, $status, $sentence, $code, $name) = @_;

	is "$r->{status} " . ($r->{json}{error} // '-') . ' ' .
	    ($r->{json}{code} // '-'), "$status $sentence $code", $name
	    or diag $r->{raw};
}

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;
	my $new = sub { VaultTest::Client->new($s->{url})->create(shift) };
	my $versions = sub {
		my ($c, $env) = @_;
		return $s->psql('select count(*) from vault.secret_versions ' .
		    "where project_id = '$c->{project}' and environment = '$env'");
	};

	subtest 'a signed request sent again' => sub {
		my $c = $new->('replay');
		$c->register('d');
		my $push1 = $c->push_blob('production', my $blob1 =
		    VaultTest::Client::blob());
		is $push1->{json}{version}, 1, 'push makes version 1';
		my $push2 = $c->push_blob('production', VaultTest::Client::blob());
		is $push2->{json}{version}, 2, 'another makes version 2';
		my $back = $c->call('secrets/rollback', {environment => 'production',
		    version => 1});
		is $back->{json}{version}, 3, 'rollback makes version 3';
		my $based = $c->push_blob('production', VaultTest::Client::blob(),
		    {base_version => 3});
		is $based->{json}{version}, 4, 'a push on base 3 makes version 4';
		my $all_again = sub {
			my ($when) = @_;
			for my $case (['secrets/push', $push1, 1],
			    ['secrets/push', $push2, 2], ['secrets/rollback', $back, 3],
			    ['secrets/push', $based, 4]) {
				my ($path, $r, $version) = @$case;
				my $again = $c->replay($r, $path);
				is_deeply $again->{json}, {version => $version},
				    "$when: $path again answers $version"
				    or diag $again->{raw};
			}
			is $versions->($c, 'production'), 4, "$when: and makes nothing";
			is $c->pull('production')->{json}{version}, 4,
			    "$when: version 4 is current";
		};
		$all_again->('at once');
		$s->restart('vault');
		$all_again->('after a restart');
		my $fresh = $c->push_blob('production', $blob1);
		is $fresh->{json}{version}, 5, 'a new signature of old bytes is a push';
		is $s->psql('select count(*) from vault.audit_log where project_id = ' .
		    "'$c->{project}' and action like '%push%' and outcome = '00000'"),
		    4, 'four pushes in the audit log';

		# The time's end: what is forgotten is too old to be accepted
		$s->psql("update vault.requests set at = at - interval '7 minutes' " .
		    "where project_id = '$c->{project}'");
		$s->psql('select vault.housekeep(15)');
		is $s->psql('select count(*) from vault.requests where project_id = ' .
		    "'$c->{project}'"), 0, 'requests are kept for 6 minutes';
	};

	subtest 'revoked is final' => sub {
		my $c = $new->('revoked');
		$c->register('owner');
		my $laptop = $c->again;
		$laptop->register('laptop');
		my $id = {device_id => $laptop->{device_id}};
		my $status = sub {
			my ($d) = grep { $_->{id} eq $laptop->{device_id} }
			    @{$c->call('devices/list')->{json}{devices}};
			return $d->{status};
		};
		my $approve = $c->call('devices/approve', $id);
		is $approve->{status}, 200, 'approve';
		is $c->call('devices/approve', $id)->{json}{status}, 'approved',
		    'approve again';
		is $laptop->pull('production')->{json}{error}, 'No secrets stored yet',
		    'the device is in';
		my $revoke = $c->call('devices/revoke', $id);
		is $revoke->{status}, 200, 'revoke';
		for my $when ('at once', 'after a restart') {
			$c->replay($approve, 'devices/approve');
			is $status->(), 'revoked', "$when: the captured approve is no use";
			says($laptop->pull('production'), 403,
			    'Device not registered or revoked', 'device_refused',
			    "$when: the device stays out");
			says($c->call('devices/approve', $id), 409, 'Device revoked',
			    'device_revoked', "$when: nor does a new approve");
			is_deeply $c->replay($revoke, 'devices/revoke')->{json},
			    {device_id => $laptop->{device_id}, status => 'revoked'},
			    "$when: revoke again";
			$s->restart('vault') if $when eq 'at once';
		}
		my $again = $laptop->register('laptop', $laptop->{device_secret});
		is_deeply $again->{json}, {device_id => $laptop->{device_id},
		    status => 'revoked'}, 'registering the same hash changes nothing';

		my $alone = $new->('alone');
		$alone->register('first');
		is $alone->{device_status}, 'approved', 'a first device';
		$alone->call('devices/revoke', {device_id => $alone->{device_id}});
		my $next = $alone->again;
		is $next->register('next')->{json}{status}, 'pending',
		    'no second first device, even when all are revoked';
		says($alone->pull('production'), 403,
		    'Device not registered or revoked', 'device_refused',
		    'with all devices revoked nobody pulls');
	};

	# Every signed path against every other one
	my @carried;
	for my $first (@VaultTest::Client::SIGNED) {
		subtest "a request for $first, sent to the other paths" => sub {
			my $c = $new->('cross');
			$c->register('d');
			$c->push_blob('staging', VaultTest::Client::blob());
			my $victim = $c->again;
			$victim->register('victim');
			my $body = $c->full_body(device_id => $victim->{device_id});
			my $r = $c->call($first, $body);
			is $r->{status}, 200, "accepted on $first" or diag $r->{raw};
			my $before = $s->counts;
			for my $then (@VaultTest::Client::SIGNED) {
				next if $then eq $first;
				says($c->replay($r, $then), 409,
				    'Signature already used for another request',
				    'signature_reused', "refused on $then");
			}
			my $strip = sub { $_[0] =~ s/^devices .*\n//mr };
			is $strip->($s->counts), $strip->($before), 'nothing changed';
			is $s->psql('select status from vault.devices where id = ' .
			    "'$victim->{device_id}'"), {'devices/approve' => 'approved',
			    'devices/revoke' => 'revoked'}->{$first} // 'pending',
			    'nor did the device';
			my $again = $c->replay($r, $first);
			is $again->{status}, 200, "still good on $first";
			is_deeply $again->{json}, $r->{json}, 'with the same answer'
			    unless $first =~ /list|pull|version/;
			push @carried, [$c, $first, $r] if $first =~
			    m{/(?:register|approve|revoke|push|rollback)$};
		};
	}
	subtest 'the same after a restart, for what changed anything' => sub {
		$s->restart('vault');
		my $before = $s->counts;
		for (@carried) {
			my ($c, $first, $r) = @$_;
			says($c->replay($r, $_), 409,
			    'Signature already used for another request',
			    'signature_reused', "$first, then $_")
			    for grep { $_ ne $first } @VaultTest::Client::SIGNED;
		}
		my $strip = sub { $_[0] =~ s/^devices .*\n//mr };
		is $strip->($s->counts), $strip->($before), 'nothing changed';
		is scalar @carried, 5, 'five endpoints change something';
	};
	subtest 'reads may repeat on their own path' => sub {
		my $c = $new->('pollers');
		my $r = $c->call('secrets/current-version',
		    {environment => 'production'});
		is $c->replay($r, 'secrets/current-version')->{status}, 200,
		    "the same bytes, $_" for 1 .. 3;
	};
	subtest 'a digest belongs to its project' => sub {
		# Two projects of one key would sign alike only for one body; a
		# refused request binds nothing
		my $c = $new->('binds');
		my $body = {device_id => VaultTest::Client::random_uuid()};
		my $r = $c->call('devices/approve', $body);
		is $r->{json}{error}, 'Device not found', 'refused on approve';
		isnt $c->replay($r, 'devices/list')->{status}, 401, 'still signed';
	};

	subtest 'two pushes at once: base_version' => sub {
		my $c = $new->('base');
		my $push = sub {
			my ($env, $base) = @_;
			return $c->push_blob($env, VaultTest::Client::blob(),
			    {base_version => $base});
		};
		is $push->('production', 0)->{json}{version}, 1, 'base 0 when empty';
		my $conflict = $push->('production', 0);
		says($conflict, 409, 'Environment has changed', 'version_conflict',
		    'base 0 of version 1');
		is $conflict->{json}{version}, 1, 'with the current version';
		is $push->('production', 1)->{json}{version}, 2, 'base 1';
		$conflict = $push->('production', 7);
		says($conflict, 409, 'Environment has changed', 'version_conflict',
		    'base 7 of version 2');
		is $conflict->{json}{version}, 2, 'with the current version';
		$conflict = $push->('not-there', 3);
		says($conflict, 409, 'Environment has changed', 'version_conflict',
		    'base 3 of no environment');
		is $conflict->{json}{version}, 0, 'whose version is 0';
		is $s->psql('select count(*) from vault.environments where ' .
		    "project_id = '$c->{project}'"), 3, 'and which is not made';
		is $versions->($c, 'production'), 2, 'no version came of it';
		is $push->('not-there', 0)->{json}{version}, 1, 'base 0 makes it';
		is $c->push_blob('production', VaultTest::Client::blob())
		    ->{json}{version}, 3, 'without base_version the later wins';
		my @answers = VaultTest::parallel(8, sub {
			my $r = $push->('staging', 0);
			return [$r->{status}, $r->{json}{version}];
		});
		is_deeply [sort map { "@$_" } @answers], ['200 1', ('409 1') x 7],
		    'of eight on one base one wins';
	};

	subtest 'anyone may create projects' => sub {
		my $c = VaultTest::Client->new($s->{url});
		my $count = sub { $s->psql('select count(*) from vault.projects') };
		my $create = sub {
			my ($token) = @_;
			return $c->call('project/create', {project_name => 'x'},
			    header => defined $token ?
			    {'X-Vault-Create-Token' => $token} : {});
		};
		is $create->()->{status}, 200, 'open';
		my $before = $count->();
		$s->set(project_creation => 'closed');
		says($create->($_), 403, 'Project creation is closed',
		    'project_creation_closed', 'closed') for undef, 'x';

		my $token = VaultTest::Client::random_hex(16);
		VaultTest::spew("$s->{dir}/token", "$token\n");
		chmod 0600, "$s->{dir}/token";
		my ($uid, $gid) = (stat "$s->{dir}/vault.conf")[4, 5];
		chown $uid, $gid, "$s->{dir}/token";
		$s->set(project_creation => 'token',
		    project_creation_token_file => "$s->{dir}/token");
		for my $bad (undef, '', 'x', substr($token, 1), "${token}0",
		    substr($token, 0, -1) . 'x', uc("a$token"), "$token, $token") {
			says($create->($bad), 403, 'Project creation needs a valid token',
			    'project_creation_token', 'token: ' .
			    (defined $bad ? "\"$bad\"" : 'none'));
		}
		is $count->(), $before, 'no project came of it';
		is $create->($token)->{status}, 200, 'with the token';
		$s->set(project_creation => 'open',
		    project_creation_token_file => undef);
		is $create->()->{status}, 200, 'open again';
	};
});
done_testing;
