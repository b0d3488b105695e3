# SPDX-License-Identifier: MIT
# The rows of protocol v2: its pulls beside those of v1 on the same server, what
# they and pushes cost when records and log have grown, and a large team.
package Bench::V2;
use strict;
use warnings;
use Bench::Client;
use Bench::Load;
use Bench::Server;
use Bench::Site;
use Bench::Team;
use VaultTest;

my @NEEDS = (qw(wrk nginx psql fcgi/vault.fcgi lib/libcommon.la),
    '/usr/include/sodium.h');

# A measurement of these projects of the site.
sub through
{
	my ($opt, $connections, $path, $site, $projects, %plan) = @_;

	return sub {
		Bench::Team::refresh($site->(), $projects->());
		return Bench::Load::http(url => $site->()->{url},
		    connections => $connections, seconds => $opt->{seconds},
		    server => $site->()->{server},
		    plan => Bench::Team::plan($path, $projects->(), %plan));
	};
}

sub pull
{
	my ($opt) = @_;
	my @projects;
	my @of = (\&Bench::Server::site, sub { \@projects });

	return {
		name => 'v2-pull', needs => \@NEEDS,
		about => 'pull of 2048 bytes in protocol v2, and in v1 on the ' .
		    'same server, each audited on disk before it is answered; ' .
		    'nginx, http, 200 projects',
		start => sub {
			Bench::Server::prepare();
			my $site = Bench::Server::site()->known;
			@projects = Bench::Team::projects(Bench::Client::team(),
			    $site->{url}, 200);
			$site->settle;
		},
		measure => [
			['v2 pull, unchanged', 'req/s', through($opt, 32,
			    'secrets/pull', @of)],
			['v2 pull, changed', 'req/s', through($opt, 32,
			    'secrets/pull', @of, changed => 1)],
			['v1 pull', 'req/s', Bench::Server::through($opt, 32,
			    'secrets/pull')],
		],
		rows => [
			{name => 'v2-pull-unchanged', over => 'v2 pull, unchanged',
			    under => 'v1 pull', beside => 'cpu_us',
			    sense => '>=', goal => 1.0},
			{name => 'v2-pull-changed', over => 'v2 pull, changed',
			    under => 'v1 pull', beside => 'cpu_us',
			    sense => '>=', goal => 0.9},
		],
	};
}

# Records below the two that there are, whose blobs are gone.
sub grow_records
{
	my ($site, $n) = @_;
	my $more = $n - 2;

	$site->fill("update vault.records set version = version + $more;
	    update vault.heads set version = version + $more,
	    cut_version = cut_version + $more;
	    insert into vault.records (project_id, environment, version, record,
	    hash, key_id, op, log_seq, author) select r.project_id,
	    r.environment, i, r.record, sha256(int4send(i)), r.key_id, 0, 0,
	    r.author from vault.records r, generate_series(1, $more) i
	    where r.version = $n order by 1, 2, 3");
}

# Entries behind those that there are.
sub grow_log
{
	my ($site, $n) = @_;

	$site->fill("insert into vault.log (project_id, seq, entry, hash, kind,
	    device_id) select p.id, i, l.entry, sha256(int4send(i::int)), 2,
	    gen_random_uuid() from vault.projects p join vault.log l
	    on l.project_id = p.id and l.seq = 1,
	    generate_series(p.log_count, $n - 1) i order by 1, 2;
	    update vault.projects set log_count = $n,
	    log_hash = sha256(int4send($n - 1)) where log_count > 0");
}

sub growth
{
	my ($opt) = @_;
	my $records = $opt->{quick} ? 1000 : 10_000;
	my %axis = (
		small => ['of 10 records, 10 entries', 10, 10],
		records => ["of $records records, 10 entries", $records, 10],
		log => ['of 10 records, 1000 entries', 10, 1000],
	);
	my (%site, %projects, @measure, @rows);

	for my $verb ('pull', 'push') {
		for my $name ('small', 'records', 'log') {
			my ($text, undef, $entries) = @{$axis{$name}};
			my $sub = through($opt, 8, "secrets/$verb",
			    sub { $site{$name} }, sub { $projects{$name} },
			    changed => 1, log_have => $entries);
			push @measure, ["v2 $verb $text", 'us/req', sub {
				my $r = $sub->();
				$r->{value} = 1e6 / $r->{value};
				return $r;
			}];
			next if $name eq 'small';
			push @rows, {name => "v2-$verb-growth-$name",
			    over => "v2 $verb $text",
			    under => "v2 $verb $axis{small}[0]",
			    beside => 'cpu_us', sense => '<=', goal => 1.15};
		}
	}
	return {
		name => 'v2-growth', needs => \@NEEDS,
		about => 'time of a request of protocol v2, which is 1 / ' .
		    'throughput at 8 connections (nginx, http), 32 projects',
		start => sub {
			for my $name (sort keys %axis) {
				my (undef, $n_records, $n_entries) =
				    @{$axis{$name}};
				my $site = Bench::Site->new->known;
				$site{$name} = $site;
				$projects{$name} = [Bench::Team::projects(
				    Bench::Client::team(), $site->{url}, 32)];
				grow_records($site, $n_records);
				grow_log($site, $n_entries);
				Bench::Team::refresh($site, $projects{$name});
				$site->settle;
			}
		},
		finish => sub { $_->down for values %site; return '' },
		measure => \@measure, rows => \@rows,
	};
}

# What lib/PROTOCOL-v2 reckons with: ms of the client's processor, KB of the
# request.
my $CHANGES = 10;
my @STEPS = (
	{name => 'admit', about => 'admit a device', ms => 6, KB => 25},
	{name => 'revoke', about => 'revoke it', ms => 1, KB => 9},
	{name => 'push', about => 'the first push after it', ms => 62,
	    KB => 180},
);

# The means of each step: of client and server, and of the request's size.
sub changes
{
	my ($site) = @_;
	my ($chain, @requests) = Bench::Team::requests(Bench::Client::team(),
	    $site->{url}, 1000, 100, $CHANGES);
	my $http = Bench::Team::http();
	my @measured = splice @requests, -@STEPS * $CHANGES;
	my (%sum, $before);

	Bench::Team::must_send($http, $site->{url}, $chain->{key}, $_) for @requests;
	for my $i (0 .. $#measured) {
		my $sum = $sum{$STEPS[$i % @STEPS]{name}} //= {};
		my $before = Bench::Load::cpu_seconds($site->{server});
		Bench::Team::must_send($http, $site->{url}, $chain->{key},
		    $measured[$i]);
		$sum->{server} += 1000 / $CHANGES *
		    (Bench::Load::cpu_seconds($site->{server}) - $before);
		$sum->{ms} += $measured[$i]{ms} / $CHANGES;
		$sum->{KB} += length($measured[$i]{body}) / 1000 / $CHANGES;
	}
	return \%sum;
}

sub team
{
	my ($site, $sum, @rows);
	my @measure = map { ["1 $_", $_, sub { 1 }] } 'ms', 'KB';

	for my $step (@STEPS) {
		my ($name, $about) = @$step{qw(name about)};
		push @measure, ["$about, server", 'ms', sub {
			return $sum->{$name}{server} }];
		for my $unit ('ms', 'KB') {
			my $over = "$about, " . ($unit eq 'ms' ? 'client' :
			    'request');
			push @measure, [$over, $unit, sub {
				return $sum->{$name}{$unit} }];
			push @rows, {name => "v2-team-$name-$unit",
			    over => $over, under => "1 $unit", sense => '<=',
			    goal => $step->{$unit}};
		}
	}
	return {
		name => 'v2-team', needs => \@NEEDS, full => 1,
		rounds => sub { return 1 },
		about => '1,000 devices that may read 100 environments: what ' .
		    'client and server work, and how large the request is',
		start => sub {
			$site = Bench::Site->new->known;
			$sum = changes($site);
		},
		finish => sub { $site->down; return '' },
		measure => \@measure, rows => \@rows,
	};
}

sub sets
{
	my ($opt) = @_;

	return (pull($opt), growth($opt), team($opt));
}

1;
