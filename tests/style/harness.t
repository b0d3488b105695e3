#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The harness cannot pass without having run a test, nor wait for one for ever.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Path qw(make_path);
use Test::More;
use VaultTest;

# A tree with a few tests, built in a folder that has folders of the same names.
my ($src, $build) = map { VaultTest::tmpdir() } 1 .. 2;
make_path("$src/tests/fcgi/http", "$src/tests/empty", "$src/fcgi",
    "$build/fcgi", "$build/tests/fcgi");
my %test = (
	'fcgi/a.t' => "print qq(1..1\\nok 1\\n);",
	'fcgi/http/b.t' => "print qq(1..1\\nok 1\\n);",
	'red.t' => "print qq(1..2\\nok 1\\nnot ok 2\\n);",
	'none.t' => "print qq(1..0 # SKIP nothing to do\\n);",
	'silent.t' => "exit 0;",
	'twice.t' => "# protocol 1 2\nmy \$n = \$ENV{TEST_PROTOCOL};" .
	    "print qq(1..\$n\n), map { qq(ok \$_\n) } 1 .. \$n;",
	'hangs.t' => "# limit 1\nuse lib '$VaultTest::SRC/tests';\n" .
	    "use VaultTest;\nprint qq(1..1\\n);\n" .
	    "VaultTest::run(['sleep', '61.25']);",
	'deaf.t' => "# limit 1\n\$SIG{TERM} = 'IGNORE';\nsleep 62 while 1;",
	'tidies.t' => "use lib '$VaultTest::SRC/tests';\nuse VaultTest;\n" .
	    "VaultTest::spew('$src/folder', VaultTest::tmpdir()); sleep 62;",
	'leaves.t' => "print qq(1..1\nok 1\n); exec qw(sleep 61.25) if !fork;",
);
VaultTest::spew("$src/tests/$_", "#!/usr/bin/perl\n$test{$_}\n") for keys %test;
VaultTest::spew("$build/tests/fcgi/unit-t", "#!/bin/sh\necho 1..1; echo ok 1\n");
chmod 0755, "$build/tests/fcgi/unit-t" or die;

sub harness
{
	my (@names) = @_;

	return VaultTest::run([$^X, "$VaultTest::SRC/tests/harness.pl", @names],
	    cwd => $src, env => {TOP_SRCDIR => $src, TOP_BUILDDIR => $build});
}

sub counts
{
	my ($names, $fails, $want, $name) = @_;
	my $r = harness(@$names);
	my ($last) = $r->{stdout} =~ /^(.*)\n\z/m;

	is(($r->{status} ? 1 : 0) . ' ' . ($last // $r->{stderr}),
	    "$fails $want", $name) or diag "$r->{stdout}$r->{stderr}";
	return $r;
}

counts(['fcgi'], 0, '2 passed, 0 failed, 0 skipped', 'a folder runs its tests');
counts(['fcgi/a.t', 'fcgi/unit-t'], 0, '2 passed, 0 failed, 0 skipped',
    'a test and a program by name');
counts(['tests/fcgi/a.t', 'tests/fcgi/unit-t'], 0,
    '2 passed, 0 failed, 0 skipped', 'or by path');
counts(['red.t'], 1, '1 passed, 1 failed, 0 skipped', 'a failure counts');
counts(['none.t'], 0, '0 passed, 0 failed, 1 skipped', 'so does a skip');
counts(['twice.t'], 0, '3 passed, 0 failed, 0 skipped',
    'one of two protocols is run with each');
counts(['silent.t'], 1, '0 passed, 1 failed, 0 skipped',
    'a test that says nothing has failed');
counts([], 1, "harness.pl: no test was named\n", 'no test: refused');
counts(['empty'], 1, "harness.pl: no such test: empty\n",
    'a folder without one too');
counts(['fcgi/a.t', 'gone.t'], 1, "harness.pl: no such test: gone.t\n",
    'and a name that is none, whatever else is named');

my $r = counts(['hangs.t', 'fcgi/a.t'], 1, '1 passed, 1 failed, 0 skipped',
    'a test that hangs has failed, and the others ran');
like $r->{stdout}, qr/^FAILED \S*hangs\.t \(stopped after its limit of 1 s\)/m,
    'it is said why';
$r = counts(['deaf.t'], 1, '0 passed, 1 failed, 0 skipped', 'so has one that ignores it');
like $r->{stdout}, qr/^FAILED \S*deaf\.t \(stopped after its limit of 1 s\)/m,
    'which is said, too';
counts(['leaves.t'], 0, '1 passed, 0 failed, 0 skipped',
    'a process that a test left behind is not waited for');
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	setpgrp;
	$SIG{INT} = 'DEFAULT';
	@ENV{qw(TOP_SRCDIR TOP_BUILDDIR)} = ($src, $build);
	open STDOUT, '>', '/dev/null' or die "/dev/null: $!";
	exec $^X, "$VaultTest::SRC/tests/harness.pl", 'tidies.t' or die "exec: $!";
}
ok VaultTest::wait_until(30, sub { -s "$src/folder" }), 'a test that is under way';
my $folder = VaultTest::slurp("$src/folder");
kill $_ => -$pid for qw(INT HUP);
waitpid $pid, 0;
ok VaultTest::wait_until(10, sub { !-e $folder }), 'tidies up upon Ctrl-C';
is_deeply [grep { /^sleep\x{0}61\.25/ } map { VaultTest::slurp("$_/cmdline", 1) }
    glob '/proc/[0-9]*'], [], 'nothing that it started runs on';

done_testing;
