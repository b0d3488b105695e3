#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# install.sql: first install, again, two at once, upgrade, refusals; and the
# lists of files that it and sql/Makefile.inc hold.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use File::Temp ();
use SqlTest;
use Test::More;

my $sql = TOP . '/sql';
my $c = SqlTest->start;

sub slurp
{
	my ($path) = @_;
	open my $fh, '<', $path or die "$path: $!";
	local $/;
	return <$fh>;
}

sub edit
{
	my ($path, $from, $to) = @_;
	my $text = slurp($path);
	$text =~ s/$from/$to/ or die "$path does not hold $from";
	open my $fh, '>', $path or die "$path: $!";
	print $fh $text;
	close $fh or die "$path: $!";
}

# All rows, so that "changed no data" can be compared.
sub dump_of
{
	my ($db) = @_;
	return join '', map {
		"$_\n" . $db->ok("select t from vault.$_ t order by t::text")
			. "\n"
	} split /\n/, $db->ok("select c.relname from pg_class c
		where c.relnamespace = 'vault'::regnamespace
		and c.relkind in ('r', 'p') order by 1");
}

sub functions_of
{
	my ($db) = @_;
	return $db->ok("select p.oid::regprocedure from pg_proc p
		where p.pronamespace = 'vault'::regnamespace
		order by p.proname");
}

# A copy of sql/ that is one release further.
my $migrations = () = glob("$sql/migrations/*");
my $next = $migrations + 1;

sub next_release
{
	my $dir = File::Temp->newdir;
	chmod 0755, $dir;
	system('cp', '-r', glob("$sql/*"), "$dir") == 0 or die 'cp failed';
	system('chmod', '-R', 'u+w', "$dir");
	open my $fh, '>', "$dir/migrations/000$next-more.sql" or die "$!";
	print $fh "alter table vault.projects add column more text;\n";
	close $fh;
	edit("$dir/install.sql", qr/^(?=select m\.number >)/m,
		"\\set migration 000$next-more\n\\ir migrate.sql\n\n");
	return $dir;
}

subtest 'every file is listed' => sub {
	my $install = slurp("$sql/install.sql");
	my @listed = $install =~ m{^\\ir functions/(\w+)\.sql$}mg;
	my @there = map { m{(\w+)\.sql$} } glob("$sql/functions/*");
	is_deeply [sort @listed], [sort @there],
		'install.sql lists the files of sql/functions';

	@listed = $install =~ m{^\\set migration (\S+)$}mg;
	@there = map { m{([^/]+)\.sql$} } sort glob("$sql/migrations/*");
	is_deeply \@listed, \@there,
		'install.sql lists the files of sql/migrations in order';
	my $n = 0;
	like $_, qr/^@{[sprintf '%04d', ++$n]}-[a-z0-9-]+$/,
		"$_ is number $n" for @there;

	my $make = slurp("$sql/Makefile.inc");
	@listed = $make =~ m{\b(sql/\S+)(?=\s)}g;
	@there = map { s{^\Q@{[TOP]}\E/}{}r } grep { !/Makefile\.inc$/ && -f }
		glob("$sql/* $sql/*/*");
	is_deeply [sort grep { $_ !~ /^sql:|install\.t/ && -f TOP . "/$_" }
		@listed], [sort @there], 'sql/Makefile.inc lists every file';
};

my $db = $c->database('t', install => 0);
my $r = $db->install;
is $r->{status}, 0, 'installs into an empty database';
is $r->{out}, "vault: schema version $migrations installed", '... and says so';
is $r->{err}, '', '... without a warning';

is $db->as_server('select vault.schema_version()'), $migrations,
	'schema_version is the number of migrations';
is functions_of($db) =~ s/\(.*//gr, join("\n", sort map { m{(\w+)\.sql$} }
	glob("$sql/functions/*")) =~ s/^/vault./gmr,
	'each file made one function, of its name';

subtest 'again' => sub {
	my $p = $db->ok("select vault.server_key_init(" . bytes(16, 'ab') . ')')
		&& $db->project('x');
	my $before = dump_of($db);
	my $oids = $db->ok("select oid, proname from pg_proc where
		pronamespace = 'vault'::regnamespace order by oid");
	my $r = $db->install;
	is $r->{status}, 0, 'runs' or diag $r->{err};
	is $r->{err}, '', 'says nothing';
	is dump_of($db), $before, 'changes no row';
	is $db->ok("select oid, proname from pg_proc where
		pronamespace = 'vault'::regnamespace order by oid"), $oids,
		'replaces functions in place, so that no call misses one';
	is $db->as_server("select length(auth_key) from
		vault.project_auth('$p')"), 60, 'and the server still may call';
};

# As version 1 left it: its tables, and functions whose arguments are other ones
# now.
subtest 'an upgrade' => sub {
	my $db = $c->database('one', install => 0);
	my $p = '11111111-1111-4111-8111-111111111111';
	$db->ok('create schema vault; create table vault.migrations (number int
		primary key, name text, applied_at timestamptz default now())');
	$db->ok(slurp("$sql/migrations/0001-base.sql"));
	$db->ok("insert into vault.migrations values (1, '0001-base');
		insert into vault.projects (id, name) values ('$p', 'kept');
		create function vault.secret_pull(uuid, bytea, text, bytea,
		text, bigint) returns int language sql as \$\$ select 1 \$\$");
	my $r = $db->install;
	is $r->{status}, 0, 'runs' or diag $r->{err};
	is $db->ok("select count(*) from pg_proc where
		proname = 'secret_pull'"), 1, 'and leaves one of each';
	is $db->ok("select name from vault.projects where id = '$p'"), 'kept',
		'and all data';
	is $db->as_server('select vault.schema_version()'), $migrations,
		'under the new number';
};

subtest 'while a server works' => sub {
	my $p = $db->project('busy');
	my $pushes = 300;
	my $session = $db->_start(join('', "prepare push(text) as select "
		. "outcome, version from vault.secret_push('$p', "
		. bytes(60, 'cd') . ", sha256(\$1::bytea), '', null, 'production', "
		. bytes(28, 'ee') . ", null, null, null, 9, 0, 0);\n",
		map { "execute push('$_');\n" } 1 .. $pushes),
		user => 'vault_server');
	close $session->{in};
	my @status = map { $db->install->{status} } 1 .. 3;
	my $r = SqlTest::Database::_finish($session);
	is_deeply \@status, [0, 0, 0], 'installs';
	is $r->{err}, '', 'no call fails';
	is $r->{out}, join("\n", map { "00000|$_" } 1 .. $pushes),
		'every push is done';
};

subtest 'two at once' => sub {
	for my $round (1 .. 3) {
		my $db = $c->database("both$round", install => 0);
		my @p = map { $db->_start(undef, file => "$sql/install.sql") }
			1 .. 4;
		my @r = map { SqlTest::Database::_finish($_) } @p;
		is join(' ', map { $_->{status} } @r), '0 0 0 0',
			"round $round: all succeed"
			or diag map { $_->{err} } @r;
		is $db->ok('select count(*) from vault.migrations'),
			$migrations, 'each migration is applied once';
	}
};

subtest 'the second waits for the first' => sub {
	my $first = $db->_start("begin; lock table vault.migrations in share "
		. "row exclusive mode; select 'locked';\n");
	SqlTest::Database::_until(sub { -s $first->{out}->filename });
	my $r = $db->install(options => '-c lock_timeout=300');
	like $r->{err}, qr/55P03.*lock timeout/, 'it meets the lock';
	print { $first->{in} } "rollback;\n";
	SqlTest::Database::_finish($first);
	is $db->install->{status}, 0, 'and goes on when that is gone';
};

subtest 'upgrade' => sub {
	my $db = $c->database('upgrade');
	my $p = $db->project('kept');
	my $dir = next_release();
	edit("$dir/functions/iso.sql", qr/returns text\n/,
		"returns varchar\n");
	edit("$dir/functions/project_auth.sql",
		qr/project_auth\(p_project uuid\)/,
		'project_auth(p_project uuid, p_more int default 0)');
	my $r = $db->install(from => "$dir");
	is $r->{status}, 0, 'a release with other forms of functions'
		or diag $r->{err};
	is $r->{out}, "vault: schema version $next installed", "version $next";
	like functions_of($db), qr/project_auth\(uuid,integer\)/, 'new form';
	unlike functions_of($db), qr/project_auth\(uuid\)/, 'old form is gone';
	is $db->as_server("select length(auth_key) from
		vault.project_auth('$p')"), 60, 'data and rights are kept';

	$r = $db->install;
	like $r->{err}, qr/installed by a newer release: use the install\.sql/,
		'an older release refuses';
	is $db->as_server('select vault.schema_version()'), $next,
		'... and changes nothing';
};

subtest 'a failing migration leaves nothing' => sub {
	my $db = $c->database('broken');
	my $dir = next_release();
	edit("$dir/migrations/000$next-more.sql", qr/\z/, "select 1 / 0;\n");
	my $before = dump_of($db);
	my $r = $db->install(from => "$dir");
	like $r->{err}, qr/22012.*division by zero/, 'it fails';
	is dump_of($db), $before, 'all is as before';

	my $empty = $c->database('empty', install => 0);
	$empty->install(from => "$dir");
	is $empty->ok("select to_regnamespace('vault') is null"), 't',
		'a first install too';
};

subtest 'an owner who is no superuser' => sub {
	$db->ok('create role plain login createrole');
	my $db = $c->database('plain', owner => 'plain', install => 0);
	my $r = $db->install(user => 'plain');
	is $r->{status}, 0, 'installs' or diag $r->{err};
	is $r->{err}, '', 'without a warning';
	like $db->as_server("select project_id from
		vault.project_create('x', '', 0)"), qr/^[0-9a-f-]{36}$/,
		'and the server can work';
};

subtest 'a database of another encoding' => sub {
	$db->ok("create database latin encoding 'LATIN1' template template0
		lc_collate 'C' lc_ctype 'C'");
	my $r = bless({ cluster => $c, name => 'latin' },
		'SqlTest::Database')->install;
	isnt $r->{status}, 0, 'is refused';
	like $r->{err}, qr/must have encoding UTF8, this one has LATIN1: make it with createdb/,
		'with the remedy';
};

done_testing;
