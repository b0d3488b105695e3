#!/usr/bin/perl
# The two web servers' configurations say the same, and the same as vault.conf.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP ();
use Test::More;
use VaultTest;

my $src = $VaultTest::SRC;
my $nginx = VaultTest::slurp("$src/etc/nginx.conf");
my $lighttpd = VaultTest::slurp("$src/etc/lighttpd.conf");
my ($map) = $nginx =~ /^map \$status \$vault_error \{\n(.*?)^\}/ms;
my %body = $map =~ /^ +(\d{3}) +'(.*)';$/mg;
my ($pages) = $nginx =~ /error_page ([\d\s]+) \/vault-error;/;
my %page = map { $_ => 1 } split ' ', $pages;

cmp_ok scalar keys %body, '>=', 12, 'nginx.conf was understood';
for my $status (sort keys %body) {
	my $json = eval { JSON::PP->new->decode($body{$status}) } // {};

	is_deeply [sort keys %$json], ['code', 'error', $status == 413 ?
	    'max_body' : ()], "$status: error and code";
	like $json->{code}, qr/^[a-z_]+$/, "$status: code";
	ok $page{$status}, "$status: nginx uses it";
}
my @files = glob "$src/etc/lighttpd-errors/*";
cmp_ok scalar @files, '>=', 12, 'lighttpd\'s error bodies';
for my $file (@files) {
	my ($status) = $file =~ m{/(\d{3})\.html$};
	my $text = VaultTest::slurp($file);

	ok defined $status, "$file is named as lighttpd wants it";
	is $text, $body{$status}, "$status: lighttpd says what nginx says"
	    if $body{$status};
	ok eval { JSON::PP->new->decode($text)->{code} }, "$status: JSON";
}
my $make = VaultTest::slurp("$src/etc/Makefile.inc");
is_deeply [sort $make =~ /lighttpd-errors\/(\d{3})\.html/g],
    [map { m{(\d{3})\.html$} } sort @files], 'etc/Makefile.inc installs them all';

# The limit on a body, in three places
my ($max) = VaultTest::slurp("$src/etc/vault.conf") =~ /^#? ?max_body = (\d+)/m;
is $max, 1048576, 'max_body';
like $nginx, qr/^ +client_max_body_size 3m;$/m, 'nginx: 2 MiB more, for keys';
like $nginx, qr/^ +client_body_buffer_size 3m;$/m, 'and all of it in memory';
like $nginx, qr/^ +413 .*"max_body":$max\}/m, 'nginx: and says so in its 413';
like VaultTest::slurp("$src/etc/lighttpd-errors/413.html"), qr/"max_body":$max\}/,
    'lighttpd: likewise';
like $lighttpd, qr/^server\.max-request-size = 3072$/m, 'lighttpd: 2 MiB more';

# What must stay as it is, and why stands beside it in the file
like $nginx, qr/^ +fastcgi_keep_conn off;$/m, 'no kept connections';
like $nginx, qr/^ +fastcgi_next_upstream off;$/m, 'no request sent twice';
like $nginx, qr/^ +fastcgi_request_buffering on;$/m, 'no slow sender inside';
like $nginx, qr/^ +fastcgi_pass_request_headers off;$/m, 'no header but ours';
like $lighttpd, qr/^server\.stream-request-body = 0$/m, 'lighttpd: buffering';
my ($ciphers) = $nginx =~ /^ +ssl_ciphers (\S+);$/m;
is_deeply [grep { !/^ECDHE-\w+-(?:AES\d+-GCM|CHACHA20-POLY1305)/ }
    split /:/, $ciphers // 'none'], [],
    'TLS 1.2: forward secrecy and authenticated encryption';
like $lighttpd, qr/"MinProtocol" => "TLSv1\.2", "CipherString" => "\Q$ciphers\E"/,
    'lighttpd: the same ciphers';
my ($format) = $nginx =~ /^log_format ([^;]+);/m;
unlike $format, qr/http_|request_body|args|\$request\b|request_uri/,
    'nginx logs no header, body or query';
unlike $lighttpd =~ /^accesslog\.format = (.*)$/m ? $1 : '%r',
    qr/%r|%q|%\{/, 'nor does lighttpd';

done_testing;
