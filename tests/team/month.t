#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A team of twenty plays a month of protocol v2: people, servers and containers
# come, push, lose their network for days, are narrowed, expire and are removed;
# VAULT_KEY is replaced, servers restart, a backup is restored. After each thing
# that happens every machine reads every environment, and the Model says what it must
# get. What happens is drawn from VAULT_SEED (1); VAULT_REPEAT plays as many months,
# each by the next seed.
# limit 1800
use strict;
use warnings;
use lib map { "$ENV{TOP_SRCDIR}/tests$_" } '', '/cli', '/team';
use Chance;
use Team;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx python3));
plan skip_all => 'no python3-cryptography'
    if VaultTest::run(['python3', '-c', 'import cryptography'])->{status};

my $DAY = 86400;
my @USUAL = (cache_s => 7 * $DAY, fresh_s => 0, expires => 0);
my @NAMES = map { "S_$_" } 'A' .. 'H';
my ($t, $model, $count);

sub value { return 'v' . ++$count . '-' . draw(1e9) }

# ---------------------------------------------------------------- joining

sub scope
{
	my ($role, @environments) = @_;

	@environments = '*' if $role eq 'admin' || !@environments;
	return {role => $role, environments => [sort @environments]};
}

# Some of the environments that there are, or all.
sub some
{
	my @all = $model->environments;

	return !draw(4) ? () : (mixed @all)[0 .. draw(scalar @all)];
}

sub joins
{
	my ($name, $scope) = @_;
	my $x = $t->machine($name);
	my $id = $t->must($x, 'register-device', '--name', $name, '--json')
	    ->{device}{id};

	$t->{ids}{$name} = $id;
	$t->check("$name has registered", $x);
	$t->must($t->admin, 'approve-device', '--id', $id, $t->scope_args($scope));
	$model->append('admit', $name, {@USUAL, %$scope});
	return "$name joins as $scope->{role}";
}

sub enrolled
{
	my ($name, $scope, $keeps) = @_;
	my $made = $t->must($t->admin, 'enroll', '--name', $name, '--json',
	    $t->scope_args($scope));

	$t->machine($name, secret => $made->{vault_device_secret},
	    keeps => $keeps);
	$t->{ids}{$name} = $made->{device_id};
	$model->append('admit', $name, {@USUAL, %$scope,
	    expires => time + 365 * $DAY});
	return "$name is enrolled as $scope->{role}";
}

my $people = 0;
sub newcomer { return sprintf '%s%02d', $_[0], ++$people }

# ---------------------------------------------------------------- what happens

# Each does one thing and returns what that was, or nothing if it cannot happen
# now.
my %acts;
%acts = (
	set => sub {
		my $environment = pick($model->environments);
		my $x = pick($t->writers($environment)) // return;
		my ($name, $value) = (pick(@NAMES), value());

		$t->pushed($x, $environment, {%{$model->secrets($environment)},
		    $name => $value}, ['set', "$name=$value"]);
		return "$x->{name} sets $name in $environment";
	},
	push => sub {
		my $environment = pick($model->environments);
		my $x = pick($t->writers($environment)) // return;
		my %new = map { $_ => value() } (mixed @NAMES)[0 .. 3];
		my $text = join '', map { "$_=$new{$_}\n" } sort keys %new;

		$t->pushed($x, $environment, \%new, ['push', '--file', '-',
		    '--replace'], $text);
		return "$x->{name} pushes a file to $environment";
	},
	together => sub {
		my $environment = pick($model->environments);
		my @x = (mixed $t->writers($environment))[0 .. 5];
		@x = grep { defined } @x;
		my @set = map { [$x[$_], $NAMES[$_], value()] } 0 .. $#x;

		return if @x < 2;
		$t->pushed_together($environment, @set);
		return @x . " machines push to $environment at once";
	},
	rollback => sub {
		my ($environment) = grep { $model->newest($_) > 2 }
		    mixed $model->environments or return;
		my $x = pick(grep { $t->has_old_keys($_) }
		    $t->writers($environment)) // return;
		my $to = 1 + draw($model->newest($environment) - 1);

		return if $model->{versions}{$environment}[$to - 1]{gone};
		$t->pushed($x, $environment, $model->secrets($environment, $to),
		    ['rollback', '--version', $to]);
		return "$x->{name} rolls $environment back to version $to";
	},
	environment => sub {
		my ($environment) = grep { !$model->{versions}{$_} }
		    qw(preview test demo) or return;
		my $x = pick($t->writers($environment)) // return;
		my $value = value();

		$t->pushed($x, $environment, {S_A => $value},
		    ['set', "S_A=$value"]);
		return "$x->{name} begins the environment $environment";
	},
	confirm => sub {
		my $environment = pick($model->environments);
		my $x = pick($t->writers($environment)) // return;

		$t->must($x, 'confirm', '--env', $environment);
		$t->settle($x, 'version', $environment => 0);
		return "$x->{name} confirms $environment";
	},
	joins => sub { return joins(newcomer('new'),
	    scope(pick('reader', 'writer'), some())) },
	enroll => sub { return enrolled(newcomer('box'),
	    scope(pick('reader', 'writer'), some()), pick(0, 1)) },
	scope => sub {
		my ($name) = mixed $t->others or return;
		my $scope = {%{$model->member($name)},
		    %{scope(pick('reader', 'writer'), some())}};

		return if Model::is_over($scope);
		$t->scoped($name, $scope);
		return "$name is now $scope->{role} of " .
		    join ',', @{$scope->{environments}};
	},
	expire => sub {
		my ($name) = mixed $t->others or return;
		my $scope = {%{$model->member($name)}, expires => time + 2};

		$t->scoped($name, $scope, '--expires', '1');
		VaultTest::wait_until(10, sub { Model::is_over($scope) });
		return "the access of $name ends";
	},
	stale => sub {
		my ($name) = grep { my $m = $model->member($_);
		    !Model::is_over($m) } mixed $t->others or return;
		my $scope = $model->member($name);
		my $until = time + 3;

		$t->scoped($name, {%$scope, fresh_s => 1});
		VaultTest::wait_until(10, sub { time > $until });
		$t->check("no version is new enough for $name");
		$t->scoped($name, {%$scope, fresh_s => 2 * $DAY});
		return "$name accepts versions of two days";
	},
	extend => sub {
		my ($name) = grep { Model::is_over($model->member($_)) }
		    $t->others;

		return if !defined $name;
		$t->scoped($name, {%{$model->member($name)}, expires => 0},
		    '--expires', 'never');
		return "$name may go on";
	},
	revoke => sub {
		my ($name) = mixed $t->others or return;
		my $x = $t->admin;

		$t->must($x, 'revoke-device', '--id', $t->{ids}{$name});
		# A new data key may be due where it was shut out before, too.
		$t->settle($x, 'version', (map { $_ => 0 }
		    $model->environments), map { $_ => 1 }
		    $model->append('revoke', $name));
		return "$name is revoked";
	},
	revoke_admin => sub {
		my ($x, $gone) = mixed $t->able(\&Model::is_admin);
		return if !defined $gone;
		my $name = $gone->{name};

		$t->must($x, 'revoke-device', '--id', $t->{ids}{$name}, '--yes');
		$t->settle($x, 'cut_version', map { $_ => 0 }
		    $model->append('revoke', $name));
		$t->replaced($x);
		return "the admin $name is revoked, VAULT_KEY replaced";
	},
	prepare => sub {
		return if $t->{prepared};
		my $x = $t->admin;
		$t->prepare($x);
		return "$x->{name} prepares another VAULT_KEY";
	},
	rotate => sub {
		my ($by, $key) = @{$t->{prepared} // {}}{qw(by key)};
		my ($x) = grep { $by && $_ == $by } $t->able(\&Model::is_admin);
		$x //= $t->admin;
		$t->must($x, 'rotate-key', '--yes');
		$t->replaced($x, $by && $x == $by ? $key : $x->{next});
		return "$x->{name} replaces VAULT_KEY";
	},
	hand_out => sub {
		my @x = grep { $_->{key} ne $model->key } $t->reachable or return;
		$t->hand_out($_) for @x;
		return @x . ' machines get the VAULT_KEY';
	},
	leave => sub {
		my @x = (mixed grep { !$_->{cut} && !Model::is_admin(
		    $model->member($_->{name})) } $model->machines)[0 .. 3];
		$_->{cut} = 1 for grep { defined } @x;
		return 'four machines lose their network';
	},
	return => sub {
		my @x = grep { $_->{cut} } $model->machines or return;
		@$_{qw(cut later)} = (0, 0) for @x;
		return @x . ' machines have their network again';
	},
	away => sub {
		my $how = pick('leave', 'stop');
		$model->{away} = 1;
		$t->{fleet}->$how;
		$t->check('the server is away');
		$how eq 'leave' ? $t->{fleet}->come_back : $t->{fleet}->start;
		$model->{away} = 0;
		return 'the server is back';
	},
	backup => sub {
		$t->backup;
		return 'the operator makes a backup';
	},
	disaster => sub {
		return if !$t->{backup};
		$acts{joins}->() if $t->{backup}{log} == @{$model->{log}};
		$t->check('before the database is lost');
		$t->restore;
		$t->check_short;
		$t->bring_up_to_date;
		return 'the database was lost, and is there again';
	},
	restart => sub {
		$t->{fleet}->restart;
		return 'each vault.fcgi is restarted';
	},
);

# How often each happens in a month of 31 days.
my %deck = ((map { $_ => 1 } grep { !/^(?:backup|disaster)$/ } keys %acts),
    map { $_ => 2 } qw(set together rollback scope revoke rotate hand_out leave
    return stale));

sub play
{
	my ($seed) = @_;

	seed($seed);
	($count, $people) = (0, 0);
	$t = Team->new;
	$model = $t->{model};
	$t->begin('ann', 'production', 'staging', 'development');
	joins('bob', scope('admin'));
	joins('cid', scope('admin'));
	joins(newcomer('dev'), {%{scope('writer', some())}, fresh_s => $_ * $DAY})
	    for 0, 0, 1, 1, 2, 2, 5;
	joins(newcomer('ops'), {%{scope('reader', some())}, fresh_s => $_ * $DAY})
	    for 0, 1, 2, 2;
	enrolled(newcomer('ci'), scope(pick('reader', 'writer'), some()), 0)
	    for 1 .. 3;
	enrolled(newcomer('web'), {%{scope('reader', some())}, @$_}, 1)
	    for [cache_s => 2 * $DAY], [fresh_s => $DAY], [cache_s => 0];
	is scalar($model->machines), 20, 'a team of twenty';
	$t->check('the first day');
	my @days = mixed map { ($_) x $deck{$_} } sort keys %deck;
	splice @days, @days / 3, 0, 'backup';
	splice @days, @days * 5 / 6, 0, 'disaster';
	my ($day, %late) = (0);
	while (defined(my $kind = shift @days)) {
		my @away = grep { $_->{cut} } $model->machines;
		my $what = $acts{$kind}->();

		if (defined $what) {
			$_->{later} += 1.1 * $DAY for grep { $_->{cut} } @away;
			$t->check("day @{[++$day]}: $what");
		} elsif ($late{$kind}++ < 5) {
			push @days, $kind;
		}
	}
	$t->check_history;
	$t->{server}->down;
}

my $first = $ENV{VAULT_SEED} // 1;
for my $seed ($first .. $first + ($ENV{VAULT_REPEAT} || 1) - 1) {
	subtest "VAULT_SEED=$seed" => sub { play($seed) };
	note "$t->{reads}{$_} times $_" for sort keys %{$t->{reads}};
}
done_testing;
