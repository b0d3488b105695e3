# SPDX-License-Identifier: MIT
# V2: projects of protocol v2 for the tests of sql/. The functions believe what
# vault.fcgi tells them of a statement, so that here an entry or a record is any
# bytes, and its hash the SHA-256 of them.
#
#   my $t = V2->new($db);			a project with an admin: $t->{id}
#   my $k = $t->admit('name', 2, '{dev}');	a device with a request key: its name
#   $t->append('name', kind => 4, ...)		outcome|code|log_count
#   $t->push_('name', env => 'dev', ...)	outcome|code|version
#   $t->pull('name', ...), $t->poll('name', ...)
# The device is named by who asks; $t->key('name') is the SQL of its request id,
# $t->device('name') its id. $t->{keys}{name}: whose key it uses instead.
package V2;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Exporter 'import';
use SqlTest;

our @EXPORT = qw(hash array);
our $n = 0;

sub hash { return "sha256('$_[0]')" }

sub quote
{
	my ($v) = @_;
	return 'null' unless defined $v;
	return $v =~ /^(?:sha256|substr|decode|array|null|true|false|\d+$|-\d)/
		? $v : "'$v'";
}

sub array
{
	my ($type, @v) = @_;
	return 'array[' . join(', ', map { quote($_) } @v) . "]::$type\[]";
}

# A call by named arguments.
sub call
{
	my ($db, $columns, $function, %arg) = @_;
	return $db->as_server("select $columns from vault.$function("
		. join(', ', map { "p_$_ => " . quote($arg{$_}) }
		sort keys %arg) . ')');
}

sub new
{
	my ($class, $db, %o) = @_;
	my $hex = sha256_hex('project' . $n++);
	my $self = bless { db => $db, count => 1,
		id => $o{id} // $hex =~ s/^(.{8})(....)(....)(....)(.{12}).*/$1-$2-$3-$4-$5/r,
		}, $class;
	$self->{head} = hash($self->{root} = "root $self->{id}");
	$self->{created} = call($db, 'outcome, device_id, log_count',
		'project_create_v2', $self->create_args, %o) unless $o{bare};
	return $self;
}

sub create_args
{
	my ($self) = @_;
	return (project => $self->{id}, key => $self->key('admin'),
		digest => hash('c' . $n++), remote => '10.0.0.1', name => 'x',
		sealed => bytes(60, '01'), key_id => bytes(16, 'ab'),
		entry => hash($self->{root}), hash => $self->{head},
		join => bytes(32, '10'), device => $self->device('admin'),
		device_name => 'admin', sign => bytes(32, '02'),
		box => bytes(32, '03'), registration => hash('reg'),
		daily_limit => 0);
}

sub device
{
	my ($self, $name) = @_;
	return sha256_hex("$self->{id} $name")
		=~ s/^(.{8})(....).(...).(...)(.{12}).*/$1-$2-8$3-8$4-$5/r;
}

sub key
{
	my ($self, $name) = @_;
	$name = $self->{keys}{$name} // $name;
	return "substr(sha256('$self->{id} k$name'), 1, 16)";
}

sub register_args
{
	my ($self, $name, %o) = @_;
	return (project => $self->{id}, key => $self->key($name),
		digest => hash('r' . $n++), remote => '10.0.0.2',
		sealed => bytes(60, '01'), key_id => bytes(16, 'ab'),
		join => bytes(32, '10'), device => $self->device($name),
		name => $name, sign => bytes(32, '02'), box => bytes(32, '03'),
		registration => hash("reg $name"), %o);
}

sub register
{
	my ($self, $name, %o) = @_;
	return call($self->{db}, 'outcome, code, status', 'member_register',
		$self->register_args($name, %o));
}

# cuts => [[env, version, hash]], wraps => [[env, key_id]], of => the device.
sub append_args
{
	my ($self, $who, %o) = @_;
	my $of = delete $o{of};
	my @cuts = @{delete $o{cuts} // []};
	my @wraps = @{delete $o{wraps} // []};
	my $entry = 'entry' . $n++;
	$self->{next} = $o{hash} // hash($entry);
	return (project => $self->{id}, key => $self->key($who),
		digest => hash('a' . $n++), remote => '10.0.0.3', flaw => undef,
		seq => $self->{count}, prev => $self->{head},
		author => $self->device($who), entry => hash($entry),
		hash => $self->{next},
		device => defined $of ? $self->device($of) : undef,
		name => $of, sign => bytes(32, '02'), box => bytes(32, '03'),
		role => 1, environments => array('text'), expires => 0,
		join => undef,
		cut_environment => array('text', map { $_->[0] } @cuts),
		cut_version => array('bigint', map { $_->[1] } @cuts),
		cut_hash => array('bytea', map { $_->[2] } @cuts),
		wrap_environment => array('text', map { $_->[0] } @wraps),
		wrap_key_id => array('bytea', map { $_->[1] } @wraps),
		wrap => array('bytea', map { bytes(80, '77') } @wraps),
		registration => undef, request_key => undef, sealed => undef,
		key_id => undef, max_devices => 100, %o);
}

sub append
{
	my ($self, $who, %o) = @_;
	my $got = call($self->{db}, 'outcome, code, log_count', 'log_append',
		$self->append_args($who, %o));
	if ($got =~ /^00000\|\|(\d+)$/ && $1 == $self->{count} + 1) {
		@$self{qw(count head)} = ($1, $self->{next});
	}
	return $got;
}

sub admit
{
	my ($self, $name, $role, $environments, %o) = @_;
	my $got = $self->append('admin', kind => 2, of => $name,
		role => $role, environments => $environments,
		registration => hash("reg $name"),
		request_key => $self->key($name), sealed => bytes(60, '01'),
		key_id => bytes(16, 'ab'), %o);
	die "admit $name: $got" if $got !~ /^00000/;
	return $name;
}

# readers => names that get a wrap, for a data key of its own: data => a name.
sub push_args
{
	my ($self, $who, %o) = @_;
	my @readers = @{delete $o{readers} // []};
	my $env = delete $o{env} // 'dev';
	my $data = delete $o{data};
	my $state = $self->{env}{$env} //= {version => 0};
	my $record = 'record' . $n++;
	$self->{pushed} = { env => $env, hash => hash($record),
		data => $data // $state->{data}, version => $state->{version} + 1 };
	return (project => $self->{id}, key => $self->key($who),
		digest => hash('p' . $n++), remote => '10.0.0.4', flaw => undef,
		environment => $env, version => $state->{version} + 1,
		prev => $state->{hash} // bytes(32, '00'),
		data_key => hash($data // $state->{data} // 'none'), op => 0,
		author => $self->device($who), log_seq => $self->{count} - 1,
		log_hash => $self->{head}, record => hash($record),
		hash => hash($record), blob => bytes(28, 'b1'),
		wrap_member => array('uuid', map { $self->device($_) } @readers),
		wrap => array('bytea', map { bytes(80, '77') } @readers),
		max_environments => 100, keep_versions => 0, max_bytes => 0, %o);
}

sub push_
{
	my ($self, $who, %o) = @_;
	my $got = call($self->{db}, 'outcome, code, version', 'record_push',
		$self->push_args($who, %o));
	my $p = $self->{pushed};
	$self->{env}{$p->{env}} = $p if $got eq "00000||$p->{version}";
	return $got;
}

sub cut
{
	my ($self, $env) = @_;
	return [$env, @{$self->{env}{$env}}{qw(version hash)}];
}

sub pull
{
	my ($self, $who, %o) = @_;
	return $self->pulls($who, 'outcome, version, unchanged,
		cardinality(log), log_count, cardinality(records), more,
		left(encode(blob, \'hex\'), 2), generation', %o);
}

sub pulls
{
	my ($self, $who, $columns, %o) = @_;
	return call($self->{db}, $columns, 'record_pull',
		project => array('uuid', $o{project} // $self->{id}),
		key => array('bytea', $o{key} // $self->key($who)),
		remote => array('text', '10.0.0.5'),
		environment => array('text', $o{env} // 'dev'),
		log_have => array('bigint', $o{log_have} // $self->{count}),
		record_have => array('bytea', $o{have}),
		records_from => array('bigint', $o{from}),
		version => array('bigint', $o{version}));
}

sub poll
{
	my ($self, $who, %o) = @_;
	return call($self->{db}, 'outcome, version, log_count', 'record_poll',
		project => array('uuid', $o{project} // $self->{id}),
		key => array('bytea', $o{key} // $self->key($who)),
		environment => array('text', $o{env} // 'dev'));
}

1;
