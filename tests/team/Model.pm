# SPDX-License-Identifier: MIT
# A small model of a team of protocol v2: who may do what, what was pushed, which
# VAULT_KEY and which cache each machine has. It says what a read on a machine
# has to give. It knows no bytes, keys or files, and asks nobody.
package Model;
use strict;
use warnings;
use List::Util qw(max);

my $STALE = qr/this device accepts only those of the last /;
my %RANK = (reader => 1, writer => 2, admin => 3);

# log: entries {kind, name, scope, cuts => {environment => version}}; name is a
# device's or, of a rotation, the new VAULT_KEY's. The first VAULT_KEY is "first".
# versions: environment => [{author, secrets, is_confirm, gone, at}], the first being
# version 1; gone: what it holds is no longer kept; at: when it was made.
sub new
{
	my ($class) = @_;

	return bless {log => [], versions => {}, machines => {}, away => 0},
	    $class;
}

# A machine: name, keeps (false: it starts with an empty home folder each time),
# key and next (names of VAULT_KEYs), known (entries of the log that it has seen),
# cache (environment => [version, VAULT_KEY, when]), cut (from the network), later
# (seconds that its clock is ahead of ours).
sub machine
{
	my ($self, $name, %more) = @_;

	return $self->{machines}{$name} = {name => $name, keeps => 1,
	    key => $self->key, next => undef, known => 0, cache => {},
	    cut => 0, later => 0, %more};
}

sub machines
{
	my ($self) = @_;

	return map { $self->{machines}{$_} } sort keys %{$self->{machines}};
}

sub keys_of { return grep { defined } @{$_[0]}{qw(key next)} }
sub environments { return sort keys %{$_[0]{versions}} }
sub newest { return scalar @{$_[0]{versions}{$_[1]}} }

# ---------------------------------------------------------------- the log

# The VAULT_KEY that counts at the end of the first n entries.
sub key
{
	my ($self, $n) = @_;

	return (map { $_->{name} } grep { $_->{kind} eq 'rotate' }
	    $self->_first($n))[-1] // 'first';
}

sub _first
{
	my ($self, $n) = @_;

	return @{$self->{log}}[0 .. ($n // @{$self->{log}}) - 1];
}

# What a device may, by the first n entries: {role, environments, expires,
# cache_s, fresh_s (0: no limit), revoked}. Nothing: it is not in them.
sub member
{
	my ($self, $name, $n) = @_;
	my $m;

	for ($self->_first($n)) {
		next if $_->{kind} eq 'rotate' || $_->{name} ne $name;
		$m = $_->{kind} eq 'revoke' ? {%$m, revoked => 1} :
		    {%{$_->{scope}}};
	}
	return $m;
}

sub in_scope
{
	my ($m, $environment) = @_;

	return scalar grep { $_ eq '*' || $_ eq $environment }
	    @{$m->{environments}};
}

sub may_write
{
	my ($m, $environment) = @_;

	return $m && !$m->{revoked} && $RANK{$m->{role}} >= 2 &&
	    in_scope($m, $environment);
}

sub is_admin { return $_[0] && !$_[0]{revoked} && $_[0]{role} eq 'admin' }

# now: on its machine's clock.
sub is_over
{
	my ($m, $now) = @_;

	return $m->{expires} > 0 && $m->{expires} < ($now // time);
}

sub _is_stale
{
	my ($m, $version, $now) = @_;

	return $m->{fresh_s} && $version->{at} + $m->{fresh_s} < $now;
}

# True if the new scope lacks something that the old one gave.
sub _takes
{
	my ($old, $new) = @_;

	return $RANK{$new->{role}} < $RANK{$old->{role}} ||
	    grep { !in_scope($new, $_) } @{$old->{environments}};
}

# Returns the environments that are cut: a new data key is due there.
sub append
{
	my ($self, $kind, $name, $scope) = @_;
	my $old = $kind eq 'rotate' || $kind eq 'admit' ? undef :
	    $self->member($name);
	my $cuts = $kind eq 'revoke' || $kind eq 'change' && _takes($old, $scope);
	my @cut = $kind eq 'rotate' ? $self->environments :
	    grep { $cuts && in_scope($old, $_) } $self->environments;

	push @{$self->{log}}, {kind => $kind, name => $name, scope => $scope,
	    cuts => {map { $_ => $self->newest($_) } @cut}};
	return @cut;
}

# What a confirmation holds is kept while it is the newest.
sub push_version
{
	my ($self, $environment, $author, $secrets, $is_confirm) = @_;
	my $versions = $self->{versions}{$environment} //= [];

	$versions->[-1]{gone} = 1 if @$versions && $versions->[-1]{is_confirm};
	push @$versions, {author => $author, secrets => {%$secrets},
	    is_confirm => $is_confirm, at => time};
	return scalar @$versions;
}

sub secrets
{
	my ($self, $environment, $version) = @_;

	return $self->{versions}{$environment}[($version // 0) - 1]{secrets};
}

# ---------------------------------------------------------------- reading

sub _refused { return {exit => $_[0], says => $_[1]} }

# What a read of an environment gives there: {exit, says} or {exit, secrets}.
# how: run, which may take the cache, or another command. The machine's memory
# is then as the read leaves it.
sub expect
{
	my ($self, $x, $environment, $how) = @_;
	my $versions = $self->{versions}{$environment};
	my $all = @{$self->{log}};
	my $m = $self->member($x->{name});
	my $replaced = $self->_replaced_at($x);

	return $self->_kept($x, $environment, $how, _refused(4,
	    qr/Cannot reach|cannot answer now/)) if $self->{away} || $x->{cut};
	if ($replaced) {
		my $revoked = $self->_revoked_at($x);
		return $self->_revoked($x) if $revoked && $revoked <= $replaced;
		$self->_saw($x, $replaced);
		return $self->_kept($x, $environment, $how,
		    _refused(3, qr/VAULT_KEY was replaced on /));
	}
	return _refused(3, qr/Device not yet approved/) if !$m;
	return $self->_revoked($x) if $m->{revoked};
	return _refused(3, qr/This device's access ended on /) if is_over($m);
	return _refused(3, qr/may not (?:read|use)/)
	    if !in_scope($m, $environment);
	return _refused(1, qr/No secrets stored yet/) if !@{$versions // []};
	$self->_saw($x, $all);
	return _refused(3, $STALE) if _is_stale($m, $versions->[-1], time);
	$x->{cache}{$environment} = [$self->newest($environment), $self->key, time]
	    if $x->{keeps} && $m->{cache_s} > 0;
	return {exit => 0, secrets => $versions->[-1]{secrets}};
}

sub _saw
{
	my ($self, $x, $n) = @_;

	$x->{known} = max $x->{known}, $n if $x->{keeps};
}

# How many entries there are up to the one that replaced the VAULT_KEY in use there;
# 0: none did. VAULT_KEY_NEXT follows VAULT_KEY at its rotation: who was given it
# but missed one before is shown the log up to that one.
sub _replaced_at
{
	my ($self, $x) = @_;
	my ($key, $next) = @$x{qw(key next)};

	for my $n (1 .. @{$self->{log}}) {
		my $newest = $self->key($n);
		next if $newest eq $key || $self->key($n - 1) ne $key;
		return $n if $newest ne ($next // '');
		$key = $newest;
	}
	return 0;
}

# True if it can ask a server: the VAULT_KEY in use there is the newest.
sub has_key
{
	my ($self, $x) = @_;

	return !$self->_replaced_at($x);
}

# How many entries there are up to its revocation; 0: there is none.
sub _revoked_at
{
	my ($self, $x) = @_;

	for my $n (1 .. @{$self->{log}}) {
		my $e = $self->{log}[$n - 1];
		return $n if $e->{kind} eq 'revoke' && $e->{name} eq $x->{name};
	}
	return 0;
}

# The log ends for it with its revocation, and its caches are removed.
sub _revoked
{
	my ($self, $x) = @_;

	$self->_saw($x, $self->_revoked_at($x));
	$x->{cache} = {};
	return {exit => 3, says => qr/This device was revoked on /, wiped => 1};
}

# What the cache gives, by what the machine knows of the log; else $away.
sub _kept
{
	my ($self, $x, $environment, $how, $away) = @_;
	my ($version, $key, $when) = @{$x->{cache}{$environment} // []};
	my $m = $self->member($x->{name}, $x->{known});
	my $now = time + $x->{later};
	my ($cut, $made);

	return $away if $how ne 'run' || !defined $version ||
	    !grep { $_ eq $key } keys_of($x);
	return $self->_revoked($x) if $m->{revoked};
	return _refused(3, qr/This device's access ended on /)
	    if is_over($m, $now);
	return _refused(3, qr/may not read/) if !in_scope($m, $environment);
	return _refused($away->{exit}, qr/cache is .* old, this device's limit is /)
	    if $when + $m->{cache_s} < $now;
	$made = $self->{versions}{$environment}[$version - 1];
	for ($self->_first($x->{known})) {
		$cut = $_->{cuts}{$environment} // $cut;
	}
	# Where VAULT_KEY was replaced, another one is what is needed.
	return _refused($away->{exit} == 3 ? 3 : 5,
	    qr/may not write there/) if defined $cut &&
	    $version < $cut && !may_write($self->member($made->{author},
	    $x->{known}), $environment);
	return _refused($away->{exit}, $STALE) if _is_stale($m, $made, $now);
	return {exit => 0, secrets => $made->{secrets}};
}

1;
