#!/usr/bin/perl
# What the web servers themselves refuse, as shipped, is JSON in our own form.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
my %server = map { $_ => VaultTest->server(web => $_) } qw(nginx lighttpd);

sub says
{
	my ($web, $r, $status, $sentence, $code, $name) = @_;

	is "$r->{status} " . ($r->{json}{error} // '-') . ' ' .
	    ($r->{json}{code} // '-'), "$status $sentence $code", "$web: $name"
	    or diag "$r->{head}\n$r->{raw}";
	like $r->{head}, qr{^Content-Type: application/json\r?$}mi,
	    "$web: $name: JSON";
	like $r->{head}, qr{^Access-Control-Allow-Origin: \*\r?$}mi,
	    "$web: $name: CORS" if $web eq 'nginx' || $status >= 502;
}

for my $web (sort keys %server) {
	my $s = $server{$web};
	my $post = sub {
		my ($headers, $body) = @_;
		return VaultTest::raw_http($s->{url}, "POST /api/v1/secrets/push " .
		    "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" .
		    "Content-Type: application/json\r\n$headers\r\n" .
		    ($body // ''));
	};
	my $large = 3 * 1048576 + 1;

	says($web, $post->("Content-Length: $large\r\n", 'x' x $large), 413,
	    'Request body too large', 'body_too_large', 'a byte over 3 MiB');
	is $post->("Content-Length: $large\r\n", 'x' x $large)->{json}{max_body},
	    1048576, "$web: it names the limit of vault.fcgi";
	my $chunks = sprintf("%x\r\n%s\r\n", 65536, 'x' x 65536) x 49 . "0\r\n\r\n";
	says($web, $post->("Transfer-Encoding: chunked\r\n", $chunks), 413,
	    'Request body too large', 'body_too_large', 'the same in chunks');
	is $post->("Content-Length: 1048576\r\n", 'x' x 1048576)->{json}{error},
	    'Invalid JSON', "$web: 1 MiB gets through";
	says($web, VaultTest::raw_http($s->{url}, "NONSENSE\r\n\r\n"), 400,
	    'Bad request', 'bad_request', 'no HTTP');
	my $r = $post->('X-Long: ' . 'x' x 40_000 . "\r\n");
	says($web, $r, $web eq 'nginx' ? (400, 'Bad request', 'bad_request') :
	    (431, 'Request headers too large', 'headers_too_large'), 'long header');
	$r = VaultTest::raw_http($s->{url}, 'GET /' . 'x' x 40_000 .
	    " HTTP/1.1\r\nHost: x\r\n\r\n");
	says($web, $r, $web eq 'nginx' ? (414, 'Request target too long',
	    'target_too_long') : (431, 'Request headers too large',
	    'headers_too_large'), 'long target');

	$s->stop('vault');
	$r = $post->("Content-Length: 2\r\n", '{}');
	says($web, $r, $web eq 'nginx' ? (502, 'Server is restarting',
	    'bad_gateway') : (503, 'Service unavailable', 'unavailable'),
	    'vault.fcgi is away');
	like $r->{head}, qr/^Retry-After: 1\r?$/m, 'nginx: Retry-After'
	    if $web eq 'nginx';
	$s->start('vault');
	ok VaultTest::wait_until(10, sub { VaultTest::raw_http($s->{url},
	    "GET /health HTTP/1.0\r\n\r\n")->{status} == 200 }), "$web: it is back";
}

# Both at once: each waits for its own 30 seconds.
my @pids = map { $server{$_}->vault_pids } qw(nginx lighttpd);
is scalar @pids, 2, 'two servers to stop';
kill STOP => @pids;
my @r = VaultTest::parallel(2, sub {
	my $s = $server{(qw(nginx lighttpd))[shift]};
	return VaultTest::raw_http($s->{url}, "GET /health HTTP/1.1\r\n" .
	    "Host: x\r\n\r\n", timeout => 45);
});
kill CONT => @pids;
says($_, shift @r, 504, 'Server did not answer in time', 'gateway_timeout',
    'vault.fcgi hangs') for qw(nginx lighttpd);

# None of the logs holds a query string or a header.
for my $web (sort keys %server) {
	my $s = $server{$web};
	VaultTest::raw_http($s->{url}, "GET /health?canary-query HTTP/1.1\r\n" .
	    "Host: x\r\nX-Vault-Signature: canary-signature\r\n" .
	    "Connection: close\r\n\r\n");
	ok VaultTest::wait_until(5, sub { $s->stop('web'); $s->log('access') =~
	    m{GET"? "?/health"? } }), "$web: the access log has the path";
	unlike $s->log('access'), qr/canary/, "$web: and nothing that is secret";
}

done_testing;
