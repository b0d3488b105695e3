# SPDX-License-Identifier: MIT
# What a Team reads: every machine by vault-env, held against the Model; and the
# whole history by another implementation of the protocol.
package Reading;
use strict;
use warnings;
use Chance;
use JSON::PP;
use Model;
use Test::More;
use VaultTest;

my @READS = qw(pull get export run);
my $WORKERS = 3;	# reads at once; those of one machine follow each other
my $JSON = JSON::PP->new->canonical;

# [exit code, what is read as {name => value}, stderr]
sub _read
{
	my ($self, $x, $environment, $how, $name) = @_;
	my %args = (pull => ['pull', '--json'], get => ['get', $name],
	    export => ['export', '--format', 'json'], run => ['run']);
	my $r = $self->on($x, @{$args{$how}}, '--env', $environment,
	    $how eq 'run' ? ('--', 'env') : ());
	my $text = $r->{stdout};
	my %read;

	if ($how eq 'run') {
		%read = $text =~ /^(S_\w+)=(.*)$/mg;
	} elsif ($how eq 'get') {
		%read = ($name => $1) if $text =~ /\A(.*)\n\z/;
	} elsif (length $text) {
		my $json = decode_json($text);
		%read = %{$how eq 'pull' ? $json->{secrets} : $json};
	}
	return [$r->{status}, \%read, $r->{stderr}];
}

# What a get of one name makes of it.
sub _of_name
{
	my ($want, $environment, $name) = @_;

	return $want if $want->{exit} != 0;
	return {exit => 1, says => qr/\Q$environment has no $name/}
	    if !exists $want->{secrets}{$name};
	return {exit => 0, secrets => {$name => $want->{secrets}{$name}}};
}

sub _wrong
{
	my ($self, $x, $job, $got) = @_;
	my ($environment, $how, $name, $want) = @$job;
	my ($exit, $read, $stderr) = @$got;
	my $good = $exit == $want->{exit} &&
	    $JSON->encode($read) eq $JSON->encode($want->{secrets} // {}) &&
	    (!$want->{says} || $stderr =~ $want->{says});
	my @left = grep { !m{/\.gitignore$} }
	    glob "$self->{at}{$x->{name}}{dir}/.vault-cache.d/{.*,*}";

	@left = grep { -f } @left;
	return "a revoked machine, $x->{name}, still has @left"
	    if $good && $want->{wiped} && @left;
	return if $good;
	return "$x->{name} ($how, $environment): wanted exit $want->{exit}, " .
	    ($want->{says} // $JSON->encode($want->{secrets})) .
	    "\n got exit $exit, " . $JSON->encode($read) . ", $stderr";
}

# Every machine reads every environment: what it may, and nothing else.
sub check
{
	my ($self, $what, @only) = @_;
	my $model = $self->{model};
	my (@jobs, @wrong);

	for my $x (@only ? @only : $model->machines) {
		my @reads;
		for my $environment ($model->environments, 'nowhere') {
			my $how = pick(@READS);
			my %of = %{$environment eq 'nowhere' ? {} :
			    $model->secrets($environment)};
			my $name = pick('S_NONE', sort keys %of);
			my $want = $model->expect($x, $environment, $how);
			$self->{reads}{$want->{says} // 'read'}++;
			$want = _of_name($want, $environment, $name)
			    if $how eq 'get';
			push @reads, [$environment, $how, $name, $want];
		}
		push @jobs, [$x, @reads];
	}
	my @got = map { @{$_ // []} } VaultTest::parallel($WORKERS, sub {
		my ($worker) = @_;
		my @mine = grep { $_ % $WORKERS == $worker } 0 .. $#jobs;

		return [map { my ($x, @reads) = @{$jobs[$_]};
		    [$_, map { $self->_read($x, @$_[0 .. 2]) } @reads] } @mine];
	});
	for (@got) {
		my ($i, @results) = @$_;
		my ($x, @reads) = @{$jobs[$i]};

		push @wrong, map { $self->_wrong($x, $reads[$_], $results[$_]) }
		    0 .. $#reads;
	}
	push @wrong, 'reads are missing' if @got != @jobs;
	return ok(!@wrong, "$what: each machine reads what it may") ||
	    diag join "\n", @wrong;
}

# What each version holds, by another implementation, which judges the whole
# history: each signature, a wrap for each reader, no version left out, no data key
# on both sides of a cut.
sub history
{
	my ($self) = @_;
	my $p = $self->{at}{$self->admin->{name}};
	my $r = VaultTest::run(['python3', "$VaultTest::SRC/tests/team/history.py",
	    $self->{url}], stdin => encode_json({key => $p->key, secret =>
	    $p->device_secret}), timeout => 300);

	is $r->{stderr}, '', 'another implementation finds no fault';
	return $r->{status} ? {} : decode_json($r->{stdout});
}

# It is as the model has it; what may be gone need not be.
sub check_history
{
	my ($self) = @_;
	my $versions = $self->{model}{versions};
	my $history = $self->history;
	my %want = map {
		my $e = $_;
		my $found = $history->{$e} // [];
		($e => [map { my $v = $versions->{$e}[$_];
		    $v->{gone} && !$found->[$_] ? undef : $v->{secrets} }
		    0 .. $#{$versions->{$e}}]);
	} keys %$versions;

	is_deeply $history, \%want, 'every version is what was pushed';
}

1;
