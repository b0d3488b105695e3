# SPDX-License-Identifier: MIT
# Servers to measure, each a development server of its own, and what is in them:
# projects made through the API, whose requests can be signed, and projects
# written straight into the tables, for pgbench and to make the tables large.
package Bench::Site;
use strict;
use warnings;
use Carp qw(croak);
use MIME::Base64 qw(encode_base64);
use VaultTest;

my %shared;

# Options: name, web, tls, projects (how many), blob (bytes), set (settings).
# Each project has an approved device and one version of `production`; the
# pushes of a benchmark go to `staging`.
sub new
{
	my ($class, %opt) = @_;
	my $self = bless {%opt}, $class;
	my $blob = VaultTest::Client::blob($opt{blob} // 2048);
	my $first;

	$self->{server} = VaultTest->server(web => $opt{web} // 'nginx',
	    set => {project_daily_limit => 0, max_devices => 1_000_000,
	    project_quota_mib => 0, keep_versions => 0,
	    %{$opt{set} // {}}});
	$self->{url} = $self->{server}{url};
	for my $n (1 .. $opt{projects} // 1) {
		my $c = VaultTest::Client->new($self->{url});
		# One connection for all of them.
		$first //= $c->http;
		$c->{http}{$$} = $first;
		$c->create("bench $n")->register('bench');
		my $r = $c->push_blob('production', $blob);
		croak "push: $r->{status} $r->{raw}" if $r->{status} != 200;
		push @{$self->{clients}}, $c;
	}
	# Perl's core has no TLS, so that comes last.
	if ($opt{tls}) {
		$self->{server}->_must('up', '--tls', '--port', 0) =~ /(\S+)\s*\z/
		    and $self->{url} = $1;
	}
	return $self;
}

# Protocol v2 wants to know by which url its clients know the server.
sub known
{
	my ($self) = @_;

	$self->{server}->set(url => $self->{url}) if !$self->{known}++;
	return $self;
}

# The one that most of the rows are measured on, made when first asked for.
sub shared
{
	my ($class, $name, %opt) = @_;

	return $shared{$name} //= $class->new(%opt);
}

sub down
{
	my ($self) = @_;

	$self->{server}->down;
	for my $name (keys %shared) {
		delete $shared{$name} if $shared{$name} == $self;
	}
}

# ------------------------------------------------------------------ over HTTP

# A plan of load.lua. Options: from, projects (the first one, and how many; all),
# environment, blob (base64 text, for push).
sub plan
{
	my ($self, $path, %opt) = @_;
	my $from = $opt{from} // 0;
	my $n = $opt{projects} // @{$self->{clients}} - $from;
	my @targets;

	for my $c (@{$self->{clients}}[$from .. $from + $n - 1]) {
		my %body = (project_id => $c->{project});
		if ($path eq 'devices/register') {
			$body{device_name} = 'load';
		} else {
			$body{environment} = $opt{environment} //
			    ($path eq 'secrets/push' ? 'staging' : 'production');
			$body{device_hash} = $c->{device_hash};
		}
		$body{secrets} = $opt{blob} if $path eq 'secrets/push';
		push @targets, {key => unpack('H*', $c->{auth_key}),
		    body => '{' . join ',', map { "\"$_\":\"$body{$_}\"" }
		    sort keys %body};
	}
	return {path => "/api/v1/$path", targets => \@targets,
	    member => $path eq 'devices/register' ? 'device_hash' : 'unique'};
}

# ------------------------------------------------------ straight into tables

# As the owner of the tables, unless said otherwise; it may take its time.
sub sql
{
	my ($self, $sql, %env) = @_;
	my $r = VaultTest::run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c',
	    $sql], env => {%{$self->{server}->pg_env}, %env}, timeout => 1200);

	croak "psql: $r->{stderr}in: $sql" if $r->{status} != 0;
	chomp $r->{stdout};
	return $r->{stdout};
}

# The same without the checks of foreign keys, which cost more than the rows.
sub fill
{
	my ($self, $sql) = @_;

	return $self->sql($sql, PGUSER => 'postgres',
	    PGOPTIONS => '-c session_replication_role=replica');
}

# n projects that pgbench can name by a number (Bench::Load, :i), each with an
# approved device, the three environments and a version of production. No
# server can verify a signature for them.
sub clone
{
	my ($self, $n, $blob_len) = @_;
	my $series = "generate_series(1, $n) i";
	my $project = "lpad(i::text, 32, '0')::uuid";
	my $blob = '\\x' . unpack 'H*',
	    VaultTest::Client::random_bytes($blob_len);

	$self->fill($_) for
	    "insert into vault.projects (id, name, auth_key)
	    select $project, 'bench', decode(repeat('00', 60), 'hex') from $series",
	    "insert into vault.devices (project_id, name, hash, status, approved_at)
	    select $project, 'bench', sha256(int4send(i)), 'approved', now()
	    from $series",
	    "insert into vault.environments (project_id, name, version, updated_at)
	    select $project, e, case e when 'production' then 1 else 0 end,
	    case e when 'production' then now() end from $series,
	    unnest(array['development', 'staging', 'production']) e",
	    "insert into vault.secret_versions (project_id, environment, version,
	    blob) select $project, 'production', 1, '$blob'::bytea from $series";
}

# Statistics as after a night's rest, and nothing left to write.
sub settle
{
	my ($self) = @_;

	$self->sql($_, PGUSER => 'postgres') for 'vacuum analyze', 'checkpoint';
}

# Are the versions of every `staging` 1, 2, ... N, and N of them all together at
# least as many as were acknowledged? What is wrong, or ''.
sub gaps
{
	my ($self, $acknowledged) = @_;
	my ($n, $bad) = split /\|/, $self->sql("select coalesce(sum(n), 0),
	    count(*) filter (where n <> max or min <> 1 or n <> version)
	    from (select e.version, count(*) n, min(s.version), max(s.version)
	    from vault.environments e join vault.secret_versions s
	    on s.project_id = e.project_id and s.environment = e.name
	    where e.name = 'staging' group by e.project_id, e.version) t");

	return "$bad environments have gaps in their versions" if $bad;
	return "$n versions are stored, $acknowledged were acknowledged"
	    if $n < $acknowledged;
	return '';
}

1;
