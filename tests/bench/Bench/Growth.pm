# SPDX-License-Identifier: MIT
# What a pull and a push cost in a database that has grown, against what they
# cost in a small one. Small and large are servers side by side; each axis has
# been grown alone, by rows written straight into the tables.
package Bench::Growth;
use strict;
use warnings;
use Bench::Load;
use Bench::Site;
use VaultTest;

my $PROJECTS = 8;		# those that are asked, on both sides
my $CONNECTIONS = 8;
my $SMALL_VERSIONS = 10;

# Old versions of both environments that are asked, below the one there is.
sub grow_versions
{
	my ($site, $n) = @_;

	$site->superuser("insert into vault.secret_versions (project_id,
	    environment, version, blob)
	    select e.project_id, e.name, i, decode(repeat('00', 64), 'hex')
	    from vault.environments e, generate_series(1, $n - 1) i
	    where e.name = 'staging' or e.name = 'production' and i > 1
	    order by 1, 2, 3");
	# What is pulled lies at the end, as large as on the other side.
	$site->superuser("insert into vault.secret_versions (project_id,
	    environment, version, blob)
	    select e.project_id, e.name, $n, s.blob from vault.environments e
	    join vault.secret_versions s on s.project_id = e.project_id
	    and s.environment = 'production' and s.version = 1
	    where e.name in ('staging', 'production')");
	$site->superuser("update vault.environments set version = $n,
	    updated_at = now() where name in ('staging', 'production')");
}

# n rows of the last twelve months and this one, in a partition for each month;
# of a thousand projects, those that are asked among them.
sub grow_audit
{
	my ($site, $n) = @_;
	my $months = 13;
	my $each = int $n / $months;
	my $projects = join ', ', map { "'$_->{project}'" } @{$site->{clients}};

	for my $ago (reverse 0 .. $months - 1) {
		my $from = "(date_trunc('month', timezone('UTC', now())) -
		    interval '$ago months')";
		my $table = $site->superuser("select 'vault.audit_log_' ||
		    to_char($from, 'YYYY_MM')");
		if ($ago > 0) {
			my ($start, $end) = map { $site->superuser("select
			    ($from + interval '$_ months') at time zone 'UTC'") }
			    0, 1;
			$site->superuser("create table if not exists $table
			    partition of vault.audit_log
			    for values from ('$start') to ('$end')");
		}
		# This month has not gone on for longer than until now.
		$site->superuser("insert into vault.audit_log (project_id, at,
		    action, outcome, environment, version, remote)
		    select p.id[1 + i % 1000],
		    $from at time zone 'UTC' + i * (least(now(),
		    ($from + interval '1 month') at time zone 'UTC') -
		    $from at time zone 'UTC') / ($each + 1),
		    'secrets/pull', '00000', 'production', 1, '127.0.0.1'
		    from generate_series(1, $each) i, (select
		    array[$projects]::uuid[] || array_agg(gen_random_uuid()) id
		    from generate_series(1, @{[1000 - $PROJECTS]})) p");
	}
}

sub sets
{
	my ($opt) = @_;
	my $scale = $opt->{quick} ? 10 : 1;
	my ($versions, $projects, $audit) =
	    map { $_ / $scale } 100_000, 1_000_000, 10_000_000;
	my %axis = (
		versions => ["of $versions versions", sub {
			grow_versions($_[0], $versions) }],
		projects => ["among $projects projects", sub {
			grow_versions($_[0], $SMALL_VERSIONS);
			$_[0]->clone($projects - $PROJECTS, 64) }],
		audit => ["beside $audit audit rows", sub {
			grow_versions($_[0], $SMALL_VERSIONS);
			grow_audit($_[0], $audit) }],
		small => ["of $SMALL_VERSIONS versions among $PROJECTS projects",
		    sub { grow_versions($_[0], $SMALL_VERSIONS) }],
	);
	my @axes = ('small', 'versions', 'projects', 'audit');
	my (%site, @measure, @rows);

	for my $verb ('pull', 'push') {
		for my $name (@axes) {
			push @measure, ["$verb $axis{$name}[0]", 'us/req', sub {
				my $r = Bench::Load::http(
				    url => $site{$name}{url},
				    connections => $CONNECTIONS,
				    seconds => $opt->{seconds},
				    server => $site{$name}{server},
				    plan => $site{$name}->plan("secrets/$verb",
				    blob => $opt->{blob}));
				$r->{value} = 1e6 / $r->{value};
				return $r;
			}];
			next if $name eq 'small';
			push @rows, {name => "$verb-growth-$name",
			    over => "$verb $axis{$name}[0]",
			    under => "$verb $axis{small}[0]",
			    beside => 'cpu_us', sense => '<=', goal => 1.15};
		}
	}
	return {
		name => 'growth',
		needs => [qw(wrk nginx psql fcgi/vault.fcgi)],
		about => 'time of a request, which is 1 / throughput at ' .
		    "$CONNECTIONS connections (nginx, http), spread over the " .
		    "same $PROJECTS projects in small and large databases",
		start => sub {
			for my $name (@axes) {
				$site{$name} = Bench::Site->new(
				    projects => $PROJECTS, blob => 2048);
				$axis{$name}[1]->($site{$name});
				$site{$name}->settle;
			}
			$opt->{blob} = VaultTest::Client::blob(2048);
		},
		finish => sub { $_->down for values %site; return '' },
		measure => \@measure, rows => \@rows,
	};
}

1;
