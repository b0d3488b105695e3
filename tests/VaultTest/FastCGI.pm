# SPDX-License-Identifier: MIT
# Speaks FastCGI to a unix socket, record by record, so that a test can say
# what no web server would say. FastCGI specification 1.0, sections 3 and 8.
#
#	my $r = VaultTest::FastCGI::request($socket, {REQUEST_METHOD => 'GET',
#	    REQUEST_URI => '/health'}, '');
#	# $r->{status}, $r->{json}, $r->{raw}, $r->{head}, $r->{ended}
package VaultTest::FastCGI;
use strict;
use warnings;
use Carp qw(croak);
use IO::Socket::UNIX;
use JSON::PP ();
use Time::HiRes qw(time);

use constant {FCGI_BEGIN => 1, FCGI_ABORT => 2, FCGI_END => 3,
    FCGI_PARAMS => 4, FCGI_STDIN => 5, FCGI_STDOUT => 6};

sub connect_to
{
	my ($path) = @_;

	return IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) ||
	    croak "$path: $!";
}

sub record
{
	my ($type, $content) = @_;

	return pack 'CCnnCx', 1, $type, 1, length $content, 0 if $content eq '';
	return join '', map { pack('CCnnCx', 1, $type, 1, length, 0) . $_ }
	    unpack '(a65535)*', $content;
}

sub pair
{
	my ($name, $value) = @_;

	return join '', map({ length $_ < 128 ? pack('C', length $_) :
	    pack('N', length($_) | 0x80000000) } $name, $value), $name, $value;
}

# The bytes of a whole request. params: hash or list of [name, value].
# Options: role (1 responder), keep.
sub bytes
{
	my ($params, $body, %opt) = @_;
	my @pairs = ref $params eq 'HASH' ?
	    map({ [$_, $params->{$_}] } sort keys %$params) : @$params;

	return record(FCGI_BEGIN, pack 'nCx5', $opt{role} // 1, $opt{keep} // 0) .
	    record(FCGI_PARAMS, join '', map { pair(@$_) } @pairs) .
	    record(FCGI_PARAMS, '') . ($body eq '' ? '' : record(FCGI_STDIN, $body)) .
	    record(FCGI_STDIN, '');
}

# Reads records until the end of the request or the connection.
sub answer
{
	my ($sock, $timeout) = @_;
	my ($in, $out, $ended, $deadline) = ('', '', 0, time + ($timeout // 10));

	while (!$ended && time < $deadline) {
		my $rin = '';
		vec($rin, fileno $sock, 1) = 1;
		last unless select $rin, undef, undef, $deadline - time;
		last unless sysread $sock, $in, 65536, length $in;
		while (length $in >= 8) {
			my (undef, $type, undef, $len, $pad) = unpack 'CCnnC', $in;
			last if length $in < 8 + $len + $pad;
			my $content = substr $in, 8, $len;
			substr $in, 0, 8 + $len + $pad, '';
			$out .= $content if $type == FCGI_STDOUT;
			$ended = 1 if $type == FCGI_END;
		}
	}
	my ($head, $raw) = split /\r?\n\r?\n/, $out, 2;
	my ($status) = ($head // '') =~ /^Status:\s*(\d+)/mi;
	return {status => $status // (length $out ? 200 : 0), head => $head // '',
	    raw => $raw // '', ended => $ended,
	    json => scalar eval { JSON::PP->new->utf8->decode($raw) }};
}

sub request
{
	my ($path, $params, $body, %opt) = @_;
	my $sock = connect_to($path);

	syswrite $sock, bytes($params, $body, %opt);
	return answer($sock, $opt{timeout});
}

# The parameters that a web server would give for a POST of a signed body.
sub post
{
	my ($uri, $body, $signature, %more) = @_;

	return {REQUEST_METHOD => 'POST', REQUEST_URI => $uri,
	    SCRIPT_NAME => $uri, CONTENT_TYPE => 'application/json',
	    CONTENT_LENGTH => length $body, REMOTE_ADDR => '127.0.0.1',
	    (defined $signature ? (HTTP_X_VAULT_SIGNATURE => $signature) : ()),
	    %more};
}

1;
