#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# House rules of sql/: the comment block of every function, security definer
# with a pinned search_path, nothing that ties the schema to one node.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
my %text;
for my $file (glob(TOP . '/sql/*.sql'), glob(TOP . '/sql/*/*.sql')) {
	open my $fh, '<', $file or die "$file: $!";
	local $/;
	$text{$file =~ s{^\Q@{[TOP]}\E/}{}r} = <$fh>;
}

for my $file (sort keys %text) {
	my $code = $text{$file} =~ s/--.*//gr;
	like $text{$file}, qr/\A-- SPDX-License-Identifier: MIT\n-- \S/,
		"$file: licence and head comment";
	unlike $text{$file}, qr/[ \t]$/m, "$file: no blank at a line's end";
	unlike $code, qr/\b(?:sequence|serial|bigserial|nextval|identity)\b/i,
		"$file: no sequence";
	unlike $code, qr/\b(?:create\s+trigger|advisory|notify|listen)\b/i,
		"$file: no trigger, advisory lock or notification";
	unlike $code, qr/\bjsonb?\b|\bsecurity_barrier\b|->>/i,
		"$file: plain types";
	unlike $code, qr/\bexecute\b(?!\s+(?:on|function))/i,
		"$file: no dynamic SQL"
		unless $file =~ m{^sql/(?:install|functions/audit_(?:partitions|retain))\.sql$};
}

for my $file (grep { m{/functions/} } sort keys %text) {
	my ($name) = $file =~ m{(\w+)\.sql$};
	my $t = $text{$file};
	like $t, qr/^-- vault\.$name: /m, "$name: purpose";
	like $t, qr/^-- $_: +\S/m, "$name: $_"
		for qw(caller arguments result raises writes);
	my @made = $t =~ /^create or replace function vault\.(\w+)\(/mg;
	is_deeply \@made, [$name], "$name: one function, of that name";

	my ($head, $body) = $t =~ /\A((?:--[^\n]*\n)*)(.*)\z/s;
	my %said = map { $_ => 1 } $head =~ /\b(VE0\d[\dA-F])\b/g;
	my %done = map { $_ => 1 } $body =~ /'(VE0\d[\dA-F])'/g;
	ok $said{$_}, "$name: $_ is documented" for sort keys %done;

	my ($writes) = $head =~ /^-- writes: +(.*)\z/ms;
	for my $table ($body =~
		/\b(?:insert\s+into|update|delete\s+from)\s+vault\.(\w+)/g) {
		like $writes, qr/\b$table\b/, "$name: writes $table, says so";
	}
	# Helpers run inside a function that has pinned them; to do it again
	# costs a call a quarter more. install.sql sets a path for itself.
	my $pinned = $body =~
		/^security definer set search_path = vault, pg_temp\b/m;
	my $helper = $t =~ /^-- caller: +functions$/m;
	ok $helper ? !$pinned : $pinned, "$name: security definer and a pinned "
		. 'search_path, unless only functions call it';
}

my %sentence;
for my $t (map { $text{$_} } grep { m{/functions/} } keys %text) {
	push @{ $sentence{$2} }, $1 while
		$t =~ /raise exception '([^']+)'\s+using errcode = '(\w+)'/g;
}
for my $code (sort keys %sentence) {
	my %s = map { $_ => 1 } @{ $sentence{$code} };
	is scalar(keys %s), 1, "$code has one sentence: " . (keys %s)[0];
}

is $db->ok("select c.conrelid::regclass || ' ' || c.conname from pg_constraint
	c where c.connamespace = 'vault'::regnamespace and c.contype = 'p'
	and c.conrelid::regclass::text !~
	'^vault\\.(projects|migrations|server_key|creations)\$' and
	(select a.attname from pg_attribute a where a.attrelid = c.conrelid
	and a.attnum = c.conkey[1]) <> 'project_id'"), '',
	'project_id leads every primary key';
is $db->ok("select c.conname from pg_constraint c where c.connamespace =
	'vault'::regnamespace and c.contype in ('u', 'f') and
	(select a.attname from pg_attribute a where a.attrelid = c.conrelid
	and a.attnum = c.conkey[1]) <> 'project_id'"), '',
	'... every unique and foreign key';
is $db->ok("select c.relname from pg_class c where c.relnamespace =
	'vault'::regnamespace and c.relkind in ('r', 'p') and not exists
	(select from pg_index i where i.indrelid = c.oid and i.indisprimary)"),
	'', 'every table has a primary key';
is $db->ok("select a.attrelid::regclass || '.' || a.attname from pg_attribute
	a join pg_class c on c.oid = a.attrelid where c.relnamespace =
	'vault'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0
	and a.atttypid::regtype::text not in ('uuid', 'text', 'bytea',
	'bigint', 'integer', 'boolean', 'timestamp with time zone', 'text[]',
	'bytea[]')"), '',
	'columns have plain types';
for my $file (grep { m{/migrations/} } sort keys %text) {
	unlike $text{$file} =~ s/--.*//gr =~ s/constraint \w+\s+\w+//gr,
		qr/\b(?:primary key|unique|check|references)\s*\(/,
		"$file: every constraint is named";
}

done_testing;
