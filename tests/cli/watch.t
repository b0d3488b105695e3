#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# run --watch: one restart for a change, none for a poll or a new version of the
# same; signals, terminal, grace, exit codes; a server that goes away.
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
like($p->slurp('err'), qr/^vault-env: version 2: restarting sh$/m, 'and says so');

# ---- the server goes away
$s->stop('web');
ok(VaultTest::wait_until(30, sub { $p->slurp('err') =~ /warning: cannot look for changes: / }),
    'the server is away: a warning');
sleep 2.5;
my @warnings = $p->slurp('err') =~ /warning: cannot look for changes/g;
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

# ---- not started at all
for my $case (['no-such-command', 127], ['/', 126]) {
	my $r = VaultTest::run([$CliTest::BIN, '--url', $url, 'run', '--watch', '--', $case->[0]],
	    cwd => $p->{dir}, env => $p->environment);
	is_deeply([$r->{status}, $r->{stdout}], [$case->[1], ''], "$case->[0]: $case->[1]");
	like($r->{stderr}, qr/\Avault-env: cannot run \Q$case->[0]\E: /, 'with a sentence');
}

# ---- a terminal
my ($text, $code) = $p->terminal("exec $CliTest::BIN --url $url run --watch -- sh -c \"\$RUN\"",
    env => {RUN => 'trap "echo interrupted; exit 6" INT; test -t 0 && echo ready; while :; do ' .
    'sleep 0.1; done'}, ready => qr/ready/, keys => "\x03");
is($code, 6, 'Ctrl-C ends it with the command\'s exit code');
is(scalar(() = $text =~ /interrupted/g), 1, 'which got it once');

done_testing();
