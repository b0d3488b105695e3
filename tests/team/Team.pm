# SPDX-License-Identifier: MIT
# A team of protocol v2: machines that run vault-env, three vault.fcgi on one
# database, and beside them the Model of what each machine may read. A test lets
# somebody do something, tells the model, and has every machine read.
package Team;
use strict;
use warnings;
use parent qw(Operator Reading);
use Carp qw(croak);
use Chance;
use CliTest;
use File::Path qw(remove_tree);
use JSON::PP;
use Model;
use Test::More;
use VaultTest;
use VaultTest::Fleet;

sub new
{
	my ($class) = @_;
	my $server = VaultTest->server(set => {keep_versions => 0,
	    project_quota_mib => 0});

	return bless {server => $server, url => $server->{url} =~ s{/+$}{}r,
	    fleet => VaultTest::Fleet->new($server, 3), model => Model->new,
	    at => {}, keys => {}, ids => {}, reads => {},
	    nowhere => CliTest::closed_url(), later => _later()}, $class;
}

# ---------------------------------------------------------------- machines

# A machine in the model, and its folders. secret: an enrolled one, which is
# configured by its environment alone.
sub machine
{
	my ($self, $name, %more) = @_;
	my $secret = delete $more{secret};
	my $x = $self->{model}->machine($name, %more);

	$self->{at}{$name} = CliTest->new(url => $self->{url}, secret => $secret);
	$self->put_keys($x);
	return $x;
}

# The VAULT_KEYs that the model says it has are put in place.
sub put_keys
{
	my ($self, $x) = @_;
	my $p = $self->{at}{$x->{name}};
	my %text = (VAULT_KEY => $self->{keys}{$x->{key}},
	    VAULT_KEY_NEXT => $self->{keys}{$x->{next} // ''});

	if (defined $p->{secret}) {
		$p->{env} = {%text, VAULT_DEVICE_SECRET => $p->{secret}};
		return;
	}
	my $file = $p->slurp('.env') =~ s/^VAULT_KEY(?:_NEXT)?=.*\n//mgr;
	$p->spew('.env', join '', (map { "$_=$text{$_}\n" }
	    grep { defined $text{$_} } sort keys %text), $file);
}

# A library that lets programs believe that it is later.
sub _later
{
	my $file = VaultTest::tmpdir() . '/later.so';
	my $r = VaultTest::run([qw(cc -shared -fPIC -o), $file,
	    "$VaultTest::SRC/tests/team/later.c"]);

	croak $r->{stderr} if $r->{status} != 0;
	return $file;
}

# Runs vault-env there, as that machine can.
sub on
{
	my ($self, $x, @args) = @_;
	my $opt = ref $args[-1] ? pop @args : {};
	my $p = $self->{at}{$x->{name}};
	my $fresh = $x->{keeps} ? undef : CliTest->new(url => $self->{url},
	    env => $p->{env});
	my %env = $x->{later} ? (LD_PRELOAD => $self->{later},
	    TEST_LATER => $x->{later}) : ();

	my $r = ($fresh // $p)->run(@args, {%$opt, env => \%env,
	    $x->{cut} ? (url => $self->{nowhere}) : ()});
	remove_tree($fresh->{home}, $fresh->{dir}) if $fresh;
	return $r;
}

# The same where it has to succeed: what it prints, with --json as JSON.
sub must
{
	my ($self, $x, @args) = @_;
	my $r = $self->on($x, @args);

	croak "$x->{name}: vault-env @{[grep { !ref } @args]}: $r->{status}\n" .
	    "$r->{stdout}$r->{stderr}" if $r->{status} != 0;
	return (grep { $_ eq '--json' } @args) ? decode_json($r->{stdout}) :
	    $r->{stdout};
}

# Machines that can act: at the network, with the VAULT_KEY that counts, admitted.
sub able
{
	my ($self, $may) = @_;
	my $model = $self->{model};

	return grep {
		my $x = $_;
		my $m = $model->member($x->{name});
		!$x->{cut} && !$model->{away} && $m && !$m->{revoked} &&
		    !Model::is_over($m) && $may->($m) && $model->has_key($x);
	} $model->machines;
}

sub admin { return pick($_[0]->able(\&Model::is_admin)) }

sub writers
{
	my ($self, $environment) = @_;

	return $self->able(sub { Model::may_write($_[0], $environment) });
}

# ---------------------------------------------------------------- acting

# The first machine makes the project, and a version of each environment.
sub begin
{
	my ($self, $name, @environments) = @_;
	my $x = $self->machine($name);

	$self->{ids}{$name} = $self->must($x, 'init', '--name', 'month',
	    '--json')->{device}{id};
	$self->{keys}{first} = $self->{at}{$name}->key;
	$self->{project} = $self->{at}{$name}->project;
	$self->{model}->append('admit', $name, {role => 'admin', environments =>
	    ['*'], expires => 0, cache_s => 604800, fresh_s => 0});
	$self->pushed($x, $_, {S_A => "first of $_"}, ['set',
	    "S_A=first of $_"]) for @environments;
}

sub scope_args
{
	my ($self, $scope) = @_;

	return ('--role', $scope->{role}, (map { ('--env', $_) }
	    @{$scope->{environments}}), (map { defined $scope->{$_->[1]} ?
	    ($_->[0], $scope->{$_->[1]} || 'none') : () }
	    ['--max-cache', 'cache_s'], ['--fresh', 'fresh_s']));
}

# Devices that are no admin's and are not revoked.
sub others
{
	my ($self) = @_;

	return grep {
		my $m = $self->{model}->member($_);
		!$m->{revoked} && $m->{role} ne 'admin';
	} sort keys %{$self->{ids}};
}

# A command that stores these secrets as the next version.
sub pushed
{
	my ($self, $x, $environment, $secrets, $command, $stdin) = @_;
	my $version = $self->{model}->push_version($environment, $x->{name},
	    $secrets);
	my $got = $self->must($x, @$command, '--env', $environment, '--json',
	    {stdin => $stdin})->{version};

	$got == $version or croak "$x->{name}: @$command made version $got of " .
	    "$environment, not $version";
}

# Sets [machine, name, value] at the same time: each makes a version of its own,
# and none is lost.
sub pushed_together
{
	my ($self, $environment, @set) = @_;
	my $model = $self->{model};
	my $before = $model->newest($environment);
	my @made = VaultTest::parallel(scalar @set, sub {
		my ($x, $name, $value) = @{$set[$_[0]]};
		return $self->must($x, 'set', "$name=$value", '--env',
		    $environment, '--json')->{version};
	});
	my @order = sort { ($made[$a] // 0) <=> ($made[$b] // 0) } 0 .. $#set;

	is_deeply [@made[@order]], [$before + 1 .. $before + @set],
	    "versions of $environment without gap or double";
	for (@order) {
		my ($x, $name, $value) = @{$set[$_]};
		$model->push_version($environment, $x->{name},
		    {%{$model->secrets($environment)}, $name => $value});
	}
}

# What a command confirmed by itself: as many versions more as the column of
# vault.heads says, so often in these environments at least (environment => how
# often), and nowhere else. A confirmed version holds what the one before did.
sub settle
{
	my ($self, $x, $column, %least) = @_;
	my $model = $self->{model};
	my %upto = map { split /\|/ } split /\n/, $self->{server}->psql(
	    "select environment, $column from vault.heads where project_id = " .
	    "'$self->{project}'");

	for my $environment ($model->environments) {
		my $more = $upto{$environment} - $model->newest($environment);
		my $least = $least{$environment};
		croak "$more versions more of $environment, not " . ($least // 'any')
		    if defined $least ? $more < $least || $more > $least + 1 : $more;
		$model->push_version($environment, $x->{name},
		    $model->secrets($environment), 1) for 1 .. $more;
	}
}

sub scoped
{
	my ($self, $name, $scope, @more) = @_;
	my $x = $self->admin;

	$self->must($x, 'scope-device', '--id', $self->{ids}{$name},
	    $self->scope_args($scope), @more);
	$self->settle($x, 'version', map { $_ => 0 }
	    $self->{model}->append('change', $name, $scope));
}

# Whom a new VAULT_KEY can be brought to: who is out does not get it.
sub reachable
{
	my ($self) = @_;
	my $model = $self->{model};

	return grep { !$_->{cut} &&
	    !($model->member($_->{name}) // {})->{revoked} } $model->machines;
}

# Another VAULT_KEY is made ready, and given to who has a network.
sub prepare
{
	my ($self, $x) = @_;
	my $key = 'prepared' . keys %{$self->{keys}};

	$self->{prepared} = {key => $key, by => $x};
	($self->{keys}{$key}) = $self->must($x, 'rotate-key', '--prepare') =~
	    /\b(vk_\S+)/ or croak 'no VAULT_KEY is printed';
	for ($self->reachable) {
		$_->{next} = $key;
		$self->put_keys($_);
	}
	return $key;
}

# A rotation was done there: by a VAULT_KEY that was prepared, or a new one.
sub replaced
{
	my ($self, $x, $key) = @_;
	my $model = $self->{model};

	$key //= 'key' . keys %{$self->{keys}};
	$self->settle($x, 'version', map { $_ => 1 } $self->key_is($x, $key));
	$self->hand_out($_) for grep { $_->{key} ne $key &&
	    (Model::is_admin($model->member($_->{name})) || draw(2)) }
	    $self->reachable;
}

# The command has put it into the .env file there. Returns what it cut.
sub key_is
{
	my ($self, $x, $key) = @_;

	$self->{keys}{$key} = $self->{at}{$x->{name}}->key;
	@$x{qw(key next)} = ($key, undef);
	# Who prepared one keeps it for a planned rotation, whatever others do.
	delete $self->{prepared} if $self->{prepared} &&
	    ($key eq $self->{prepared}{key} || $x == $self->{prepared}{by});
	return $self->{model}->append('rotate', $key);
}

sub hand_out
{
	my ($self, $x) = @_;

	@$x{qw(key next)} = ($self->{model}->key, undef);
	$self->put_keys($x);
}

# True if it can open each version that is kept. Who was let in between a backup
# and its restoration got the data keys of old versions with that, and they are lost.
sub has_old_keys
{
	my ($self, $x) = @_;
	my $backup = $self->{backup};

	return !$backup->{is_restored} || Model::is_admin(
	    $self->{model}->member($x->{name}, $backup->{log}));
}

1;
