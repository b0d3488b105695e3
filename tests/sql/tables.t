#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# sql/TABLES against the catalogue (tables, columns, keys, indexes), and
# against the text of the functions (who writes, who reads).
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');

sub slurp
{
	my ($path) = @_;
	open my $fh, '<', TOP . "/$path" or die "$path: $!";
	local $/;
	return <$fh>;
}

# --- the paper: { table => { columns, keys, indexes, 'written by', ... } }
my %type = (timestamptz => 'timestamp with time zone');
my (%paper, $table, $last);
for (split /\n/, slurp('sql/TABLES') =~ s/\A.*?\n\n.*?\n\n//sr) {
	if (/^(\w+): \S/) {
		$table = $paper{$1} = {columns => [], keys => [], indexes => []};
	} elsif (/^    (primary key|unique|foreign key) +(\(.*)/) {
		push @{$table->{keys}}, "$1 $2";
	} elsif (/^    index +(\w+ \([\w, ]+\)(?: where (?:[^:]|::)+)?):(?: |$)/) {
		push @{$table->{indexes}}, $1;
	} elsif (/^    (written by|read by|kept|on shards) +(.+)/) {
		$table->{$last = $1} = $2;
	} elsif (/^    ([a-z_]+) +([a-z]+(?:\[\])?)(?: +(not null)\b)?/) {
		push @{$table->{columns}}, join ' ', $1, $type{$2} // $2,
			$3 // ();
		$last = undef;
	} elsif (/^ {20}(\w.*)/ && defined $last) {
		$table->{$last} .= " $1";
	} elsif (!/^ {40}/ && !/^$/) {
		fail "a line that says nothing: $_";
	}
}

# --- the catalogue
my $tables = "c.relnamespace = 'vault'::regnamespace and c.relkind in
	('r', 'p') and not c.relispartition";
sub rows
{
	my ($sql) = @_;
	my %rows;

	for (split /\n/, $db->ok($sql)) {
		my ($table, $row) = split /\|/;
		push @{$rows{$table}}, $row;
	}
	return \%rows;
}

my $columns = rows("select c.relname, concat_ws(' ', a.attname,
	format_type(a.atttypid, a.atttypmod),
	case when a.attnotnull then 'not null' end)
	from pg_class c join pg_attribute a on a.attrelid = c.oid
	and a.attnum > 0 and not a.attisdropped where $tables
	order by 1, a.attnum");
my $keys = rows("select c.relname, replace(pg_get_constraintdef(k.oid),
	'vault.', '') from pg_class c join pg_constraint k on
	k.conrelid = c.oid and k.contype in ('p', 'u', 'f') where $tables
	order by 1, array_position('{p,u,f}'::text[], k.contype::text), 2");
my $indexes = rows("select c.relname, concat(i.indexrelid::regclass, ' (',
	(select string_agg(pg_get_indexdef(i.indexrelid, n, true), ', '
	order by n) from generate_series(1, i.indnkeyatts) n), ')',
	' where ' || trim(both '()' from pg_get_expr(i.indpred, i.indrelid, true)))
	from pg_class c join pg_index i on i.indrelid = c.oid and not exists
	(select from pg_constraint k where k.conindid = i.indexrelid)
	where $tables order by 1, 2");
is_deeply [sort keys %paper], [sort keys %$columns], 'the tables';
for my $table (sort keys %$columns) {
	is_deeply $paper{$table}{columns}, $columns->{$table},
		"$table: columns";
	is_deeply [map { lc s/\s+//gr } @{$paper{$table}{keys}}],
		[map { lc s/\s+//gr } @{$keys->{$table} // []}],
		"$table: keys";
	is_deeply [sort @{$paper{$table}{indexes}}],
		[map { lc s/^vault\.//r } @{$indexes->{$table} // []}],
		"$table: indexes";
	like $paper{$table}{kept}, qr/./, "$table: how long a row is kept";
}

# --- who writes and reads, in the functions' words
my (%writes, %reads);
for my $file (glob(TOP . '/sql/functions/*.sql'), TOP . '/sql/install.sql',
	TOP . '/sql/migrate.sql') {
	my $sql = slurp($file =~ s{^\Q@{[TOP]}\E/}{}r) =~ s/--.*//gr;
	my ($name) = $file =~ m{functions/(\w+)\.sql$};
	$name //= 'install.sql';
	# A month of the audit log is the audit log.
	$sql =~ s/audit_log_default/audit_log/g;
	$writes{$1}{$name} = 1 while $sql =~
		/\b(?:insert\s+into|update|delete\s+from)\s+vault\.(\w+)/g;
	$reads{$1}{$name} = 1 while $sql =~
		/(?<!delete )\b(?:from|join)\s+vault\.(\w+)\b(?!\()/g;
}
for my $table (sort keys %$columns) {
	for (['written by', \%writes], ['read by', \%reads]) {
		my ($what, $found) = @$_;
		is $paper{$table}{$what},
			join(', ', sort keys %{$found->{$table}}),
			"$table: $what";
	}
}

done_testing;
