# SPDX-License-Identifier: MIT
# Two ways to ask the same thing as often as possible: over HTTP (wrk with
# load.lua), and straight in the database (pgbench with the statement that
# vault.fcgi prepares, read from fcgi/db/stmts.c each time, so that the two cannot
# drift apart). Each measures once and returns {value, errors, ...}.
package Bench::Load;
use strict;
use warnings;
use Carp qw(croak);
use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use POSIX ();
use VaultTest;

my $HERE = "$VaultTest::SRC/tests/bench";
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my $runs = 0;

# A plan for load.lua: what to ask, of which targets (texts and numbers).
sub plan_file
{
	my (%plan) = @_;
	my $file = VaultTest::tmpdir() . '/plan.lua';
	my $text = "return {\npath = '$plan{path}',\n";

	my $nonce = substr sha256_hex("$$ " . time . ' ' . $runs++), 0, 48;
	$text .= "nonce = '$nonce',\n";
	$text .= "member = '$plan{member}',\n" if defined $plan{member};
	$text .= "targets = {\n";
	for my $target (@{$plan{targets} // []}) {
		$text .= '{ ' . join(', ', map { "$_ = '$target->{$_}'" }
		    sort keys %$target) . " },\n";
	}
	VaultTest::spew($file, "$text}}\n");
	return $file;
}

# CPU time in s that a server's vault.fcgi and PostgreSQL have had so far.
sub cpu_seconds
{
	my ($server) = @_;
	my ($base) = VaultTest::slurp($server->dir . '/state') =~ /^base=(.*)$/m;
	my ($postmaster) = VaultTest::slurp("$base/pg/postmaster.pid") =~ /^(\d+)/;
	my %vault = map { $_ => 1 } $server->vault_pids;
	my $sum = 0;

	for my $file (glob '/proc/[0-9]*/stat') {
		# After the name: state, ppid, ...; the times of dead children
		# count for the postmaster.
		my ($pid, $rest) = VaultTest::slurp($file, 1) =~
		    /^(\d+) .*\) (.*)/s or next;
		my @f = split ' ', $rest;
		$sum += $f[11] + $f[12]
		    if $vault{$pid} || $pid == $postmaster || $f[1] == $postmaster;
		$sum += $f[13] + $f[14] if $pid == $postmaster;
	}
	return $sum / $ticks;
}

# Options: url, connections, seconds, plan (as above), refused => 1 when every
# answer is meant to be an error status, server (then cpu_us has the CPU time of
# vault.fcgi and PostgreSQL per request).
sub http
{
	my (%opt) = @_;
	my $file = plan_file(%{$opt{plan}});
	my $before = $opt{server} ? cpu_seconds($opt{server}) : 0;
	my $r = VaultTest::run(['wrk', '-t', 1, '-c', $opt{connections}, '-d',
	    "$opt{seconds}s", '--timeout', '10s', '-s', "$HERE/load.lua",
	    $opt{url}, '--', $file], timeout => $opt{seconds} + 60);
	my ($json) = $r->{stdout} =~ /^RESULT (.*)$/m;

	croak "wrk failed ($r->{status}): $r->{stdout}$r->{stderr}"
	    if !defined $json;
	my $s = JSON::PP::decode_json($json);
	my $status = $opt{refused} ? $s->{requests} - $s->{status} : $s->{status};
	my %result = (
		value => $s->{requests} / $s->{duration} * 1e6,
		errors => $status + $s->{connect} + $s->{read} + $s->{write} +
		    $s->{timeout},
		requests => $s->{requests},
		p50 => $s->{p50} / 1000, p99 => $s->{p99} / 1000,
	);
	$result{cpu_us} = (cpu_seconds($opt{server}) - $before) * 1e6 /
	    ($s->{requests} || 1) if $opt{server};
	unlink $file;
	return \%result;
}

# The text of a statement in fcgi/db/stmts.c, by its function's name.
sub statement
{
	my ($name) = @_;
	my $source = VaultTest::slurp("$VaultTest::SRC/fcgi/db/stmts.c");
	my ($literals) = $source =~
	    /\{\s*"\Q$name\E",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/ or
	    croak "fcgi/db/stmts.c has no statement $name";

	return join '', $literals =~ /"((?:[^"\\]|\\.)*)"/g;
}

# What pgbench gives for an argument of that name. :i is the project's number
# (Bench::Site::clone makes them), :environment and :blob come by -D.
my %VALUE = (
	p_project => "lpad(:i::text, 32, '0')::uuid",
	p_digest => 'sha256(uuid_send(gen_random_uuid()))',
	p_remote => "'127.0.0.1'",
	p_device_hash => 'sha256(int4send(:i::int))',
	p_environment => ':environment',
	p_blob => ':blob',
	p_auth_key => "decode(repeat('00', 60), 'hex')",
	p_max_environments => '100',
	p_changed_keys => 'null',
	p_key_count => 'null',
	p_base_version => 'null',
	p_keep_versions => '0',
	p_max_bytes => '0',
	p_version => 'null',
);

# The statement as a script for pgbench: each $n replaced by what the function's
# n-th argument is to be; an array has it as its one element. $choose is the
# \set line for :i.
sub script
{
	my ($server, $name, $choose) = @_;
	my $sql = statement($name);
	my @args = split /,/, $server->psql('select array_to_string(proargnames' .
	    "[1:pronargs], ',') from pg_proc where oid = 'vault.$name'::regproc");

	$sql =~ s{\$(\d+)(?=(::\w+\[\])?)}{
		my $arg = $args[$1 - 1];
		defined $VALUE{$arg} or croak "tests/bench/Bench/Load.pm " .
		    "has no value for $arg of vault.$name";
		$2 ? "(array[$VALUE{$arg}])" : "($VALUE{$arg})"}gex;
	return "$choose\n$sql;\n";
}

# Options: server, statement, choose, environment, blob (bytes), clients,
# seconds.
sub pgbench
{
	my (%opt) = @_;
	my $server = $opt{server};
	my $file = VaultTest::tmpdir() . '/script.sql';
	my $env = {%{$server->pg_env}, PGUSER => 'vault_server'};

	VaultTest::spew($file, script($server, $opt{statement}, $opt{choose}));
	my $r = VaultTest::run(['pgbench', '-n', '-M', 'prepared',
	    '-c', $opt{clients}, '-j', 2, '-T', $opt{seconds}, '-f', $file,
	    '-D', "environment=$opt{environment}",
	    '-D', 'blob=\\x' . unpack('H*', $opt{blob} // '')],
	    env => $env, timeout => $opt{seconds} + 60);
	my ($tps) = $r->{stdout} =~ /^tps = ([\d.]+)/m;
	my ($failed) = $r->{stdout} =~ /^number of failed transactions: (\d+)/m;

	croak "pgbench failed ($r->{status}): $r->{stdout}$r->{stderr}"
	    if $r->{status} != 0 || !$tps;
	my ($done) = $r->{stdout} =~
	    /^number of transactions actually processed: (\d+)/m;
	unlink $file;
	return {value => $tps, errors => $failed // 0, requests => $done};
}

1;
