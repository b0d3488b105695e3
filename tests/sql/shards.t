#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# That the functions run where tables are distributed by project (Citus, which
# is not packaged here): the rules of sql/README, "Shards", over the text of
# every function; what citus.sql places, against sql/TABLES; and the functions
# of sql/citus, which must answer as those of sql/functions do.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t', shards => 1);

sub slurp
{
	my ($path) = @_;
	open my $fh, '<', TOP . "/$path" or die "$path: $!";
	local $/;
	return <$fh>;
}

# A folder's functions, by name: their statements, without comments.
sub functions_of
{
	my ($folder) = @_;
	my %found;

	for my $file (glob(TOP . "/$folder/*.sql")) {
		my ($name) = $file =~ m{(\w+)\.sql$};
		my $sql = slurp("$folder/$name.sql") =~ s/--.*//gr;
		$found{$name} = [split /;|\bloop\b/, $sql];
	}
	return \%found;
}

my $one = functions_of('sql/functions');
my $shards = functions_of('sql/citus');
my @placed = split /\n/, $db->ok("select
	substr(logicalrelid::regclass::text, 7) || ' by ' || key
	from pg_catalog.pg_dist_partition order by 1");
my $placed = join '|', map { s/ by .*//r } @placed;

# --- where the tables are
my %paper;
my $table;
for (split /\n/, slurp('sql/TABLES')) {
	$table = $1 if /^(\w+): /;
	$paper{$table} = $1 if /^    on shards +(.*)/;
}
is_deeply \@placed, [map { "$_ $paper{$_}" }
	grep { $paper{$_} =~ /^by / } sort keys %paper],
	'citus.sql places the tables as sql/TABLES says';
is $db->ok("select string_agg(beside, ' ') from pg_dist_partition where
	logicalrelid <> 'vault.projects'::regclass"),
	join(' ', ('vault.projects') x (@placed - 1)),
	'... all of them beside their project';
is $db->install->{err}, '', 'install.sql runs again';
is $db->ok('select count(*) from pg_dist_partition'), scalar @placed,
	'... and places nothing twice';

# --- the rules. What no shard sees may break them: functions/ has the form for
# one PostgreSQL of each function that citus/ has.
my %defaults;
for (split /\n/, $db->ok("select c.relname || ' ' || a.attname
	from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid
	and a.attnum = d.adnum join pg_class c on c.oid = d.adrelid
	where c.relnamespace = 'vault'::regnamespace and
	pg_get_expr(d.adbin, d.adrelid) ~ 'clock_timestamp|gen_random'")) {
	my ($table, $column) = split / /;
	$defaults{$table}{$column} = 1;
}
my @volatile = split /\n/, $db->ok("select distinct proname from pg_proc where
	provolatile = 'v' and pronamespace = 'pg_catalog'::regnamespace");
my $volatile = join '|', map { quotemeta } @volatile;

my $one_project = qr/\b(?:project_id|p\.id)\s*=\s*(?:[pv]_|v\.)project\b
	|\binsert\s+into\s+[^;]*\bselect\s+p_project\b/x;

sub breaks
{
	my ($statement) = @_;
	my ($inserted, $columns) = $statement =~
		/insert\s+into\s+vault\.(\w+)[^(]*\(([^)]*)\)[^;]*\bselect\b/;
	my @broken;

	push @broken, 'a volatile function where rows are written'
		if $statement =~ /\b(?:update|insert\s+into|delete\s+from)\s+vault\.(?:$placed)\b/
		and $statement =~ /\b(?:$volatile)\s*\(/;
	push @broken, "the default of $inserted.$_, a volatile function"
		for grep { $columns !~ /\b$_\b/ }
			sort keys %{$defaults{$inserted // ''}};
	push @broken, 'case of a value' if $statement =~ /\bcase\b(?!\s+when\b)/;
	push @broken, 'many projects in one statement'
		if $statement =~ /\bunnest\s*\(/
		and $statement =~ /\bvault\.(?:$placed)\b/
		and $statement !~ $one_project;
	push @broken, 'rows of many projects locked'
		if $statement =~ /\bvault\.(?:$placed)\b/
		and $statement =~ /\bfor\s+(?:no\s+key\s+)?(?:update|share)\b/
		and $statement !~ $one_project;
	return @broken;
}

for my $name (sort keys %$one) {
	my @broken = map { breaks($_) } @{($shards->{$name} // $one->{$name})};
	is_deeply \@broken, [], "$name runs on shards";
	next unless $shards->{$name};
	isnt scalar(map { breaks($_) } @{$one->{$name}}), 0,
		'... which the form for one PostgreSQL would not';
}
is_deeply [grep { !$one->{$_} } keys %$shards], [],
	'there is nothing on shards only';
for (["update vault.devices d set revoked_at = clock_timestamp()", 1],
	["update vault.devices d set last_seen_at = now()", 0],
	["insert into vault.audit_log (project_id) select 1", 2],
	["insert into vault.audit_log (project_id) values (1)", 0],
	["v := case n when 0 then 1 end", 1],
	["select 1 from unnest(a) join vault.projects p on true", 1],
	["perform from vault.projects p where p.name = 'x' for update", 1],
	["perform from vault.projects p where p.id = p_project for update", 0]) {
	my ($statement, $n) = @$_;
	is scalar(my @b = breaks($statement)), $n, "a rule knows: $statement";
}

# --- the functions of sql/citus do what those of sql/functions do
my $plain = $c->database('plain');
my $forms = "select string_agg(pg_get_function_arguments(oid) || ' ' ||
	pg_get_function_result(oid) || prosecdef || proconfig[1], '; ' order by
	proname) from pg_proc where pronamespace = 'vault'::regnamespace and
	proname in ('" . join("', '", sort keys %$shards) . "')";
is $db->ok($forms), $plain->ok($forms), 'they have the same form';
for my $test (qw(secret record housekeep plans)) {
	local $ENV{SQL_SHARDS} = 1;
	my $out = qx("$^X" "@{[TOP]}/tests/sql/$test.t" 2>&1);
	is $?, 0, "$test.t passes with them" or diag $out;
	like $out, qr/^1\.\.[1-9]/m, '... all of it';
}

done_testing;
