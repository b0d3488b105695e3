# SPDX-License-Identifier: MIT
# Several vault.fcgi on one database, with one server key, behind the web server
# of a VaultTest->server: nginx gives each request to the next of them.
package VaultTest::Fleet;
use strict;
use warnings;
use Carp qw(croak);
use POSIX ();
use VaultTest;

# n: of all together, the server's own included.
sub new
{
	my ($class, $server, $n) = @_;
	my ($run) = VaultTest::slurp($server->dir . '/state') =~ /^run=(.*)$/m;
	my $self = bless {server => $server, run => $run, pids => {},
	    names => [map { "vault$_" } 2 .. $n]}, $class;

	push @{$server->{before_down}}, sub { $self->_stop_others };
	$self->start;
	return $self;
}

sub start
{
	my ($self) = @_;

	$self->{server}->start('vault');
	$self->{pids}{$_} //= $self->_start($_) for @{$self->{names}};
	$self->_lead;
}

sub _start
{
	my ($self, $name) = @_;
	my $dir = $self->{server}->dir;
	my $pid = fork // croak "fork: $!";

	return $pid if $pid;
	# a signal to the test is not for it
	POSIX::setpgid(0, 0);
	chdir $dir;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', "$dir/log/$name.log";
	open STDERR, '>&', \*STDOUT;
	exec "$VaultTest::SRC/etc/dev-supervise", '--socket',
	    "$self->{run}/$name.sock", '--mode', '0600', '--',
	    "$VaultTest::BUILD/fcgi/vault.fcgi", '--config', "$dir/vault.conf"
	    or POSIX::_exit(127);
}

# The web server's workers. A reload replaces them; those that go break off what
# they are about to send.
sub _workers
{
	my ($master) = @_;

	return split ' ', VaultTest::slurp("/proc/$master/task/$master/children", 1);
}

# The web server leads to all of them, and each has answered.
sub _lead
{
	my ($self) = @_;
	my $s = $self->{server};
	my $site = $s->dir . '/nginx-site.conf';
	my $text = VaultTest::slurp($site);
	my @logs = map { $s->dir . "/log/$_.log" } 'vault', @{$self->{names}};
	my %size = map { $_ => -s } @logs;

	if ($text !~ /^upstream/) {
		$text =~ s/fastcgi_pass unix:[^;]*;/fastcgi_pass vaults;/g;
		VaultTest::spew($site, join '', 'upstream vaults {', (map {
		    " server unix:$self->{run}/$_.sock max_fails=0;" } 'vault',
		    @{$self->{names}}), " }\n", $text);
	}
	my ($master) = VaultTest::slurp($s->dir . '/web.pid') =~ /(\d+)/;
	my @old = _workers($master);
	kill HUP => $master;
	VaultTest::wait_until(20, sub {
		my %now = map { $_ => 1 } _workers($master);
		return 0 if grep { $now{$_} } @old;
		VaultTest::raw_http($s->{url}, "GET /health HTTP/1.1\r\n" .
		    "Host: localhost\r\nConnection: close\r\n\r\n");
		return !grep { (-s) == ($size{$_} // 0) } @logs;
	}) or croak 'not every vault.fcgi answers: ' .
	    join '', map { VaultTest::slurp($_) } @logs;
}

# A new process takes the place of each, and no request is lost.
sub restart
{
	my ($self) = @_;

	kill HUP => values %{$self->{pids}};
	$self->{server}->restart('vault');
}

sub stop
{
	my ($self) = @_;

	$self->_stop_others;
	$self->{server}->stop('vault');
}

sub _stop_others
{
	my ($self) = @_;

	kill TERM => values %{$self->{pids}};
	waitpid $_, 0 for values %{$self->{pids}};
	$self->{pids} = {};
}

# The web server goes, and comes back.
sub leave { return $_[0]{server}->stop('web') }

sub come_back
{
	my ($self) = @_;

	$self->{server}->start('web');
	$self->_lead;
}

1;
