# SPDX-License-Identifier: MIT
# Projects of protocol v2 on a server, made by the requests that team.c prints,
# and plans of load.lua for them. MACs are made here: they are good for minutes.
package Bench::Team;
use strict;
use warnings;
use Bench::Load;
use Carp qw(croak);
use Digest::SHA qw(hmac_sha256 sha256);
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use VaultTest;

my $json = JSON::PP->new->utf8->canonical;

sub lp { return pack 'N/a*', $_[0] }

sub header
{
	my ($key, $path, $body) = @_;
	my $time = VaultTest::Client::now_ms();
	my $nonce = VaultTest::Client::random_bytes(16);
	my $mac = hmac_sha256(join('', map { lp($_) } 'vault-request-v2', 'POST',
	    "/api/v2/$path", $time, $nonce, sha256($body)), $key);

	return sprintf 'v=%s,k=%s,n=%s,m=%s', $time, request_id($key),
	    unpack('H*', $nonce), unpack 'H*', $mac;
}

sub request_id
{
	my ($key) = @_;

	return unpack 'H32', hmac_sha256('vault-request-id-v2', $key);
}

# What team.c prints for a project; bodies stay as they are, in bytes.
sub requests
{
	my ($program, $url, $devices, $environments, $changes) = @_;
	my $r = VaultTest::run([$program, $url, $devices, $environments, $changes],
	    timeout => 600);
	croak "team failed: $r->{stderr}" if $r->{status} != 0;
	my @lines = split /\n/, $r->{stdout};
	my $chain = $json->decode(pop @lines);

	$chain->{key} = pack 'H*', $chain->{key};
	return ($chain, map {
		/\A\{"path":"([^"]*)","ms":([\d.]+),"body":(.*)\}\z/s or
		    croak 'team printed something else';
		{path => $1, ms => $2, body => $3};
	} @lines);
}

sub http { return HTTP::Tiny->new(keep_alive => 1, timeout => 60) }

# Sends one, which must succeed.
sub must_send
{
	my ($http, $url, $key, $request) = @_;
	my $r = $http->post("$url/api/v2/$request->{path}", {
		content => $request->{body}, headers => {
		'Content-Type' => 'application/json',
		'X-Vault-Request' => header($key, @$request{qw(path body)})}});

	croak "$request->{path}: $r->{status} $r->{content}"
	    if $r->{status} != 200;
}

my $ENTRIES = 3;

# n projects, each of one device (and one that was revoked) and two versions of
# one environment.
sub projects
{
	my ($program, $url, $n) = @_;
	my $http = http();

	return map {
		my ($chain, @requests) = requests($program, $url, 1, 1, 1);
		must_send($http, $url, $chain->{key}, $_) for @requests;
		my ($first) = grep { $_->{path} eq 'secrets/push' } @requests;
		my ($record) = $first->{body} =~ /"record":"([^"]*)"/;
		$chain->{before} = unpack 'H*',
		    sha256(substr decode_base64($record), 0, -64);
		$chain;
	} 1 .. $n;
}

# A plan of load.lua for such projects. The client that pulls knows the newest
# version, or with changed => 1 the one before; and log_have entries of the log.
sub plan
{
	my ($path, $projects, %opt) = @_;

	return {path => "/api/v2/$path", targets => [map {
		my %target = (key => unpack('H*', $_->{key}),
		    id => request_id($_->{key}));
		if ($path eq 'secrets/push') {
			@target{qw(sign head tail version prev)} =
			    @$_{qw(sign head tail version hash)};
			$target{body} = qq({"project_id":"$_->{project}",) .
			    qq("secrets":"$_->{secrets}");
		} else {
			$target{body} = $json->encode({
			    project_id => $_->{project},
			    environment => $_->{environment},
			    log_have => ($opt{log_have} // $ENTRIES) + 0,
			    record_have => $_->{$opt{changed} ? 'before' : 'hash'},
			    records_from => $_->{version} - !!$opt{changed}});
		}
		\%target;
	} @$projects]};
}

# How far the pushes have come, for the next plan: a pull asks from there on.
sub refresh
{
	my ($site, $projects) = @_;
	my %at = map { my ($id, @rest) = split /\|/; ($id => \@rest) } split /\n/,
	    $site->sql("select project_id, version, encode(hash, 'hex')
	    from vault.heads");

	@$_{qw(version hash)} = @{$at{$_->{project}}} for @$projects;
}

1;
