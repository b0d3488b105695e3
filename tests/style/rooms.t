#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Who may know whom: the arrows between rooms, drawn twice, from the #include
# lines and from the symbols that the object files define and want, and held
# against one table. An arrow that is not in the table, and a circle, are
# failures. A new arrow that is right goes into the table, in this file.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Find;
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my $build = $VaultTest::BUILD;

# Room => the rooms it may include and call. lib/vaultenv.h is everybody's.
my %may = (
	'lib/base' => [],
	'lib/crypto' => [qw(lib/base)],
	'lib/wire' => [qw(lib/base lib/crypto)],
	'lib/trust' => [qw(lib/base lib/wire)],
	'lib/vault' => [qw(lib/base lib/crypto lib/wire lib/trust)],
	'lib/env' => [qw(lib/base)],
	'lib/disk' => [qw(lib/base lib/crypto lib/trust lib/env)],
	'lib/net' => [qw(lib/base)],
	'lib/client' => [qw(lib/base lib/crypto lib/wire lib/vault lib/env
	    lib/disk lib/net)],
	'lib/v1' => [qw(lib/base lib/crypto lib/wire lib/vault lib/env lib/disk
	    lib/client)],
	'lib/v2' => [qw(lib/base lib/crypto lib/wire lib/trust lib/vault
	    lib/env lib/disk lib/net lib/client)],
	'lib/load' => [qw(lib/base lib/env lib/disk lib/net lib/client)],
	# by the functions of vaultenv.h alone, whatever room they are in
	'cli' => [],
	'fcgi/common' => [qw(lib/base)],
	'fcgi/http' => [qw(lib/base lib/crypto lib/wire)],
	'fcgi/db' => [qw(lib/base fcgi/common fcgi/http)],
	'fcgi/key' => [qw(lib/base lib/crypto lib/wire fcgi/common)],
	'fcgi/api' => [qw(lib/base lib/crypto lib/wire lib/trust fcgi/common
	    fcgi/http fcgi/db fcgi/key)],
	'fcgi/operator' => [qw(lib/base lib/crypto lib/wire lib/trust
	    fcgi/common fcgi/db fcgi/key)],
	'fcgi' => [qw(lib/base lib/crypto fcgi/common fcgi/http fcgi/db
	    fcgi/key fcgi/api fcgi/operator)],
);
# Tables that a room declares and those above it are: client/ knows a protocol as
# a struct protocol, and not what is behind it.
my %is_table = map { $_ => 1 } qw(protocol_v1 protocol_v2);
# Rooms whose functions are called by way of vaultenv.h: calls are no arrows.
my %by_public_header = map { $_ => 1 } qw(cli);

sub room
{
	my ($file) = @_;
	my @parts = split m{/}, $file;

	pop @parts;
	return join '/', @parts;
}

sub files
{
	my ($top, $re, @folders) = @_;
	my @found;

	find({no_chdir => 1, wanted => sub {
		push @found, substr $_, length($top) + 1 if $_ =~ $re && -f;
	}}, map { "$top/$_" } grep { -d "$top/$_" } @folders);
	return sort @found;
}

# ---- the arrows that the text has
my @c = grep { !m{^lib/(?:node|python)/} }
    files($src, qr/\.[ch]\z/, qw(lib cli fcgi));
my %is_room = map { room($_) => 1 } grep { $_ ne 'lib/vaultenv.h' } @c;
my (%included, %called, @strangers);
for my $file (@c) {
	next if $file eq 'lib/vaultenv.h';
	my $from = room($file);
	for my $name (VaultTest::slurp("$src/$file") =~
	    /^#\s*include\s*"([^"]+)"/mg) {
		next if $name eq 'config.h' || $name eq 'vaultenv.h';
		my ($found) = grep { -f "$src/$_" } "$from/$name", "lib/$name",
		    "fcgi/$name";
		if (!defined $found) {
			push @strangers, "$file includes $name, which is nowhere";
			next;
		}
		my $to = room($found);
		$included{$from}{$to}{$file} = 1 if $to ne $from;
	}
}
is_deeply \@strangers, [], 'every header that is included is in a room';
is_deeply [sort keys %is_room], [sort keys %may], 'every room has its row';

# ---- the arrows that the link has
VaultTest->needs('lib/libcommon.la', 'nm');
my (%defined_in, %wants);
for my $object (grep { !m{/libvaultenv_test_la-} }
    files($build, qr/\.o\z/, qw(lib cli fcgi))) {
	my $room = room($object) =~ s{/\.libs\z}{}r;
	my ($name) = $object =~ m{([^/]+)\.o\z};
	$name =~ s/^(?:\w+_la|vault_fcgi|vault_env)-//;	# what automake adds
	next if !-f "$src/$room/$name.c";	# of an older build
	for (split /\n/, VaultTest::run(['nm', "$build/$object"])->{stdout}) {
		$defined_in{$1} = $room if /^\w+ [TDRBV] (\w+)/;
		$wants{$room}{$1} = 1 if /^\s+U (\w+)/;
	}
}
for my $from (grep { !$by_public_header{$_} } keys %wants) {
	for my $symbol (keys %{$wants{$from}}) {
		my $to = $defined_in{$symbol} // next;
		next if $is_table{$symbol};
		$called{$from}{$to}{$symbol} = 1 if $to ne $from;
	}
}
cmp_ok scalar keys %defined_in, '>', 100, 'object files were read';

# ---- the picture, and what is wrong with it
sub wrong
{
	my ($arrows) = @_;
	my @wrong;

	for my $from (sort keys %$arrows) {
		my %allowed = map { $_ => 1 } @{$may{$from} // []};
		for my $to (sort keys %{$arrows->{$from}}) {
			my @by = sort keys %{$arrows->{$from}{$to}};
			push @wrong, "$from -> $to by @by" if !$allowed{$to};
		}
	}
	return \@wrong;
}

my %state;
sub circle
{
	my ($room, @way) = @_;

	return () if ($state{$room} // '') eq 'done';
	return join ' -> ', @way, $room if grep { $_ eq $room } @way;
	for my $to (@{$may{$room}}) {
		my $found = circle($to, @way, $room);
		return $found if $found;
	}
	$state{$room} = 'done';
	return ();
}

for my $room (sort keys %may) {
	my %to = map { $_ => 1 } keys %{$included{$room} // {}},
	    keys %{$called{$room} // {}};
	note sprintf '%-12s -> %s', $room, join ' ', sort keys %to;
}
is_deeply wrong(\%included), [], 'no #include but those that the table allows';
is_deeply wrong(\%called), [], 'no call but those that the table allows';
is_deeply [map { circle($_) } sort keys %may], [], 'the table has no circle';
my @unused;
for my $room (sort keys %may) {
	push @unused, map { "$room -> $_" } grep { !$included{$room}{$_} &&
	    !$called{$room}{$_} } @{$may{$room}};
}
is_deeply \@unused, [], 'and no arrow in it that nobody needs';

done_testing;
