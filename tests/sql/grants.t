#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What the roles may do: call their functions. And nothing else: every table,
# every helper, everybody else.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my $c = SqlTest->start;
my $db = $c->database('t');
$db->ok('create role stranger login');

my (%caller, %args);
for my $file (glob(TOP . '/sql/functions/*.sql')) {
	open my $fh, '<', $file or die "$file: $!";
	my $text = join '', <$fh>;
	my ($name) = $file =~ m{(\w+)\.sql$};
	($caller{$name}) = $text =~ /^-- caller: +(\S+(?: --\S+)?)/m;
}
my $types = $db->ok("select proname, (select
	string_agg('null::' || format_type(t, null), ', ' order by n)
	from unnest(proargtypes) with ordinality a(t, n))
	from pg_proc where pronamespace = 'vault'::regnamespace");
$args{$1} = $2 while $types =~ /^(\w+)\|(.*)$/mg;

for my $name (sort keys %caller) {
	my $call = "begin; select vault.$name($args{$name})";
	my $callers = $caller{$name} =~ /^vault\.fcgi --/ ? 'rekey' :
		$caller{$name} =~ /^vault\.fcgi/ ? 'server' : '';
	for (['server', $db->as_server($call)], ['rekey', $db->as_rekey($call)]) {
		my ($role, $answer) = @$_;
		if ($callers eq $role) {
			unlike $answer, qr/^42501/, "vault_$role may call $name";
		} else {
			is $answer, "42501 permission denied for function $name",
				"vault_$role may not call $name";
		}
	}
	is $db->run("select vault.$name($args{$name})", user => 'stranger')
		->{err} =~ s/^.*?ERROR:  (.*?)\n.*/$1/sr,
		'42501: permission denied for schema vault',
		"nobody else may call $name";
}

my @tables = split /\n/, $db->ok("select relname from pg_class
	where relnamespace = 'vault'::regnamespace and relkind in ('r', 'p')
	order by 1");
cmp_ok scalar @tables, '>', 8, 'tables are there';
for my $table (@tables) {
	my ($column) = split /\n/, $db->ok("select attname from pg_attribute
		where attrelid = 'vault.$table'::regclass and attnum > 0");
	for my $sql ("select from vault.$table",
		"insert into vault.$table default values",
		"update vault.$table set $column = $column",
		"delete from vault.$table", "truncate vault.$table",
		"begin; lock table vault.$table",
		"copy vault.$table to stdout",
		"alter table vault.$table add column x int",
		"drop table vault.$table") {
		like $db->as_server($sql),
			qr/^42501 (permission denied for|must be owner of) table $table$/,
			"refused: $sql";
		like $db->as_rekey($sql), qr/^42501/, '... to vault_rekey too';
	}
}

for my $sql ('create table vault.mine ()',
	"create function vault.mine() returns int language sql as 'select 1'") {
	is $db->as_server($sql), '42501 permission denied for schema vault',
		"refused: $sql";
}
is $db->ok("select rolsuper or rolcreatedb or rolcreaterole or rolreplication
	or rolbypassrls from pg_roles where rolname = '$_'"), 'f',
	"$_ has no attribute but login" for qw(vault_server vault_rekey);

$db->ok('create function vault.later() returns int language sql as
	$$select 1$$');
is $db->as_server('select vault.later()'),
	'42501 permission denied for function later',
	'a function made later is closed too';

$db->ok('grant select on vault.projects to vault_server; grant execute on
	function vault.audit to vault_server; grant usage on schema vault to
	public');
is $db->install->{status}, 0, 'install again';
is $db->as_server('select from vault.projects'),
	'42501 permission denied for table projects',
	'takes back what was granted by hand on a table';
like $db->as_server("select vault.audit($args{audit})"), qr/^42501/,
	'... on a helper';
like $db->run('select vault.schema_version()', user => 'stranger')->{err},
	qr/permission denied for schema vault/, '... on the schema';

# A table of the same name in front must not be taken for ours.
$db->ok('grant temp on database t to vault_server');
is $db->as_server("create temp table projects (id uuid, auth_key bytea);
	insert into projects values ('00000000-0000-4000-8000-000000000000',
	'x'); select count(*) from
	vault.project_auth('00000000-0000-4000-8000-000000000000')"), 0,
	'a temporary table cannot stand in for a real one';

done_testing;
