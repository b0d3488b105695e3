# SPDX-License-Identifier: MIT
# What every integration test shares: a throw-away server (etc/dev-server in a
# temporary folder, stopped when the test ends however it ends), running a
# command, running many children at once. Perl core modules only.
#
#	use lib "$ENV{TOP_SRCDIR}/tests";
#	use VaultTest;
#	my $s = VaultTest->server(web => 'nginx', set => {max_devices => 3});
#	my $c = VaultTest::Client->new($s->{url})->create('name');
#	my $r = VaultTest::run([cmd => @args], cwd => $dir, env => {A => 'b'});
#
# Environment: TOP_SRCDIR, TOP_BUILDDIR (absolute); VAULT_KEEP=1 keeps the
# temporary folders; VAULT_REPEAT, VAULT_ROUNDS and VAULT_POLLS lengthen some
# tests; TEST_PROTOCOL is of the projects that vault-env makes.
package VaultTest;
use strict;
use warnings;
use Carp qw(croak);
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(:sys_wait_h);
use Test::More ();
use Time::HiRes qw(sleep time);

our $SRC = $ENV{TOP_SRCDIR} // abs_path(dirname(__FILE__) . '/..');
our $BUILD = $ENV{TOP_BUILDDIR} // $SRC;
our $BASE;		# this process's temporary folder
my ($owner, @servers) = ($$);
my %running;		# process groups that run() waits for

require VaultTest::Client;

# A signal becomes an ordinary exit, so that END below stops the servers.
$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
$SIG{PIPE} = 'IGNORE';

END {
	if ($$ == $owner) {
		local ($?, $!, $@);
		kill KILL => map { -$_ } keys %running;
		$_->down for @servers;
		if (defined $BASE && $ENV{VAULT_KEEP}) {
			Test::More::diag("kept $BASE");
		} elsif (defined $BASE) {
			chdir '/';
			remove_tree($BASE, {safe => 0, error => \my $ignored});
		}
	}
}

# Of vault-env init, for projects of the protocol that the test is about.
sub init_options
{
	return map { ('--protocol', $_) } grep { defined } $ENV{TEST_PROTOCOL};
}

# Skips the whole file when a part is not built or not installed: a path below
# TOP_BUILDDIR (with a slash) or a program. VAULT_NO_SKIP=1 fails instead.
sub needs
{
	my ($class, @parts) = @_;

	for my $part (@parts) {
		my $there = $part =~ m{/} ? -e "$BUILD/$part" :
		    grep { -x "$_/$part" } split(/:/, $ENV{PATH} // ''),
		    qw(/usr/sbin /sbin);
		next if $there;
		die "$part is missing\n" if $ENV{VAULT_NO_SKIP};
		Test::More::plan(skip_all => "$part is missing");
	}
}

# A folder of its own below this test's temporary folder.
sub tmpdir
{
	if (!defined $BASE) {
		$BASE = tempdir('vt-XXXXXX', TMPDIR => 1);
		# PostgreSQL may run as another user than the test
		chmod 0711, $BASE or die "chmod $BASE: $!\n";
		$BASE = abs_path($BASE);
	}
	my $dir = tempdir('XXXX', DIR => $BASE);
	chmod 0711, $dir or die "chmod $dir: $!\n";
	return $dir;
}

# Options: web => nginx|lighttpd, set => {setting => value}, tls => 1,
# build => folder with the binaries. Dies with dev-server's words on failure.
sub server
{
	my ($class, %opt) = @_;
	my $self = bless {dir => tmpdir() . '/s', web => $opt{web} // 'nginx',
	    tls => $opt{tls}, build => $opt{build} // $BUILD}, $class;
	my %set = %{$opt{set} // {}};
	my @args = ('--port', 0, '--web', $self->{web});

	push @args, '--tls' if $opt{tls};
	push @args, '--set', "$_=$set{$_}" for sort keys %set;
	push @servers, $self;
	$self->{url} = $self->_up(@args);
	$self->{up_args} = [@args];
	($self->{port}) = $self->{url} =~ m{:(\d+)/?$} or
	    croak "dev-server printed no URL but: $self->{url}";
	return $self;
}

# Runs sub(server) as a subtest through each web server ($VAULT_WEB: only one).
sub each_web
{
	my ($class, $sub, %opt) = @_;

	for my $web (split ' ', $ENV{VAULT_WEB} // 'nginx lighttpd') {
		Test::More::subtest($web => sub {
			my $s = $class->server(web => $web, %opt);
			$sub->($s);
			$s->down;
		});
	}
}

sub _up
{
	my ($self, @args) = @_;
	my $r = $self->dev_server('up', @args);

	croak "dev-server up failed ($r->{status}):\n$r->{stdout}$r->{stderr}" .
	    $self->_log_tails if $r->{status} != 0;
	my ($url) = $r->{stdout} =~ /^(\S+)\n?\z/m;
	return $url // '';
}

sub _log_tails
{
	my ($self) = @_;
	my $text = '';

	for my $file (glob "$self->{dir}/log/*") {
		my @lines = split /^/, slurp($file);
		splice @lines, 0, @lines - 15 if @lines > 15;
		$text .= "== $file\n" . join('', @lines);
	}
	return $text;
}

# One call of etc/dev-server for this server's folder.
sub dev_server
{
	my ($self, $command, @args) = @_;

	return run(["$SRC/etc/dev-server", $command, '--dir', $self->{dir},
	    @args], env => {VAULT_BUILDDIR => $self->{build}}, timeout => 120);
}

sub _must
{
	my ($self, @args) = @_;
	my $r = $self->dev_server(@args);

	croak "dev-server @args failed ($r->{status}):\n$r->{stdout}$r->{stderr}"
	    if $r->{status} != 0;
	return $r->{stdout};
}

sub dir { return $_[0]{dir} }
sub restart { my ($self, $part) = @_; return $self->_must('restart', $part) }
sub stop { my ($self, $part) = @_; return $self->_must('stop', $part) }
sub start { my ($self, $part) = @_; return $self->_must('start', $part) }

# Changes settings in vault.conf (undef: back to the default) and restarts
# vault.fcgi.
sub set
{
	my ($self, %set) = @_;
	my $conf = slurp("$self->{dir}/vault.conf");

	for my $name (sort keys %set) {
		$conf =~ s/^\s*\Q$name\E\s*=.*\n//mg;
		$conf .= "$name = $set{$name}\n" if defined $set{$name};
	}
	spew("$self->{dir}/vault.conf", $conf);
	$self->restart('vault');
}

# Runs SQL as the owner; the rows as psql -At prints them, one newline less.
sub psql
{
	my ($self, $sql) = @_;
	my $r = run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', $sql],
	    env => $self->pg_env);

	croak "psql: $r->{stderr}in: $sql" if $r->{status} != 0;
	chomp $r->{stdout};
	return $r->{stdout};
}

# Where its PostgreSQL listens, as the owner: for psql and pg_dump.
sub pg_env
{
	my ($self) = @_;
	my ($run) = slurp("$self->{dir}/state") =~ /^run=(.*)$/m;

	return {PGHOST => "$run/pg-sock", PGUSER => 'vault_owner',
	    PGDATABASE => 'vault'};
}

# Runs SQL in a process of its own; returns its pid, for waitpid.
sub psql_background
{
	my ($self, $sql) = @_;
	my $env = $self->pg_env;
	my $pid = fork // croak "fork: $!";

	if ($pid == 0) {
		$ENV{$_} = $env->{$_} for keys %$env;
		open STDOUT, '>', '/dev/null';
		exec 'psql', '-Xq', '-c', $sql or POSIX::_exit(127);
	}
	return $pid;
}

# The rows of every table that a request can change, for "nothing changed".
sub counts
{
	my ($self) = @_;

	return $self->psql(join ' union all ', map {
	    "select '$_ ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' " .
	    "order by t::text)), '') from vault.$_ t" } qw(projects devices
	    environments secret_versions requests));
}

# The whole of a log: vault, nginx (or the web server's), postgres.
sub log
{
	my ($self, $name) = @_;

	return slurp("$self->{dir}/log/$name.log");
}

# Process ids of this server's vault.fcgi, found by its config's path.
sub vault_pids
{
	my ($self) = @_;
	my @pids;

	for my $proc (glob '/proc/[0-9]*') {
		my @argv = split /\0/, slurp("$proc/cmdline", 1);
		next unless @argv && $argv[0] =~ m{(?:^|/)(?:lt-)?vault\.fcgi$};
		push @pids, $proc =~ /(\d+)$/ if grep { /^\Q$self->{dir}\E/ } @argv;
	}
	return @pids;
}

sub down
{
	my ($self) = @_;

	return if $self->{downed}++;
	$_->() for @{$self->{before_down} // []};
	$self->dev_server('down') if -d $self->{dir};
}

# ---------------------------------------------------------------- helpers

sub slurp
{
	my ($file, $optional) = @_;

	open my $fh, '<:raw', $file or do {
		return '' if $optional;
		croak "$file: $!";
	};
	local $/;
	return <$fh> // '';
}

sub spew
{
	my ($file, $text) = @_;

	open my $fh, '>:raw', $file or croak "$file: $!";
	print $fh $text or croak "$file: $!";
	close $fh or croak "$file: $!";
}

# A program of the tree, such as cli/vault-env, itself: libtool's wrapper for it
# is a shell script that takes ten times as long as most of what it starts. All
# that this process starts from here on finds its library.
sub program
{
	my ($path) = @_;
	my $real = "$BUILD/" . $path =~ s{([^/]+)\z}{.libs/$1}r;
	my $library = "$BUILD/lib/.libs";

	return "$BUILD/$path" unless -x $real;
	$ENV{LD_LIBRARY_PATH} = join ':', $library, grep { $_ ne $library }
	    split /:/, $ENV{LD_LIBRARY_PATH} // '';
	return $real;
}

# Runs a command without a shell: {status, stdout, stderr}. Options: cwd, env
# (undef takes a variable away), stdin (text), timeout (s). status is 128 + N
# after signal N and 124 after a time-out.
sub run
{
	my ($argv, %opt) = @_;
	my ($in, $out, $err) = map { open my $fh, '+>:raw', undef or
	    croak "a file without a name: $!"; $fh } 1 .. 3;
	my $timed_out;

	if (length($opt{stdin} // '')) {
		print $in $opt{stdin};
		seek $in, 0, 0 or croak "seek: $!";
	}
	my $pid = fork // croak "fork: $!";
	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
		setpgrp(0, 0);
		eval {
			open STDIN, '<&', $in or die;
			open STDOUT, '>&', $out or die;
			open STDERR, '>&', $err or die;
			chdir $opt{cwd} or die "$opt{cwd}: $!\n" if $opt{cwd};
			my $env = $opt{env} // {};
			for (keys %$env) {
				defined $env->{$_} ? ($ENV{$_} = $env->{$_}) :
				    delete $ENV{$_};
			}
			no warnings 'exec';
			exec { $argv->[0] } @$argv;
			die "$argv->[0]: $!\n";
		};
		print STDERR $@;
		POSIX::_exit(127);
	}
	local $SIG{ALRM} = sub { $timed_out = 1; kill KILL => -$pid, $pid };
	$running{$pid} = 1;
	alarm($opt{timeout} // 60);
	waitpid $pid, 0;
	alarm 0;
	delete $running{$pid};
	my $status = $timed_out ? 124 : $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return {status => $status, stdout => _whole($out),
	    stderr => _whole($err)};
}

sub _whole
{
	my ($fh) = @_;

	seek $fh, 0, 0 or croak "seek: $!";
	local $/;
	return <$fh> // '';
}

# Runs sub(0) .. sub(n-1) in n processes that all start at one moment, and
# returns what each returned (a JSON value; undef if it died).
sub parallel
{
	my ($n, $sub) = @_;
	my $json = JSON::PP->new->utf8->allow_nonref;
	my (@pipes, @results);

	pipe my $gate_r, my $gate_w or croak "pipe: $!";
	for my $i (0 .. $n - 1) {
		pipe my $r, my $w or croak "pipe: $!";
		my $pid = fork // croak "fork: $!";
		if ($pid == 0) {
			close $gate_w;
			close $r;
			sysread $gate_r, my $byte, 1;
			my $result = eval { $sub->($i) };
			print STDERR $@ if $@;
			print $w $json->encode($result);
			close $w;
			POSIX::_exit(0);
		}
		close $w;
		push @pipes, [$pid, $r];
	}
	close $gate_w;
	for (@pipes) {
		my ($pid, $r) = @$_;
		local $/;
		my $text = <$r> // '';
		waitpid $pid, 0;
		push @results, length $text ? $json->decode($text) : undef;
	}
	return @results;
}

# The one-line changes of README's section on programs, as [old, new], that
# begin below the line that begins so.
sub readme_diffs
{
	my ($begin) = @_;
	my ($section) = slurp("$SRC/README") =~
	    /^\Q$begin\E[^\n]*\n(.*?)(?=^[A-Z][^\n]*: |^\S[^\n]*\n---)/ms;
	my @diffs;

	push @diffs, [$1, $2]
	    while ($section // '') =~ /^  -(.*)\n  \+(.*)\n/mg;
	croak "README shows no change for $begin" if !@diffs;
	return @diffs;
}

# Changes the text as README says; returns it, and how many lines that were.
sub migrate
{
	my ($text, @diffs) = @_;
	my $n = 0;

	$n += $text =~ s/^\Q$$_[0]\E$/$$_[1]/mg for @diffs;
	return ($text, $n);
}

# The tests of a program in another language, as if they were ours. $r: of run().
sub relay
{
	my ($r) = @_;

	for ($r->{stdout} =~ /^(?:not )?ok .*(?:\n# .*)*/mg) {
		my ($not, $name, $why) =
		    /^(not )?ok \d+ - (.*)\n?((?:# .*\n?)*)/;
		Test::More::ok(!$not, $name) or Test::More::diag($why);
	}
	Test::More::like($r->{stdout}, qr/^1\.\.[1-9]\d*\n\z/m,
	    'to its end') or Test::More::diag($r->{stderr});
}

# Calls sub until it returns true, or fails after so many seconds.
sub wait_until
{
	my ($seconds, $sub) = @_;
	my $deadline = time + $seconds;

	do {
		my $value = $sub->();
		return $value if $value;
		sleep 0.05;
	} while (time < $deadline);
	return;
}

# Sends bytes to the web server as they are, and returns all that it answers:
# {status, head, raw, json}. Options: half_close, timeout (s), host (peer),
# from (source address).
sub raw_http
{
	my ($url, $bytes, %opt) = @_;
	my ($host, $port) = $url =~ m{^http://([^:/]+):(\d+)} or
	    croak "no plain URL: $url";
	my $sock = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port,
	    Proto => 'tcp', Timeout => 10,
	    ($opt{from} ? (LocalAddr => $opt{from}) : ())) or
	    croak "connect $host:$port: $!";
	my ($answer, $deadline) = ('', time + ($opt{timeout} // 20));

	$sock->autoflush(1);
	# The server may answer and close before it has read everything.
	for (my $off = 0; $off < length $bytes; ) {
		my $n = syswrite $sock, $bytes, 65536, $off;
		last unless $n;
		$off += $n;
	}
	shutdown $sock, 1 if $opt{half_close};
	while (time < $deadline) {
		my $rin = '';
		vec($rin, fileno $sock, 1) = 1;
		my $left = $deadline - time;
		last unless $left > 0 && select($rin, undef, undef, $left);
		my $n = sysread $sock, $answer, 65536, length $answer;
		last unless $n;
		last if _complete($answer);
	}
	close $sock;
	my ($head, $body) = split /\r\n\r\n/, $answer, 2;
	$head //= '';
	$body = _dechunk($body) if $head =~ /^Transfer-Encoding:\s*chunked/mi;
	my ($status) = $head =~ m{^HTTP/1\.[01] (\d{3})};
	return {status => $status // 0, head => $head, raw => $body // '',
	    json => scalar eval { JSON::PP->new->utf8->decode($body) }};
}

sub _complete
{
	my ($answer) = @_;
	my ($head, $body) = split /\r\n\r\n/, $answer, 2;

	return unless defined $body;
	return length $body >= $1 if $head =~ /^Content-Length:\s*(\d+)/mi;
	return $body =~ /(?:^|\r\n)0\r\n\r\n\z/
	    if $head =~ /^Transfer-Encoding:\s*chunked/mi;
	return;
}

sub _dechunk
{
	my ($body) = @_;
	my $out = '';

	while ($body =~ s/^([0-9a-fA-F]+)[^\r]*\r\n//) {
		my $n = hex $1;
		last if $n == 0;
		$out .= substr $body, 0, $n, '';
		$body =~ s/^\r\n//;
	}
	return $out;
}

1;
