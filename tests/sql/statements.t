#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The server's statements (fcgi/db/stmts.c) against these functions: each one
# prepares as vault_server, and every function that the server may call is
# called. The SQLSTATEs and sentences are those of fcgi/db/sqlstate.c
# and fcgi/http/refusal.c.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

sub slurp
{
	my ($path) = @_;
	open my $fh, '<', TOP . "/$path" or die "$path: $!";
	local $/;
	return <$fh>;
}

my $c = SqlTest->start;
my $db = $c->database('t');
my $text = slurp('fcgi/db/stmts.c');
my %called;
# Those of vault.fcgi --rekey are another role's.
my %rekey = map { $_ => 1 } split /\n/, $db->ok("select proname from pg_proc
	where pronamespace = 'vault'::regnamespace and
	has_function_privilege('vault_rekey', oid, 'execute')");
while ($text =~ /\{ "(\w+)",\s*((?:"[^"]*"\s*)+),\s*(\d+)/g) {
	my ($name, $literals, $n) = ($1, $2, $3);
	my $sql = join '', $literals =~ /"([^"]*)"/g;
	$called{$_} = 1 for $sql =~ /vault\.(\w+)\(/g;
	my $as = $rekey{$name} ? 'as_rekey' : 'as_server';
	is $db->$as("prepare s as $sql;
		select cardinality(parameter_types) from
		pg_prepared_statements"), $n, "$name prepares";
}
cmp_ok scalar(keys %called), '>', 15, 'statements were found';
is join(' ', sort keys %called), join(' ', sort split /\n/,
	$db->ok("select proname from pg_proc where pronamespace =
	'vault'::regnamespace and (has_function_privilege('vault_server', oid,
	'execute') or has_function_privilege('vault_rekey', oid, 'execute'))")),
	'the server calls what it may call';

my ($version) = slurp('fcgi/db/check.h') =~ /^#define\s+DB_SCHEMA_VERSION\s+(\d+)$/m;
is $version, $db->as_server('select vault.schema_version()'),
	'DB_SCHEMA_VERSION of fcgi/db/check.h';

my %sentence = slurp('fcgi/http/refusal.c') =~
	/\[(REFUSAL_\w+)\] = \{ \d+, "\w+",\s*"([^"]*)"/g;
my %known = slurp('fcgi/db/sqlstate.c') =~ /\{ "(VE0\d[\dA-F])", (REFUSAL_\w+),/g;
$_ = $sentence{$_} // "no sentence for $_" for values %known;
my %used;
for my $file (glob(TOP . '/sql/functions/*.sql')) {
	my $sql = slurp($file =~ s{^\Q@{[TOP]}\E/}{}r);
	$used{$_} = 1 for $sql =~ /'(VE0\d[\dA-F])'/g;
	is $known{$2}, $1, "$2: $1" while
		$sql =~ /raise exception '([^']+)'\s+using errcode = '(\w+)'/g;
}
is join(' ', sort keys %used), join(' ', sort keys %known),
	'both have the same SQLSTATEs';

done_testing;
