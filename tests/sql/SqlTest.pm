# SPDX-License-Identifier: MIT
# SqlTest: a throw-away PostgreSQL cluster for the tests of sql/, on a unix
# socket in a temporary folder, gone when the test ends. Everything goes
# through psql, as for an operator. It must touch no other cluster.
#
#   use SqlTest;
#   my $c = SqlTest->start(name => 'value', ...);	settings of postgresql.conf
#   my $db = $c->database('t');			created, sql/install.sql run
#   my $db = $c->database('t', shards => 1);	with the functions of sql/citus
#   $db->ok($sql)					rows, or the test dies
#   $db->as_server($sql)				rows, or 'VE040 Text' if raised
#   $db->run($sql, user => 'u', file => 'f')	{ status, out, err }
#   $db->at_once(@sql)				all at the same time; results
package SqlTest;
use strict;
use warnings;
use Exporter 'import';
use Carp ();
use File::Spec ();
use File::Temp ();
use IO::Handle ();
use POSIX ();
use Test::More ();

our @EXPORT = qw(digest bytes signed TOP);
our @clusters;

sub TOP () { $ENV{TOP_SRCDIR} // '.' }

# SQL for a signature's digest, and for so many equal bytes.
sub digest { return "sha256('$_[0]')" }
sub signed { return bytes(60, 'cd') . ', ' . digest($_[0]) } # by project()'s key
sub bytes { my ($n, $hex) = @_; return "decode(repeat('$hex', $n), 'hex')" }

sub _bin
{
	my @found = sort {
		($b =~ m{/(\d+)/bin})[0] <=> ($a =~ m{/(\d+)/bin})[0]
	} grep { -x "$_/initdb" } glob('/usr/lib/postgresql/*/bin');
	return $ENV{PG_BINDIR} // $found[0] // do {
		Test::More::plan(skip_all =>
			'no PostgreSQL server; apt-get install postgresql');
	};
}

# Runs a server program; PostgreSQL refuses root, so then as another user.
sub _server_program
{
	my ($self, @command) = @_;
	unshift @command, 'setpriv', "--reuid=$self->{uid}",
		"--regid=$self->{gid}", '--clear-groups' if $> == 0;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		chdir '/';
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{dir}/out" or POSIX::_exit(126);
		open STDERR, '>&', \*STDOUT;
		exec @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return $? == 0;
}

sub start
{
	my ($class, %conf) = @_;
	my $dir = File::Temp->newdir('vault-sql-XXXXXX', TMPDIR => 1);
	my $self = bless { dir => $dir, bin => _bin(), owner => $$ }, $class;
	if ($> == 0) {
		my @who = getpwnam('postgres');
		@who = getpwnam('nobody') unless @who;
		@$self{qw(uid gid)} = @who[2, 3];
		chown $self->{uid}, $self->{gid}, "$dir" or die "chown: $!";
	}
	push @clusters, $self;

	%conf = (listen_addresses => '', unix_socket_directories => $dir,
		fsync => 'off', shared_buffers => '32MB',
		autovacuum => 'off', %conf);
	$self->_server_program("$self->{bin}/initdb", '-D', "$dir/pg", '-A',
		'trust', '-U', 'owner', '-E', 'UTF8', '--locale=C', '--no-sync')
		or die "initdb failed:\n" . $self->_out;
	open my $fh, '>>', "$dir/pg/postgresql.conf" or die "$!";
	print $fh "$_ = '$conf{$_}'\n" for sort keys %conf;
	close $fh or die "$!";
	$self->_server_program("$self->{bin}/pg_ctl", '-D', "$dir/pg", '-w',
		'-s', '-l', "$dir/log", 'start')
		or die "PostgreSQL did not start:\n" . $self->_out;
	return $self;
}

sub _out
{
	my ($self) = @_;
	my $text = '';
	for my $name ('out', 'log') {
		open my $fh, '<', "$self->{dir}/$name" or next;
		local $/;
		$text .= <$fh> // '';
	}
	return $text;
}

sub _end
{
	my ($self) = @_;
	$self->_server_program("$self->{bin}/pg_ctl", '-D',
		"$self->{dir}/pg", '-w', '-s', '-m', 'immediate', 'stop');
}

END {
	my $status = $?;
	for (@clusters) { $_->_end if $_->{owner} == $$ }
	$? = $status;
}

# What install.sql looks for on shards, and calls there. It notes what it is
# told and places nothing: the functions of sql/citus then run on one PostgreSQL.
my $AS_CITUS = <<'END';
create table pg_catalog.pg_dist_partition (logicalrelid regclass, key text,
	beside text);
create function pg_catalog.create_distributed_table(table_name regclass,
	distribution_column text, distribution_type text default 'hash',
	colocate_with text default 'default') returns void language sql as
	'insert into pg_catalog.pg_dist_partition values ($1, $2, $4)';
END

# An empty database; install => 0 leaves it so. shards => 1, or SQL_SHARDS=1 in
# the environment: as if it had the extension citus.
sub database
{
	my ($self, $name, %opt) = @_;
	bless(my $admin = { cluster => $self, name => 'postgres' },
		'SqlTest::Database')->ok("create database $name owner "
		. ($opt{owner} // 'owner'));
	my $db = bless { cluster => $self, name => $name },
		'SqlTest::Database';
	$db->ok($AS_CITUS, options => '-c allow_system_table_mods=on')
		if $opt{shards} // $ENV{SQL_SHARDS};
	return $db if exists $opt{install} && !$opt{install};
	my $r = $db->install;
	die "install.sql failed:\n$r->{err}" if $r->{status};
	$db->ok("select vault.server_key_init(" . bytes(16, 'ab') . ')');
	return $db;
}

package SqlTest::Database;

sub _start
{
	my ($self, $sql, %opt) = @_;
	my @cmd = ("$self->{cluster}{bin}/psql", '-X', '-q', '-A', '-t', '-w',
		'-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose',
		'-h', "$self->{cluster}{dir}", '-U', $opt{user} // 'owner',
		'-d', $self->{name}, $opt{file} ? ('-f', $opt{file}) : ());
	my $err = File::Temp->new;
	my $out = File::Temp->new;
	pipe(my $r, my $w) or die "pipe: $!";
	local %ENV = (%ENV, PGOPTIONS => $opt{options}
		// '-c statement_timeout=60s');
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		close $w;
		open STDIN, '<&', $r;
		open STDOUT, '>&', $out;
		open STDERR, '>&', $err;
		chdir '/';
		exec @cmd or POSIX::_exit(127);
	}
	close $r;
	$w->autoflush(1);
	print $w $sql if defined $sql;
	return { pid => $pid, in => $w, out => $out, err => $err };
}

sub _finish
{
	my ($p) = @_;
	close $p->{in};
	waitpid $p->{pid}, 0;
	my %r = (status => $? >> 8);
	for my $name ('out', 'err') {
		local $/;
		seek $p->{$name}, 0, 0;
		my $fh = $p->{$name};
		$r{$name} = <$fh> // '';
	}
	chomp $r{out};
	return \%r;
}

sub run
{
	my ($self, $sql, %opt) = @_;
	local $SIG{PIPE} = 'IGNORE';
	return _finish($self->_start($sql, %opt));
}

sub ok
{
	my ($self, $sql, %opt) = @_;
	my $r = $self->run($sql, %opt);
	Carp::confess("$sql\n$r->{err}") if $r->{status};
	return $r->{out};
}

# What the caller sees: rows, or "SQLSTATE message".
sub _answer
{
	my ($r) = @_;
	return $r->{out} if $r->{status} == 0;
	return "$1 $2" if $r->{err} =~ /ERROR:  (\w{5}): (.*)/;
	return "?? $r->{err}";
}

sub as_server
{
	my ($self, $sql) = @_;
	return _answer($self->run($sql, user => 'vault_server'));
}

# The role of vault.fcgi --rekey and its like.
sub as_rekey
{
	my ($self, $sql) = @_;
	return _answer($self->run($sql, user => 'vault_rekey'));
}

# All sessions connect first, then wait for one moment, so that they collide:
# one more holds a lock until it sees all of them waiting.
sub at_once
{
	my ($self, @sql) = @_;
	local $SIG{PIPE} = 'IGNORE';
	my $n = @sql;
	my $gate = $self->_start('create table if not exists public.gate (); '
		. 'grant select on public.gate to public; '
		. "begin; lock table public.gate; select 'locked'; "
		. 'do $$ begin for i in 1..3000 loop '
		. 'exit when (select count(*) from pg_locks l where '
		. "not l.granted and l.relation = 'public.gate'::regclass) "
		. ">= $n; perform pg_sleep(0.01); end loop; end \$\$; "
		. "commit;\n");
	close $gate->{in};
	_until(sub { -s $gate->{out}->filename });
	my @p = map {
		$self->_start("select from public.gate; $_;\n",
			user => 'vault_server')
	} @sql;
	close $_->{in} for @p;
	_finish($gate);
	return map { my $a = _answer(_finish($_)); $a =~ s/^\n//; $a } @p;
}

sub _until
{
	my ($cond) = @_;
	for (1 .. 600) {
		return if $cond->();
		select undef, undef, undef, 0.05;
	}
	die "waited 30 s in vain";
}

sub install
{
	my ($self, %opt) = @_;
	return $self->run(undef, file => File::Spec->rel2abs(
		($opt{from} // SqlTest::TOP() . '/sql') . '/install.sql'), %opt);
}

# A project with a key; its id.
sub project
{
	my ($self, $name) = @_;
	my $id = $self->ok("select project_id from "
		. "vault.project_create('$name', '10.0.0.1', 0)");
	$self->ok("select vault.project_set_key('$id', "
		. SqlTest::bytes(60, 'cd') . ', ' . SqlTest::bytes(16, 'ab')
		. ", '10.0.0.1')");
	return $id;
}

1;
