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

	$site->fill("insert into vault.secret_versions (project_id,
	    environment, version, blob)
	    select e.project_id, e.name, i, decode(repeat('00', 64), 'hex')
	    from vault.environments e, generate_series(1, $n - 1) i
	    where e.name = 'staging' or e.name = 'production' and i > 1
	    order by 1, 2, 3");
	# What is pulled lies at the end, as large as on the other side.
	$site->fill("insert into vault.secret_versions (project_id,
	    environment, version, blob)
	    select e.project_id, e.name, $n, s.blob from vault.environments e
	    join vault.secret_versions s on s.project_id = e.project_id
	    and s.environment = 'production' and s.version = 1
	    where e.name in ('staging', 'production')");
	$site->fill("update vault.environments set version = $n,
	    updated_at = now() where name in ('staging', 'production')");
}

# n rows of the last twelve months and this one, in a partition for each month;
# of a thousand projects, those that are asked among them. Months that are over
# get their index when they are full, which is faster.
sub grow_audit
{
	my ($site, $n) = @_;
	my $each = int $n / 13 / 1000;
	my $asked = join ', ', map { "('$_->{project}'::uuid)" }
	    @{$site->{clients}};
	my $columns = 'project_id, at, id, action, outcome, environment, ' .
	    'version, remote';

	for my $ago (0 .. 12) {
		my ($name, $from, $to, $end) = split /\|/, $site->sql("select
		    to_char(m, '\"audit_log_\"YYYY_MM'), m at time zone 'UTC',
		    (m + interval '1 month') at time zone 'UTC', least(now(),
		    (m + interval '1 month') at time zone 'UTC')
		    from (select date_trunc('month', timezone('UTC', now())) -
		    interval '$ago months' m) t");
		my $rows = "insert into vault.$name ($columns)
		    select p.id, '$from'::timestamptz + i *
		    ('$end'::timestamptz - '$from') / ($each + 1), p.id,
		    'secrets/pull', '00000', 'production', 1, '127.0.0.1'
		    from generate_series(1, $each) i, (select * from
		    (values $asked) t (id) union all select gen_random_uuid()
		    from generate_series(1, @{[1000 - $PROJECTS]})) p";
		$site->sql($ago == 0 ? $rows : "create table vault.$name
		    (like vault.audit_log including all excluding indexes);
		    $rows;
		    alter table vault.$name add primary key
		    (project_id, at, id);
		    alter table vault.audit_log attach partition vault.$name
		    for values from ('$from') to ('$to')");
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
		    sub { grow_versions($_[0], $SMALL_VERSIONS);
			$_[0]->clone($PROJECTS, 64) }],
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
	# Over HTTP only few can be asked; pgbench can ask for any of them.
	for my $case (['projects', $projects - $PROJECTS], ['small', $PROJECTS]) {
		my ($name, $n) = @$case;
		last if $opt->{quick};
		push @measure, ["pull under pgbench, any of $n projects", 'us/req',
		    sub {
			my $r = Bench::Load::pgbench(statement => 'secret_pull',
			    server => $site{$name}{server},
			    environment => 'production', clients => 8,
			    choose => "\\set i random(1, $n)",
			    seconds => $opt->{seconds});
			$r->{value} = 1e6 / $r->{value};
			return $r;
		}];
	}
	return {
		name => 'growth',
		rounds => sub { return $opt->{quick} ? $_[0] - 1 || 1 : $_[0] },
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
