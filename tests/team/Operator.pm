# SPDX-License-Identifier: MIT
# What the operator of a Team's servers does: a backup, a loss of the database,
# and what the machines hold brought back to it.
package Operator;
use strict;
use warnings;
use Carp qw(croak);
use Model;
use Test::More;
use VaultTest;

sub _operator
{
	my ($self, @command) = @_;
	my $r = VaultTest::run(\@command, timeout => 120, env => {
	    %{$self->{server}->pg_env}, PGUSER => 'postgres',
	    PGDATABASE => 'postgres'});

	croak "@command: $r->{status}\n$r->{stdout}$r->{stderr}" if $r->{status};
	return $r->{stdout};
}

sub _vault
{
	my ($self, @args) = @_;

	return $self->_operator("$VaultTest::BUILD/fcgi/vault.fcgi", '--config',
	    $self->{server}->dir . '/vault.conf', @args);
}

sub backup
{
	my ($self) = @_;
	my $model = $self->{model};
	my $file = VaultTest::tmpdir() . '/backup';

	$self->_operator(qw(pg_dump --format custom --file), $file, 'vault');
	$self->{backup} = {file => $file, log => scalar @{$model->{log}},
	    newest => {map { $_ => $model->newest($_) } $model->environments}};
}

# The database is lost, and the backup put in its place.
sub restore
{
	my ($self) = @_;

	$self->{fleet}->stop;
	$self->_operator(qw(pg_restore --clean --if-exists --create --dbname
	    postgres), $self->{backup}{file});
	$self->{fleet}->start;
}

# Until the operator has what was lost, nobody who has seen more believes it.
sub check_short
{
	my ($self) = @_;
	my $model = $self->{model};
	my $log = $self->{backup}{log};
	my @wrong;

	# Of a VAULT_KEY that neither the server nor the machine's list has, nothing
	# can be said.
	for my $x (grep { $_->{keeps} && !$_->{cut} && $_->{known} > $log &&
	    ($_->{key} eq $model->key($log) || $model->has_key($_) &&
	    $model->key($_->{known}) eq $model->key) } $model->machines) {
		my $m = $model->member($x->{name}, $log);
		my ($environment) = grep { $m && !$m->{revoked} &&
		    !Model::is_over($m) && Model::in_scope($m, $_) }
		    sort keys %{$self->{backup}{newest}} or next;
		my $r = $self->on($x, 'run', '--env', $environment, '--', 'env');

		push @wrong, "$x->{name}: $r->{status}, $r->{stdout}$r->{stderr}"
		    if $r->{status} != 5 ||
		    $r->{stderr} !~ /list of devices is shorter than the one seen/;
	}
	is_deeply \@wrong, [], 'nobody takes the backup for the newest state';
}

# What the machines hold is given to the server. Of what was made since the backup
# they hold the newest versions alone; if their records do not reach back to it,
# what was before the last cut has to go.
sub bring_up_to_date
{
	my ($self) = @_;
	my $model = $self->{model};
	my $dir = VaultTest::tmpdir();
	my @from = grep { $_->{keeps} &&
	    !($model->member($_->{name}) // {})->{revoked} } $model->machines;

	VaultTest::spew("$dir/$_->{name}", $self->must($_, 'bundle', '--all'))
	    for @from;
	$self->{fleet}->stop;
	my $told = $self->_vault('--restore', map { "$dir/$_->{name}" } @from);
	unlike $told, qr/could not be taken/, 'all that they hold is taken';
	my %lost = map { $_ => 1 } $told =~ / of (\S+) had to go/g;
	$self->{fleet}->start;
	$self->{backup}{is_restored} = 1;
	for my $environment ($model->environments) {
		my $versions = $model->{versions}{$environment};
		my $kept = $lost{$environment} ? 0 :
		    $self->{backup}{newest}{$environment} // 0;
		$_->{gone} = 1 for @$versions[$kept .. $#$versions - 1];
		$self->must($self->admin, 'share', '--env', $environment);
	}
	like $self->_vault('--check-log'), qr/Their tables say what/,
	    'the tables are what log and records say';
}

1;
