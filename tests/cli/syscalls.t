#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What only the system calls show: files are whole and on disk before they replace
# others, keys are kept out of dumps, and init starts no program.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx strace));
my $r = VaultTest::run(['strace', '-o', '/dev/null', 'true']);
plan skip_all => "strace may not trace here: $r->{stderr}" if $r->{status};
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url});
my $trace = VaultTest::tmpdir() . '/trace';

# The calls that one command made, one a line, as strace writes them.
sub calls
{
	my (@args) = @_;
	my $opt = ref $args[-1] ? pop @args : {};
	my $r = VaultTest::run(['strace', '-f', '-y', '-qq', '-s', 4096, '-o', $trace,
	    $CliTest::BIN, '--url', $s->{url}, @args], cwd => $p->{dir},
	    env => $p->environment, stdin => $opt->{stdin});

	is $r->{status}, 0, "vault-env @args" or diag $r->{stderr};
	return split /\n/, VaultTest::slurp($trace) =~ s/^\d+ +//mgr;
}

# The numbers of the lines that match.
sub lines
{
	my ($re, @calls) = @_;

	return grep { $calls[$_] =~ $re } 0 .. $#calls;
}

# ---- init: makes files, starts nothing
mkdir $p->path('.git') or die;
$p->spew('.git/config', "[core]\n\tfsmonitor = touch $trace.hostile\n");
$p->spew('.env', "A=1\n");
my @calls = calls('init', VaultTest::init_options());
is scalar(lines(qr/^execve\(/, @calls)), 1, 'init: it starts no program';
ok !-e "$trace.hostile", 'whatever the folder asks for';

# ---- a file that is replaced
sub replaces
{
	my ($name, $file, @calls) = @_;
	my ($rename) = lines(qr/^rename\w*\(.*"\Q$file\E"\) = 0$/, @calls);
	my ($temp) = defined $rename ? $calls[$rename] =~
	    /"([^"]+)", (?:\d+<[^>]*>, )?"\Q$file\E"/ : ();

	ok defined $temp, "$name: another file takes its place" or return;
	my ($named) = lines(qr/^linkat\(.*"\Q$temp\E", \w+\) = 0$/, @calls);
	my @synced = lines(qr/^fsync\(.*= 0$/, @calls);
	my @written = grep { $_ < $rename } lines(qr/^write\(\d+<(?!pipe|\/dev)[^>]*>/,
	    @calls);
	ok scalar(grep { $_ > $written[-1] && $_ < ($named // $rename) } @synced),
	    '... which is on disk before it has a name';
	ok scalar(grep { $_ > $rename } @synced), '... and the folder after it';
	is_deeply [map { $calls[$_] } lines(qr/^unlink\w*\(.*"\Q$file\E"/, @calls)], [],
	    '... and the old one is there until then';
}

replaces('init', '.env', @calls);
calls('push');
$p->spew('out.env', "OLD=1\n");
replaces('pull --output', 'out.env', calls('pull', '--output', 'out.env'));
calls('run', '--', 'true');
@calls = calls('set', 'A', {stdin => "2\n"});
# A push of v2 has left them there already.
@calls = calls('run', '--', 'true') if $CliTest::PROTOCOL == 1;
replaces('the cache', $p->cache =~ s{.*/}{}r, @calls);
replaces('what was seen last', $p->project . ($CliTest::PROTOCOL == 1 ? '.state' : '.heads'),
    @calls);

# ---- keys stay in memory, and out of what a crash leaves
for my $command (['get', 'A'], ['pull'], ['status']) {
	@calls = calls(@$command);
	my ($key) = lines(qr/^read\(.*VAULT_KEY=/, @calls);
	my ($undumpable) = lines(qr/^prctl\(PR_SET_DUMPABLE, (?:0|SUID_DUMP_DISABLE)/,
	    @calls);
	ok defined $undumpable && defined $key && $undumpable < $key,
	    "@$command: no other process looks in, from before the key is read";
	ok scalar(lines(qr/^madvise\(.*MADV_DONTDUMP\) = 0/, @calls)),
	    '... and its pages are in no dump';
}
done_testing;
