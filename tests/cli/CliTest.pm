# SPDX-License-Identifier: MIT
# What the tests of vault-env share: a person (home folder) in a project folder
# who runs the program; a proxy that cuts connections; a server that answers
# what it is told; another client, to push what vault-env refuses to.
package CliTest;
use strict;
use warnings;
use Carp qw(croak);
use IO::Select;
use IO::Socket::INET;
use IPC::Open2;
use JSON::PP;
use POSIX ();
use Test::More ();
use VaultTest;

our $BIN = VaultTest::program('cli/vault-env');
# Of the projects that init makes
our $PROTOCOL = $ENV{TEST_PROTOCOL} // 2;
my @children;
my $owner = $$;

END {
	if ($$ == $owner) {
		local ($?, $!);
		kill KILL => $_ for @children;
		waitpid $_, 0 for @children;
	}
}

# Options: url (given as --url to every command), home and dir (to share with
# another person), env.
sub new
{
	my ($class, %opt) = @_;
	my $self = bless {%opt}, $class;

	$self->{home} //= VaultTest::tmpdir();
	if (!defined $self->{dir}) {
		$self->{dir} = VaultTest::tmpdir() . '/shop';
		mkdir $self->{dir} or croak "$self->{dir}: $!";
	}
	return $self;
}

sub environment
{
	my ($self, %more) = @_;

	return {(map { $_ => undef } qw(VAULT_KEY VAULT_URL VAULT_DEVICE_SECRET
	    NODE_ENV ENVIRONMENT NO_COLOR http_proxy)), HOME => $self->{home},
	    TZ => 'UTC', LC_ALL => 'C.UTF-8', %{$self->{env} // {}}, %more};
}

# Runs vault-env; a last argument that is a hash: {env =>, stdin =>, url =>}.
sub run
{
	my ($self, @args) = @_;
	my $opt = ref $args[-1] ? pop @args : {};
	my $url = exists $opt->{url} ? $opt->{url} : $self->{url};

	push @args, VaultTest::init_options() if
	    @args && $args[0] eq 'init' && !grep { $_ eq '--protocol' } @args;
	unshift @args, '--url', $url if defined $url;
	return VaultTest::run([$BIN, @args], cwd => $self->{dir},
	    env => $self->environment(%{$opt->{env} // {}}),
	    stdin => $opt->{stdin}, timeout => 120);
}

# The same, and dies if it fails.
sub must
{
	my ($self, @args) = @_;
	my $r = $self->run(@args);

	croak "vault-env @args: $r->{status}\n$r->{stdout}$r->{stderr}"
	    if $r->{status} != 0;
	return $r->{stdout};
}

sub json { return decode_json(shift->must(@_, '--json')) }

# Exit code, stdout and stderr; a pattern or the exact text.
sub gives
{
	my ($self, $args, $status, $stdout, $stderr, $name) = @_;
	my $r = $self->run(@$args);
	my $good = $r->{status} == $status;

	for ([$r->{stdout}, $stdout], [$r->{stderr}, $stderr]) {
		my ($got, $want) = @$_;
		$good &&= ref $want ? $got =~ $want : $got eq $want;
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Test::More::ok($good, $name // "vault-env @{[grep { !ref } @$args]}") or
	    Test::More::diag("got $r->{status}, stdout:\n$r->{stdout}stderr:\n" .
	    "$r->{stderr}want $status, stdout:\n$stdout\nstderr:\n$stderr");
	return $r;
}

sub path { return "$_[0]{dir}/$_[1]" }
sub slurp { return VaultTest::slurp("$_[0]{dir}/$_[1]", 1) }
sub spew { return VaultTest::spew("$_[0]{dir}/$_[1]", $_[2]) }
sub mode { return sprintf '%04o', (stat "$_[0]{dir}/$_[1]")[2] & 07777 }

sub key
{
	my ($self) = @_;
	my @keys = $self->slurp('.env') =~ /^VAULT_KEY=(vk_\S+)$/mg;

	return $keys[-1];
}

# Where what was pulled is kept.
sub cache
{
	my ($self, $environment) = @_;

	return $PROTOCOL == 1 ? '.vault-cache' :
	    '.vault-cache.d/' . ($environment // 'development');
}

sub project { return $_[0]->key =~ /^vk_([^_]+)_/ ? $1 : undef }

sub device_secret
{
	my ($self) = @_;
	my $file = "$self->{home}/.vault/" . $self->project . '.key';

	return VaultTest::slurp($file) =~ /^([0-9a-f]{64})\n\z/ ? $1 : undef;
}

# A shell command line on a terminal, made by script(1): what it shows, less
# carriage returns, and its exit code. Options: env; ready, a pattern, after
# which keys are typed; or steps, a list of such pairs in order.
sub terminal
{
	my ($self, $line, %opt) = @_;
	my %env = (%ENV, %{$self->environment(%{$opt{env} // {}})});
	my $text = '';

	delete @env{grep { !defined $env{$_} } keys %env};
	local %ENV = %env;
	my $pid = open2(my $out, my $in, 'env', '-C', $self->{dir}, 'script',
	    '-qec', $line, '/dev/null');
	push @children, $pid;
	my @steps = @{$opt{steps} // (defined $opt{ready} ?
	    [[$opt{ready}, $opt{keys}]] : [])};
	my $seen = 0;

	local $SIG{ALRM} = sub { croak "the terminal shows no more than:\n$text" };
	alarm 120;
	close $in if !@steps;
	for (@steps) {
		my ($ready, $keys) = @$_;
		while (substr($text, $seen) !~ $ready &&
		    sysread $out, my $more, 4096) {
			$text .= $more;
		}
		$seen = length $text;
		syswrite $in, $keys;
	}
	while (sysread $out, my $more, 4096) {
		$text .= $more;
	}
	waitpid $pid, 0;
	alarm 0;
	@children = grep { $_ != $pid } @children;
	return ($text =~ s/\r//gr, $? >> 8);
}

# ------------------------------------------------------- a team of protocol 2

# A project by the other implementation (team.py beside this file) on a server,
# whose admin and machines do what no vault-env would. $team->tell(do => ...),
# and persons with a device of the project: $team->person('bob', %of_admit).
sub team
{
	my ($url) = @_;
	my $self = bless {url => $url =~ s{/+$}{}r}, 'CliTest::Team';

	push @children, open2($self->{from}, $self->{to}, 'python3',
	    "$VaultTest::SRC/tests/cli/team.py", $self->{url});
	$self->{project} = $self->CliTest::Team::read->{project};
	return $self;
}

sub CliTest::Team::read
{
	my ($self) = @_;
	my $line = readline $self->{from};

	return decode_json($line // croak 'the team has gone');
}

sub CliTest::Team::tell
{
	my ($self, %call) = @_;

	syswrite $self->{to}, encode_json(\%call) . "\n";
	return $self->CliTest::Team::read;
}

# Who is not known by that name yet is admitted first.
sub CliTest::Team::person
{
	my ($self, $name, %scope) = @_;
	my $machine = $self->tell(do => $name eq 'admin' ? 'machine' : 'admit',
	    name => $name, %scope);
	my $p = CliTest->new(url => $self->{url});
	my $folder = "$p->{home}/.vault";

	mkdir $folder, 0700 or croak "$folder: $!";
	VaultTest::spew("$folder/$self->{project}.key", "$machine->{secret}\n");
	chmod 0600, "$folder/$self->{project}.key";
	$p->spew('.env', "VAULT_KEY=$machine->{key}\nVAULT_URL=$self->{url}\n");
	$p->{id} = $machine->{id};
	return $p;
}

# ------------------------------------------------------------ killed anywhere

# The system calls by which a program changes something that others see. To be
# killed between two of them is to be killed at the second; a kill loses nothing
# that is not synced, and what has no name yet has no mode either.
my $CHANGES = 'linkat,renameat,renameat2,rename,unlink,unlinkat,mkdir,write,writev,' .
    'sendto,sendmsg,ftruncate,symlink';

sub _traced
{
	my ($self, $what, @args) = @_;

	return VaultTest::run(['strace', '-qq', @$what, $BIN, '--url', $self->{url}, @args],
	    cwd => $self->{dir}, env => $self->environment, timeout => 120);
}

# Those that the command makes, each as its name and its number among those of
# that name. The command has to succeed. A last argument that is a hash:
# {printed => 1}: what it prints counts, too.
sub changes
{
	my ($self, @args) = @_;
	my $passed = ref $args[-1] && (pop @args)->{printed} ? qr/^2\z/ : qr/^[12]\z/;
	my $trace = VaultTest::tmpdir() . '/trace';
	my $r = $self->_traced(['-o', $trace, '-e', "trace=$CHANGES"], @args);
	my (%n, @points);

	croak "vault-env @args: $r->{status}\n$r->{stderr}" if $r->{status} != 0;
	for (split /\n/, VaultTest::slurp($trace)) {
		my ($name, $fd) = /^(\w+)\((\d*)/ or next;
		my $number = ++$n{$name};
		next if $name =~ /^write/ && $fd =~ $passed;
		push @points, [$name, $number];
	}
	return @points;
}

# Runs the command and kills it where it is about to make that call. What it had
# printed, as of run(); false if it did not come to that.
sub killed_at
{
	my ($self, $point, @args) = @_;
	my ($name, $number) = @$point;
	my $r = $self->_traced(['-o', '/dev/null', '-e', "trace=$name", '-e',
	    "inject=$name:signal=KILL:when=$number"], @args);

	return $r->{status} == 128 + 9 && $r;
}

# ------------------------------------------------------------------ servers

sub _serve
{
	my ($each) = @_;
	my $listen = IO::Socket::INET->new(Listen => 50, LocalAddr =>
	    '127.0.0.1', LocalPort => 0, ReuseAddr => 1) or croak "listen: $!";
	my $pid = fork // croak "fork: $!";

	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		$SIG{CHLD} = 'IGNORE';
		my $n = 0;
		while (my $client = $listen->accept) {
			my $request = _request($client) // next;
			eval { $each->($client, $request, ++$n) };
			print STDERR $@ if $@;
			close $client;
		}
		POSIX::_exit(0);
	}
	push @children, $pid;
	return 'http://127.0.0.1:' . $listen->sockport;
}

# One request as it came; the proxy answers one a connection.
sub _request
{
	my ($client) = @_;
	my $text = '';

	while ($text !~ /\r\n\r\n/) {
		sysread $client, $text, 65536, length $text or return;
	}
	my ($head, $body) = split /\r\n\r\n/, $text, 2;
	my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
	while (length $body < ($length // 0)) {
		sysread $client, $body, 65536, length $body or return;
	}
	return "$head\r\n\r\n$body";
}

# A proxy to url. plan is a file that holds "N before" or "N after": the Nth
# request from now on is cut off before or after the server got it, and so it is
# when it comes again; "N run <shell command>": the command runs before it, "N
# then" so: before its answer is passed on. With a route before that, as in
# "secrets/push 1 before", others are not counted. Anything else: all pass.
sub proxy
{
	my ($url, $plan) = @_;
	my ($port) = $url =~ /:(\d+)$/;
	my $cut = '';

	return _serve(sub {
		my ($client, $request) = @_;
		my ($signed) = $request =~ m{^X-Vault-(?:Signature|Request): (.+)}m;
		return if $cut eq ($signed // 'x');
		my $what = VaultTest::slurp($plan, 1);
		my ($route, $left, $mode, $command) = $what =~
		    m{^(?:(\w+/\S+) )?(\d+) (\w+)(?: (.*))?$};
		my ($asked) = $request =~ m{^POST /api/v\d/(\S+)};
		$left = 0 if defined $route && $route ne ($asked // '');
		my $now = ($left // 0) == 1;

		VaultTest::spew($plan, join ' ', grep { defined } $route,
		    $left - 1, $mode, $command) if $left;
		$cut = $signed // '' if $now && $mode =~ /^(?:before|after)$/;
		return if $now && $mode eq 'before';
		system $command if $now && $mode eq 'run';
		my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
		    PeerPort => $port) or return;
		$request =~ s/\r\n/\r\nConnection: close\r\n/;
		print $server $request;
		$server->flush;
		local $/;
		my $answer = <$server> // '';
		system $command if $now && $mode eq 'then';
		return if $now && $mode eq 'after';
		print $client $answer;
	});
}

# Becomes a device of the project, which another person approves: its id.
sub joins
{
	my ($self, $admin) = @_;
	my ($id) = $self->must('register-device') =~ /--id (\S+)$/m;

	$admin->must('approve-device', '--id', $id);
	return $id;
}

# A proxy to the server that this person uses, as it is known to both.
sub proxied
{
	my ($self, $server, $plan) = @_;
	my $url = proxy($self->{url}, $plan);

	VaultTest::spew($plan, '');
	$server->set(url => "$self->{url} $url") if $PROTOCOL == 2;
	$self->must('pull', '--quiet', {url => $url});
	return $url;
}

# A relay to url that passes bytes on as they come, and writes what it sees into
# a file: "connection", and "POST /path" for each request. URL and file. breaks:
# of the first answer to whatever is signed it passes on the first half, and ends
# the connection.
sub relay
{
	my ($url, %opt) = @_;
	my ($port) = $url =~ /:(\d+)$/;
	my $file = VaultTest::tmpdir() . '/seen';
	my $listen = IO::Socket::INET->new(Listen => 50, LocalAddr =>
	    '127.0.0.1', LocalPort => 0) or croak "listen: $!";
	my $pid = fork // croak "fork: $!";

	if ($pid == 0) {
		$SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
		my (%other, %breaks, %signed, $read);
		my $note = sub {
			open my $fh, '>>', $file or die "$file: $!";
			syswrite $fh, "$_[0]\n";
		};
		$read = IO::Select->new($listen);
		while (my @ready = $read->can_read) {
			for my $from (@ready) {
				if ($from == $listen) {
					my $client = $listen->accept or next;
					my $server = IO::Socket::INET->new(PeerAddr =>
					    '127.0.0.1', PeerPort => $port) or next;
					$note->('connection');
					$other{$client} = [$server, 1];
					$other{$server} = [$client, 0];
					$read->add($client, $server);
					next;
				}
				my ($to, $is_client) = @{$other{$from} // next};
				my $n = sysread $from, my $bytes, 65536;
				if ($n && $opt{breaks} && $bytes =~
				    m{^X-Vault-(?:Signature|Request): (.+)}m) {
					$breaks{$to} = !$signed{$1}++;
				}
				if ($n && $breaks{$from}) {
					syswrite $to, $bytes, $n / 2;
					$n = 0;
				}
				if (!$n) {
					delete @breaks{$from, $to};
					delete @other{$from, $to};
					$read->remove($from, $to);
					close $_ for $from, $to;
					next;
				}
				$is_client && $note->("POST $_") for
				    $bytes =~ m{^POST (\S+) HTTP/}mg;
				print $to $bytes;
				$to->flush;
			}
		}
		POSIX::_exit(0);
	}
	push @children, $pid;
	VaultTest::spew($file, '');
	return ('http://127.0.0.1:' . $listen->sockport, $file);
}

# The command succeeds, by these requests, as a relay has seen them, on so many
# connections.
my %asked;
sub asks
{
	my ($self, $seen, $args, $n_connections, @paths) = @_;
	my $name = join ' ', @$args;

	VaultTest::spew($seen, '');
	my $r = $self->run(@$args);
	my @lines = split /\n/, VaultTest::slurp($seen);
	local $Test::Builder::Level = $Test::Builder::Level + 2;
	Test::More::is_deeply([$r->{status}, scalar(grep { $_ eq 'connection' } @lines),
	    map { m{^POST /api/v$PROTOCOL/(.*)} ? $1 : () } @lines],
	    [0, $n_connections, @paths], "$name: " . (join(', ', @paths) || 'nothing')) or
	    Test::More::diag(Test::More::explain([$r, \@lines]));
	$asked{$args->[0]} = 1;
	return $r;
}

sub has_asked { return $asked{$_[0]} }

# A server that gives one answer to everything: status, body, more headers.
sub canned
{
	my ($status, $body, @headers) = @_;

	return _serve(sub {
		my ($client) = @_;
		print $client join("\r\n", "HTTP/1.1 $status x",
		    'Content-Type: application/json', 'Connection: close',
		    'Content-Length: ' . length $body, @headers, '', $body);
	});
}

# A port on which nobody listens.
sub closed_url
{
	my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
	    LocalPort => 0) or croak "listen: $!";
	my $port = $s->sockport;

	close $s;
	return "http://127.0.0.1:$port";
}

# An independent client in Node.js or, v2, in Python: one for this process.
my ($from_other, $to_other);
sub _other
{
	my ($self, %ask) = @_;

	push @children, open2($from_other, $to_other, $PROTOCOL == 1 ?
	    ('node', "$VaultTest::SRC/tests/interop/v1-client.js") :
	    ('python3', '-B', "$VaultTest::SRC/tests/interop/v2-client.py"))
	    unless $to_other;
	print $to_other encode_json({url => $self->{url}, key => $self->key,
	    device => $self->device_secret, %ask}), "\n";
	$to_other->flush;
	my $line = <$from_other> // croak 'the other client has gone';
	croak "the other client: $line" unless decode_json($line)->{ok};
}

# Pushes these secrets as they are.
sub other_push
{
	my ($self, $env, $secrets) = @_;

	$self->_other(op => 'push', env => $env, secrets => $secrets);
}

# Makes the cache that old; the time in one of v2 is under a MAC.
sub age
{
	my ($self, $seconds) = @_;
	my $cache = $self->path($self->cache);

	if ($PROTOCOL == 1) {
		utime((time - $seconds) x 2, $cache) or croak "$cache: $!";
	} else {
		$self->_other(op => 'age', path => $cache, seconds => $seconds,
		    env => 'development');
	}
}

1;
