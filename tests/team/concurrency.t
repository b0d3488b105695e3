#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Protocol v2, many at once: 64 machines push to one environment, then each to its
# own, while devices are admitted and revoked and VAULT_KEY is replaced. No write
# that was acknowledged is lost, every reader can open the newest version, no
# data key is on both sides of a cut. VAULT_REPEAT repeats it (1).
# limit 3600
use strict;
use warnings;
use lib map { "$ENV{TOP_SRCDIR}/tests$_" } '', '/cli', '/team';
use JSON::PP;
use Team;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx python3));
plan skip_all => 'no python3-cryptography'
    if VaultTest::run(['python3', '-c', 'import cryptography'])->{status};

my ($WRITERS, $PUSHES) = (64, 2);
my $t = Team->new;
my (@admins, @writers);

# A command there, again while others are faster: what it prints, or {code} of a
# refusal.
sub done
{
	my ($name, @command) = @_;
	my $x = $t->{model}{machines}{$name};

	for (1 .. 100) {
		my $r = $t->on($x, @command, '--json');
		my $said = $r->{status} ? $r->{stderr} : $r->{stdout};
		my $json = eval { decode_json((split /\n/, $said)[-1]) } //
		    {code => $said};

		return $json if $r->{status} == 0;
		return {code => $json->{code} // $said}
		    if $said !~ /times in a row/;
	}
	return {code => 'never'};
}

# Machines get a home each, and join by four admins' commands at once.
sub join_all
{
	my ($role, @names) = @_;

	$t->machine($_) for @names;
	my @joined = VaultTest::parallel(4, sub {
		my ($worker) = @_;
		return [map { joins($role, $_) } grep { defined }
		    @names[map { 4 * $_ + $worker } 0 .. @names / 4]];
	});
	taken_in(map { @$_ } @joined);
}

# [name, id, what was wrong]. A rotation forgets who waits, and who is not in the
# log is shown none: that VAULT_KEY_NEXT counts now has to be said to it.
sub joins
{
	my ($role, $name) = @_;
	my ($x, $id, $code) = ($t->{model}{machines}{$name});

	for (1 .. 2) {
		my $made = done($name, 'register-device', '--name', $name);
		($id, $code) = ($made->{device}{id}, $made->{code});
		$code = done($admins[0], 'approve-device', '--id', $id, '--role',
		    $role, '--env', '*')->{code} if defined $id;
		last if ($code // '') !~ /vault_key_replaced|waits for approval/;
		@$x{qw(key next)} = ($x->{next}, undef);
		$t->put_keys($x);
	}
	return [$name, $id, $code];
}

sub taken_in
{
	my (@joined) = @_;

	is_deeply [map { "$_->[0]: $_->[2]" } grep { defined $_->[2] } @joined], [],
	    'all have joined';
	$t->{ids}{$_->[0]} = $_->[1] for @joined;
}

# One admin's day: machines come, and go again, one of the writers among them.
sub changes
{
	my ($leaver, @new) = @_;
	my @joined = map { joins('reader', $_) } @new;

	return {joined => \@joined, revoked => [map { done($admins[1],
	    'revoke-device', '--id', $_)->{code} } $t->{ids}{$leaver},
	    $joined[0][1]]};
}

# Each writer's [environment, version, name, value, what was wrong], up to the first
# that is refused.
sub writes
{
	my ($writer, $environment, $round, $n) = @_;
	my @writes;

	for (1 .. $n) {
		my $value = "$round-$_";
		my $got = done($writer, 'set', "S_$writer=$value", '--env',
		    $environment);
		push @writes, [$environment, $got->{version}, "S_$writer", $value,
		    $got->{code}];
		last if $got->{code};
	}
	return \@writes;
}

# A round: of_writer gives the environment of each.
sub round
{
	my ($name, $of_writer) = @_;
	my $leaver = $writers[-1];
	my @new = map { "$name-new$_" } 1 .. 3;
	my $ann = $t->{model}{machines}{$admins[0]};
	my $key = $t->prepare($ann);

	$t->machine($_, next => $key) for @new;
	my @did = VaultTest::parallel($WRITERS + 2, sub {
		my ($i) = @_;

		return writes($writers[$i], $of_writer->($i), $name,
		    $i == $WRITERS - 1 ? 1000 : $PUSHES) if $i < $WRITERS;
		return changes($leaver, @new) if $i == $WRITERS;
		return done($admins[0], 'rotate-key', '--yes');
	});
	my ($changes, $rotated) = splice @did, $WRITERS;

	is_deeply [map { $_->[4] // () } map { @$_ } @did[0 .. $WRITERS - 2]], [],
	    "$name: every write is acknowledged";
	is $did[-1][-1][4], 'device_revoked',
	    "$name: but that of a machine that is revoked meanwhile";
	taken_in(@{$changes->{joined}});
	is_deeply $changes->{revoked}, [undef, undef], "$name: revoked";
	is $rotated->{code}, undef, "$name: VAULT_KEY is replaced";
	delete @{$t->{model}{machines}}{$leaver, $new[0]};
	pop @writers;
	push @writers, "$name-w";
	$t->key_is($ann, $key);
	$t->hand_out($_) for $t->reachable;
	join_all('writer', $writers[-1]);
	complete($name, grep { !$_->[4] } map { @$_ } @did);
}

# What was acknowledged is in the history, and every machine opens the newest.
sub complete
{
	my ($name, @acked) = @_;
	my $history = $t->history;
	my @lost = grep {
		my ($environment, $version, $secret, $value) = @$_;
		($history->{$environment}[$version - 1]{$secret} // '') ne $value;
	} @acked;
	my @names = sort keys %{$t->{model}{machines}};
	my @environments = sort keys %{{map { $_->[0] => 1 } @acked}};
	my @wrong = map { @$_ } VaultTest::parallel(4, sub {
		my ($worker) = @_;
		my @bad;

		for my $i (grep { $_ % 4 == $worker } 0 .. $#names) {
			my $environment = $environments[$i % @environments];
			my $got = done($names[$i], 'pull', '--env', $environment);
			push @bad, "$names[$i] of $environment: " .
			    encode_json($got) if encode($got->{secrets}) ne
			    encode($history->{$environment}[-1]);
		}
		return \@bad;
	});

	is_deeply \@lost, [], "$name: no write is lost, of " . @acked;
	is_deeply \@wrong, [], "$name: each of " . @names .
	    ' machines reads the newest version';
}

sub encode { return JSON::PP->new->canonical->encode($_[0] // {}) }

$t->begin('ann', 'shared');
@admins = 'ann';
join_all('admin', 'bob');
push @admins, 'bob';
@writers = map { "w$_" } 1 .. $WRITERS;
join_all('writer', @writers);
for my $round (1 .. $ENV{VAULT_REPEAT} || 1) {
	round("$round-one", sub { 'shared' });
	round("$round-each", sub { "own$_[0]" });
}
done_testing;
