#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A .env file is opened once by a command, whatever it is wanted for: its key,
# its URL, its variables. So it may be a FIFO, which can be read only once.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use POSIX ();
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'strace');
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url} =~ s{/+$}{}r);
$p->must('init');
my $keys = $p->slurp('.env');
$p->spew('.env', $keys . "A=1\nB=2\n");
$p->spew('only', "A=3\n");

# The files of the folder that a command opened, each as often as it was.
sub opened
{
	my (@args) = @_;
	my $trace = VaultTest::tmpdir() . '/trace';
	my %n;

	my $r = VaultTest::run(['strace', '-f', '-qq', '-o', $trace, '-e',
	    'trace=open,openat,openat2', $CliTest::BIN, '--url', $p->{url},
	    @args], cwd => $p->{dir}, env => $p->environment, timeout => 120);
	is($r->{status}, 0, "@args") or diag("$r->{stdout}$r->{stderr}");
	$n{$_}++ for VaultTest::slurp($trace) =~
	    m{"(?:\Q$p->{dir}\E/|\./)?(\.env|only)", O_RDONLY}g;
	return \%n;
}

is_deeply(opened('push'), {'.env' => 1}, 'opens .env once');
is_deeply(opened('push', '--file', 'only', '--env', 'staging'),
    {'.env' => 1, only => 1}, 'opens each file once');
is_deeply(opened('run', '--', '/bin/true'), {'.env' => 1}, 'opens .env once');
is_deeply(opened('run', '--offline', '--', '/bin/true'), {'.env' => 1},
    'opens .env once');
is_deeply(opened('run', '--file', 'only', '--', '/bin/true'),
    {'.env' => 1, only => 1}, 'opens each file once');
is_deeply(opened('status'), {'.env' => 1}, 'opens .env once');
is_deeply(opened('get', 'A'), {'.env' => 1}, 'opens .env once');

# ---- a FIFO, as a password manager mounts it
sub fifo
{
	my ($name, $text) = @_;

	POSIX::mkfifo($p->path($name), 0600) or die "$name: $!"
	    if !-p $p->path($name);
	defined(my $pid = fork) or die "fork: $!";
	return $pid if $pid;
	alarm 60;
	open my $fh, '>', $p->path($name) or POSIX::_exit(1);
	syswrite $fh, $text;
	close $fh;
	POSIX::_exit(0);
}

unlink $p->path('.env');
for (['push', '+ C'], ['run', '--', 'sh', '-c', 'echo "$A$C"'], ['status', '--quiet']) {
	my $pid = fifo('.env', $keys . "A=1\nC=fifo\n");
	my $r = $p->run($_->[0] eq 'push' ? ('push', '--replace') : @$_);

	is($r->{status}, 0, "$_->[0] with a FIFO for its .env") or
	    diag("$r->{stdout}$r->{stderr}");
	like($r->{stdout}, qr/^\+ C$/m, 'has its variables') if $_->[0] eq 'push';
	is($r->{stdout}, "1fifo\n", 'and run, too') if $_->[0] eq 'run';
	waitpid $pid, 0;
	is($?, 0, 'which was read to its end');
}
unlink $p->path('.env');
symlink '/dev/null', $p->path('.env') or die;
$p->gives(['run', '--', 'sh', '-c', 'echo "${A-unset}"'], 0, "unset\n", '',
    'a link to /dev/null is an empty file');
$p->gives(['init'], 1, '', qr/^vault-env: Cannot write \.env: it is a symbolic link/,
    'which init does not touch');
unlink $p->path('.env');
POSIX::mkfifo($p->path('.env'), 0600);
$p->gives(['init'], 1, '', qr/^vault-env: Cannot write \.env: it is not a regular file/,
    'nor a FIFO');
done_testing;
