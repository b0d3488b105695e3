#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# run --watch: one restart for a change, none for a poll or a new version of the
# same; the whole tree of processes; signals, terminal, grace, exit codes; a
# server that goes away.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');
$p->must('set', 'A=1');

# Runs a shell script under run --watch; its lines go to the file "out".
my @running;
END { local $?; kill KILL => $_ for @running }
sub start
{
	my ($script, @options) = @_;
	my $env = $p->environment;

	$p->spew('out', '');
	$p->spew('err', '');
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		setpgrp 0, 0;
		chdir $p->{dir};
		defined $env->{$_} ? ($ENV{$_} = $env->{$_}) : delete $ENV{$_} for keys %$env;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', 'out';
		open STDERR, '>>', 'err';
		no warnings 'exec';
		exec $CliTest::BIN, '--url', $url, 'run', '--watch', '--interval', 1, @options,
		    '--', 'sh', '-c', $script;
		POSIX::_exit(99);
	}
	push @running, $pid;
	return $pid;
}

sub lines { return split /\n/, $p->slurp('out') }
sub see
{
	my ($pattern, $seconds) = @_;
	return VaultTest::wait_until($seconds // 30, sub { $p->slurp('out') =~ $pattern });
}

# The exit code, or 128 + n
sub end
{
	my ($pid, $seconds) = @_;
	my $ended = VaultTest::wait_until($seconds // 30, sub { waitpid($pid, POSIX::WNOHANG()) == $pid });

	return 'still running' unless $ended;
	@running = grep { $_ != $pid } @running;
	return $? & 127 ? 128 + ($? & 127) : $? >> 8;
}
my $loop = 'echo "start $A $$"; trap "echo term; exit 3" TERM; while :; do sleep 0.1; done';

# ---- restarts
my $pid = start($loop);
ok(see(qr/^start 1 /m), 'the command runs');
sleep 2.5;
is(scalar(lines()), 1, 'polls restart nothing');
$p->must('set', 'A=2');
ok(see(qr/^start 2 /m), 'a change restarts it');
is_deeply([map { s/ \d+$//r } lines()], ['start 1', 'term', 'start 2'], 'by SIGTERM');
$p->must('rollback', '--version', 2);
sleep 3;
is(scalar(lines()), 3, 'a new version of the same restarts nothing');
$p->must('set', 'B=x');
ok(see(qr/start 2 \d+\nterm\nstart 2 /), 'a new name restarts it');
sleep 2;
is(scalar(lines()), 5, 'once');
like($p->slurp('err'), qr/^vault-env: Version 2: restarting sh$/m, 'and says so');

# ---- the server goes away
$s->stop('web');
ok(VaultTest::wait_until(30, sub { $p->slurp('err') =~ /warning: Cannot look for changes: / }),
    'the server is away: a warning');
sleep 2.5;
my @warnings = $p->slurp('err') =~ /warning: Cannot look for changes/g;
is(scalar @warnings, 1, 'one, not one a poll');
is(scalar(lines()), 5, 'the command goes on');
$s->start('web');
VaultTest::wait_until(30, sub { $p->run('status')->{status} == 0 });
$p->must('set', 'A=3');
ok(see(qr/^start 3 /m, 60), 'it is back: so is the watch');

# ---- signals
kill TERM => $pid;
is(end($pid), 3, 'SIGTERM is passed on; the exit code is the command\'s');
like($p->slurp('out'), qr/term\n\z/, 'which got it once, and was not restarted');
for my $sig (qw(INT HUP QUIT USR1 USR2 WINCH ALRM CONT)) {
	$pid = start("trap 'echo got $sig; exit 7' $sig; echo up; while :; do sleep 0.1; done");
	see(qr/up/);
	kill $sig => $pid;
	is(end($pid), 7, "SIG$sig is passed on");
}
$pid = start('kill -KILL $$');
is(end($pid), 137, '128 + n');
$pid = start('exit 200');
is(end($pid), 200, 'an exit code');
$pid = start('echo up; exec sleep 100');
see(qr/up/);
sleep 0.5;
kill KILL => $pid;
end($pid);
ok(VaultTest::wait_until(10, sub { VaultTest::run(['pgrep', '-g', $pid])->{stdout} eq '' }),
    'killed ourselves: the command ends too');

sub is_stopped { return VaultTest::slurp("/proc/$_[0]/stat") =~ /\) T / }
$pid = start('echo "$$."; trap "exit 8" USR1; while :; do sleep 0.1; done');
see(qr/\.\n/);
my ($command) = lines();
$command =~ s/\.//;
kill STOP => $command;
ok(VaultTest::wait_until(10, sub { is_stopped($pid) }), 'a command that is stopped stops us');
kill CONT => $command;
ok(VaultTest::wait_until(10, sub { !is_stopped($pid) }), '... and that goes on makes us go on');
kill STOP => -$pid;
kill CONT => -$pid;
kill USR1 => $pid;
is(end($pid), 8, 'a whole group, too');

# ---- grace
$pid = start('trap "echo no" TERM; echo "start $A"; while :; do sleep 0.1; done', '--grace', 1);
see(qr/start 3/);
$p->must('set', 'A=4');
ok(see(qr/start 4/), 'one that ignores SIGTERM is killed');
is_deeply([lines()], ['start 3', 'no', 'start 4'], 'after one SIGTERM');
kill KILL => -$pid;
end($pid);

$pid = start('trap "sleep 2; exit 0" TERM; echo "start $A"; while :; do sleep 0.1; done');
see(qr/start 4/);
$p->must('set', 'A=5');
VaultTest::wait_until(20, sub { $p->slurp('err') =~ /restarting/ });
kill INT => $pid;
isnt(end($pid), 'still running', 'SIGINT in the middle of a restart ends it');
is(scalar(lines()), 1, 'there is no new one');

# ---- the whole tree: npm and its like put a process between, which forgets it
my $port = CliTest::closed_url() =~ s/.*://r;
my $serve = 'use IO::Socket::INET; $| = 1; setpgrp if $ARGV[1]; ' .
    'my $s = IO::Socket::INET->new(Listen => 1, LocalPort => $ARGV[0], ReuseAddr => 1); ' .
    'print $s ? "serving $ENV{A} $$\n" : "port taken\n"; sleep 1 while 1';
sub serving { return $p->slurp('out') =~ /^serving \S+ (\d+)\n\z/m ? $1 : undef }
sub gone
{
	my (@pids) = @_;
	return VaultTest::wait_until(10, sub { !grep { kill 0 => $_ } @pids });
}
for my $group (0, 1) {
	my $where = $group ? 'in a group of its own' : 'behind a shell';
	$pid = start("$^X -e '$serve' $port $group; true");
	ok(see(qr/^serving/m), "a server $where");
	my $old = serving();
	$p->must('set', "A=tree$group");
	ok(see(qr/^serving tree$group/m), 'is restarted: the old one has left the port');
	my $new = serving();
	ok(gone($old), 'and is no more');
	kill TERM => $pid;
	is(end($pid), 143, 'SIGTERM: the exit code is that of the shell');
	ok(!kill(0 => $new), 'and the server has ended before vault-env has');
}
my $server;
for (['kill', '-KILL'], ['pkill', '-KILL', '-x', 'vault-env', '-g']) {
	$pid = start("setsid $^X -e '$serve' $port 0; true");
	see(qr/^serving/m);
	$server = serving();
	VaultTest::run([@$_, $pid]);
	end($pid);
	ok(gone($server), "vault-env is killed ($_->[0]): so is a server of another session");
}

$pid = start("$^X -e '$serve' $port 1; true");
see(qr/^serving/m);
$server = serving();
my ($keeper) = VaultTest::run(['pgrep', '-P', $pid])->{stdout} =~ /^(\d+)\n\z/;
kill KILL => $keeper;
is(end($pid), 137, 'the process between is killed: vault-env ends');
ok(gone($server), 'and the server with it');

$pid = start("$^X -e '$serve' $port 1 & sleep 1; exit 9");
see(qr/^serving/m);
$server = serving();
is(end($pid), 9, 'a command that ends by itself');
ok(!kill(0 => $server), 'leaves nothing behind');

$pid = start("$^X -e '\$SIG{TERM} = sub {}; $serve' $port 1; true", '--grace', 1);
see(qr/^serving/m);
$server = serving();
kill STOP => $server;
kill TERM => $pid;
is(end($pid), 143, 'a server that is stopped and ignores SIGTERM');
ok(!kill(0 => $server), 'is killed after the grace');

SKIP: {
	my @unshare = ('unshare', $> == 0 ? () : '-Ur', '-pf', '--mount-proc');
	skip 'no namespace of processes to be had', 1
	    if VaultTest::run([@unshare, 'true'])->{status} != 0;
	my $r = VaultTest::run([@unshare, $CliTest::BIN, '--url', $url, 'run', '--watch', '--',
	    'sh', '-c', 'for i in 1 2 3; do (sh -c "sleep 0.3 &"); done; sleep 1.5; ' .
	    'grep -c "^State:.Z" /proc/[0-9]*/status | grep -c ":1"; exit 7'],
	    cwd => $p->{dir}, env => $p->environment, timeout => 60);
	is_deeply([@$r{qw(status stdout stderr)}], [7, "0\n", ''],
	    'as process 1 it reaps orphans');
}

# ---- not started at all
for my $case (['no-such-command', 127], ['/', 126]) {
	my $r = VaultTest::run([$CliTest::BIN, '--url', $url, 'run', '--watch', '--', $case->[0]],
	    cwd => $p->{dir}, env => $p->environment);
	is_deeply([$r->{status}, $r->{stdout}], [$case->[1], ''], "$case->[0]: $case->[1]");
	like($r->{stderr}, qr/\Avault-env: Cannot run \Q$case->[0]\E: /, 'with a sentence');
}

# ---- a terminal
my ($text, $code) = $p->terminal("exec $CliTest::BIN --url $url run --watch -- sh -c \"\$RUN\"",
    env => {RUN => 'trap "echo interrupted; exit 6" INT; test -t 0 && echo ready; while :; do ' .
    'sleep 0.1; done'}, ready => qr/ready/, keys => "\x03");
is($code, 6, 'Ctrl-C ends it with the command\'s exit code');
is(scalar(() = $text =~ /interrupted/g), 1, 'which got it once');
for my $stop (qw(TSTP STOP)) {	# STOP is what runuser(1) and su(1) do
	($text) = $p->terminal('sh -mi', env => {ENV => undef,
	    RUN => "exec $^X -e '\$| = 1; \$SIG{TSTP} = sub { sleep 1; print qq(tidy\\n); " .
	    "\$SIG{TSTP} = q(DEFAULT); kill $stop => \$\$ }; " .
	    "\$SIG{CONT} = sub { print qq(back\\n) }; print qq(ready\\n); sleep 1 while 1'",
	    LINE => "$CliTest::BIN --url $url run --watch -- sh -c \"\$RUN\""}, steps => [
	    [qr/[#\$] /, "PS1='@ '; eval \"\$LINE\"\n"], [qr/ready/, "\x1a"],
	    [qr/Stopped.*\@ /s, "fg\n"], [qr/back/, "\x03"], [qr/\@ /, "exit\n"]]);
	like($text, qr/ready.*tidy.*Stopped.*back/s,
	    "Ctrl-Z: it stops when the command has, by SIG$stop");
}
($text, $code) = $p->terminal('sh -mi', env => {ENV => undef,
    RUN => 'echo ready; while read x; do echo "<$x>"; test "$x" = end && exit 5; done',
    LINE => "$CliTest::BIN --url $url run --watch -- sh -c \"\$RUN\""}, steps => [
    [qr/[#\$] /, "PS1='@ '; eval \"\$LINE\"\n"], [qr/ready/, "one\n"], [qr/<one>/, "\x1a"],
    [qr/Stopped.*\@ /s, "fg\n"], [qr/RUN/, "two\n"], [qr/<two>/, "end\n"],
    [qr/<end>.*\@ /s, "echo code=\$?\n"], [qr/code=5/, "exit\n"]]);
like($text, qr/<one>.*Stopped.*<two>.*code=5/s,
    'the command reads; Ctrl-Z stops it, fg goes on, and it reads again');

done_testing();
