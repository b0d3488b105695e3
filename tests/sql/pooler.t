#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The functions work through pgbouncer in transaction mode, as sql/README says.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;

my ($bouncer) = grep { -x } map { "$_/pgbouncer" }
	split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'no pgbouncer' unless $bouncer;

my $c = SqlTest->start;
my $db = $c->database('t');
my $p = $db->project('x');
my $dir = "$c->{dir}";

open my $fh, '>', "$dir/pgbouncer.ini" or die "$!";
print $fh <<"END";
[databases]
t = host=$dir port=5432 dbname=t user=vault_server
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $dir
auth_type = any
ignore_startup_parameters = options
pool_mode = transaction
default_pool_size = 2
pidfile = $dir/pgbouncer.pid
logfile = $dir/pgbouncer.log
END
close $fh;
$c->_server_program($bouncer, '-q', '-d', "$dir/pgbouncer.ini")
	or die 'pgbouncer did not start';

sub stop
{
	open my $fh, '<', "$dir/pgbouncer.pid" or return;
	my ($pid) = <$fh> =~ /(\d+)/;
	kill 'INT', $pid if $pid;
}
END { my $status = $?; stop() if $dir; $? = $status }

local $ENV{PGPORT} = 6432;
my $n = 20;
my @session = map {
	my $i = $_;
	$db->_start(join('', map { "select outcome, version from "
		. "vault.secret_push('$p', " . signed("$i-$_") . ", '', null, "
		. "'production', " . bytes(28, 'ee')
		. ", null, null, null, 9, 0, 0);\n" } 1 .. $n),
		user => 'vault_server')
} 1 .. 6;
my @r = map { SqlTest::Database::_finish($_) } @session;
is join('', map { $_->{err} } @r), '', 'six sessions over two connections';
is_deeply [sort { $a <=> $b } map { /\|(\d+)/g } map { $_->{out} } @r],
	[1 .. 6 * $n], 'every push is done, once';
is $db->as_server("select version from vault.secret_pull(array['$p'::uuid],
	array[" . bytes(60, 'cd') . '], array[' . digest('pull') . "], array[''],
	array[null::bytea], array['production'])"), 6 * $n, 'pull';
is $db->as_server("begin; select from vault.server_key_lock(); select
	vault.server_key_replace(" . bytes(16, 'ab') . ', ' . bytes(16, 'ba')
	. '); commit') =~ s/\s//gr, 't', 'the server key is replaced';

done_testing;
