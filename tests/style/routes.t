#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The rows of fcgi/api/routes.c, with their members, are those of the tables in
# lib/PROTOCOL and lib/PROTOCOL-v2, and those of v1 are what the tests' own client
# (VaultTest::Client) knows and hence what the tests of fcgi/ loop over.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;
use VaultTest::Client;

sub source { return VaultTest::slurp("$VaultTest::SRC/$_[0]") }

my @fields = source('fcgi/http/input.h') =~ /^\t(FIELD_\w+),$/mg;
my %name = source('fcgi/http/input.c') =~ /\[(FIELD_\w+)\] = \{\s*"(\w+)"/g;
my $routes = source('fcgi/api/routes.c');
# PROJECT, HASH, ...: names for members that many rows have
my %macro = $routes =~ /^#define ([A-Z]+) +(\(?(?:BIT|PROJECT)\W.*)$/mg;
my $macros = join '|', keys %macro;

sub members
{
	my ($mask, $mark) = @_;

	1 while $mask =~ s/\b($macros)\b/$macro{$1}/;
	return map { "$name{$_}$mark" } grep { $mask =~ /\b$_\b/ } @fields;
}

my %row;		# {1}{"secrets/pull"}: "project_id environment version?"
while ($routes =~ /^\t\{ "POST", V(\d) "([\w\/-]+)", (.*?) \},$/msg) {
	my ($version, $path, $rest) = ($1, $2, $3);
	# ..., required, optional, handler
	my ($required, $optional) = (split /,\s*/, $rest)[-3, -2];

	$row{$version}{$path} = join ' ', members($required, ''),
	    members($optional, '?');
}
my $n = () = $routes =~ /^\t\{ "POST"/mg;
is keys(%{$row{1}}) + keys(%{$row{2}}), $n, "all $n rows were read";

my %client = map { ($_ => join ' ', @{$VaultTest::Client::ROUTES{$_}{need}},
    map { "$_?" } @{$VaultTest::Client::ROUTES{$_}{may} // []}) }
    keys %VaultTest::Client::ROUTES;

sub sorted { return join ' ', sort split ' ', $_[0] }
sub all_sorted { my ($of) = @_; return {map { $_ => sorted($of->{$_}) } keys %$of} }

is_deeply all_sorted(\%client), all_sorted($row{1}),
    'tests/VaultTest/Client.pm has the routes of v1';

# The column under "request", of each path; lines without one go on with the last
sub paper
{
	my ($file) = @_;
	my ($head, $rule, $table) = source($file) =~
	    /^(  path [^\n]*request [^\n]*)\n(  --[^\n]*)\n(.*?)\n\n/ms or
	    return fail "$file has a table of calls";
	my ($at, %of, $path) = (index($head, 'request'));
	my $width = length((substr($rule, $at) =~ /^(-+)/)[0]);

	for (split /\n/, $table) {
		$path = $1 if /^  (\w\S*)/;
		$of{$path} .= ' ' . substr $_, $at, $width if $at < length;
	}
	delete $of{GET};
	s/\(ext\)//g, tr/,*-//d for values %of;
	return \%of;
}

is_deeply all_sorted(paper('lib/PROTOCOL')), all_sorted($row{1}),
    'lib/PROTOCOL has the routes of v1';
# "All have project_id", and "every call takes log_have"
my $v2 = paper('lib/PROTOCOL-v2');
$_ = "project_id $_" for values %$v2;
s/ ?\blog_have\?// for values %{$row{2}};
is_deeply all_sorted($v2), all_sorted($row{2}), 'lib/PROTOCOL-v2 those of v2';
done_testing;
