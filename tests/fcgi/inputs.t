#!/usr/bin/perl
# Bad input of every kind, to every field of every endpoint, gets a 4xx JSON error that names the field, and changes nothing.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use JSON::PP;
use Test::More;
use VaultTest;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $MAX = 1048576;

# Values as JSON text. Every one is wrong for its kind.
my @not_text = ('null', 'true', 'false', '0', '12345', '-1.5', '[]', '["a"]',
    '{}', '{"a":"b"}');
my %wrong = (
	name => [@not_text, '""', '"' . 'n' x 129 . '"',
	    '"' . "\xc3\xa9" x 64 . 'x"', '"a\nb"', '"\u0007"', '"a\u007fb"',
	    '"\u001b[31m"',
	    map { qq{"lap${_}top"} } qw(\u00ad \u061c \u200b \u200d \u200f \u202e \u2028
	    \u2066 \u2069 \u3164 \ufe0f \ufeff), "\xf3\xa0\x81\x81"],
	uuid => [@not_text, '""', '"x"', '"' . 'a' x 36 . '"',
	    '"4F1F6C0E-7B0A-4C57-9A51-0D8F0B1B6F11"',
	    '"{4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11}"',
	    '"4f1f6c0e7b0a4c579a510d8f0b1b6f11"',
	    '"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1"',
	    '"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f111"',
	    '" 4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"',
	    '"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1g"',
	    '"4f1f6c0e_7b0a_4c57_9a51_0d8f0b1b6f11"', q{"' or 1=1 --"}],
	hex64 => [@not_text, '""', '"' . 'ab' x 31 . 'a"', '"' . 'ab' x 32 . 'a"',
	    '"' . 'AB' x 32 . '"', '"' . 'ab' x 31 . 'ag"', '"' . 'ab' x 31 . ' a"',
	    '"' . 'ab' x 16 . '"'],
	environment => [@not_text, '""', '"' . 'e' x 65 . '"', '".env"', '"-x"',
	    '"_x"', '"a b"', '"a/b"', '"../x"', '"a\nb"', qq{"d\xc3\xa9v"},
	    q{"x'; drop table vault.projects; --"}, '"a%00b"'],
	blob => [@not_text, '""', '"AAAA"', '"' . 'A' x 36 . '"',
	    '"' . 'A' x 37 . '="', '"' . 'A' x 41 . '"', '"' . 'A' x 42 . '"',
	    '"' . '-_' x 20 . '"', '"' . 'A' x 40 . ' "', '"' . 'A' x 20 . '\n' .
	    'A' x 20 . '"', '"' . 'A' x 39 . '=B"', '"=' . 'A' x 39 . '"',
	    '"' . 'A' x 38 . 'B="', '"' . 'A' x 37 . 'B=="',
	    '"' . 'A' x 36 . '===="'],
	version => ['null', 'true', '"1"', '""', '"x"', '[]', '[1]', '{}', '0',
	    '-1', '1.5', '1.0', '1e3', '-0', '9007199254740992',
	    '9223372036854775808', '18446744073709551616', '1' x 400],
	key_names => ['true', '1', '"A"', '{}', '[1]', '[null]', '[[]]', '[""]',
	    '["A",true]', '["' . 'k' x 258 . '"]',
	    '[' . join(',', ('"A"') x 10_001) . ']'],
	bool => ['null', '0', '1', '"true"', '""', '[]', '{}'],
	count => ['true', '"1"', '[]', '{}', '-1', '1.5', '1e3', '1' x 30],
);
$wrong{auth_key_hash} = [@{$wrong{hex64}}, '"' . '0' x 64 . '"'];
$wrong{base_version} = [grep { !/^(?:null|0)\z/ } @{$wrong{version}}];
$wrong{'may version'} = [grep { $_ ne 'null' } @{$wrong{version}}];
$wrong{'may hash'} = [grep { $_ ne 'null' } @{$wrong{hex64}}];
my %kind = (project_name => 'name', device_name => 'name',
    project_id => 'uuid', device_id => 'uuid', moved_to => 'uuid',
    frozen => 'bool', device_hash => 'hex64',
    auth_key_hash => 'auth_key_hash', environment => 'environment',
    secrets => 'blob', version => 'version', key_names => 'key_names',
    key_count => 'count', base_version => 'base_version');

sub bad_input
{
	my ($r, $field, $name) = @_;
	my $error = ref $r->{json} eq 'HASH' ? $r->{json}{error} // '' : '';
	my $fine = $r->{status} == 400 && $error =~ $field &&
	    ($r->{json}{code} // '') =~ /^[a-z_0-9]+\z/;

	ok $fine, $name or diag "$r->{status} $r->{raw}, wanted 400 $field";
}

sub short { my ($text) = @_; return length $text < 50 ? $text :
    substr($text, 0, 40) . '... (' . length($text) . ' bytes)' }

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;
	my $web = $s->{web};
	my $c = VaultTest::Client->new($s->{url})->create('inputs');
	$c->register('d');
	my $victim = $c->again;
	$victim->register('victim');
	is $c->push_blob('staging', VaultTest::Client::blob())->{status}, 200,
	    'ready';
	# A project that waits for its key, for set-key
	my $unclaimed = $c->call('project/create', {project_name => 'unclaimed'},
	    bare => 1)->{json}{project_id};
	my $state = sub { $s->counts . "\n" .
	    $s->psql('select count(*) from vault.audit_log') };
	my $before = $state->();
	my $unchanged = sub { is $state->(), $before, "$_[0]: nothing changed" };
	my $body = sub {
		my ($path) = @_;
		my $all = $c->full_body(project_name => 'p', key_names => ['+A'],
		    auth_key_hash => 'ab' x 32, key_count => 1, base_version => 1,
		    device_id => $victim->{device_id});
		$all->{project_id} = $unclaimed if $path eq 'project/set-key';
		my $route = $VaultTest::Client::ROUTES{$path};
		return {map { $_ => $all->{$_} } @{$route->{need}},
		    @{$route->{may} // []}};
	};
	my $text = sub {	# the body with one member's value as JSON text
		my ($path, $field, $value) = @_;
		my $b = $body->($path);
		return '{' . join(',', map { "\"$_\":" . ($_ eq $field ? $value :
		    $json->encode($b->{$_})) } sort keys %$b) . '}';
	};

	for my $path (sort keys %VaultTest::Client::ROUTES) {
		my $route = $VaultTest::Client::ROUTES{$path};
		my %may = map { $_ => 1 } @{$route->{may} // []};
		subtest $path => sub {
			for my $field (@{$route->{need}}, sort keys %may) {
				my $kind = $kind{$field};
				$kind = 'may version' if $may{version} && $field eq 'version';
				$kind = 'may hash' if $may{device_hash} &&
				    $field eq 'device_hash';
				bad_input($c->call($path, undef, raw_body =>
				    $text->($path, $field, $_)), qr/\b$field\b/,
				    "$field = " . short($_)) for @{$wrong{$kind}};
				# What json-c would pass over
				my $good = $json->encode($body->($path)->{$field});
				my $any = qr/Invalid JSON|\b$field\b/;
				my $twice = $text->($path, $field, "$good,\"$field\":$good");
				bad_input($c->call($path, undef, raw_body => $twice), $any,
				    "$field twice");
				$twice =~ s/"$field":/"\\u00@{[unpack 'H2', $field]}@{[substr $field, 1]}":/;
				bad_input($c->call($path, undef, raw_body => $twice), $any,
				    "$field twice, once with an escape");
				for my $odd ('\u0000', 'a\u0000', '\ud800', '\udc00x',
				    '\ud800\ud800', "\xc0\xaf", "\xff\xfe", "\xe2\x82",
				    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x00", "a\nb",
				    '\x41', '\u12', "\x1f") {
					bad_input($c->call($path, undef, raw_body =>
					    $text->($path, $field, "\"$odd\"")), $any,
					    "$field holds " . ($odd =~ /^[!-~]+\z/ ? $odd :
					    'bytes ' . unpack 'H*', $odd));
				}
			}
			my $good = $json->encode($body->($path));
			my $open = substr $good, 0, -1;
			my %broken = (
				'nothing' => '', 'blanks' => '  ', 'a word' => 'no json',
				'an array' => "[$good]", 'a string' => '"x"',
				'a number' => '17', 'null' => 'null', 'true' => 'true',
				'no end' => $open, 'trailing text' => "${good}x",
				'trailing digits' => "${good}17",
				'two objects' => "$good$good", 'trailing NUL' => "$good\0",
				'leading NUL' => "\0$good", 'leading BOM' => "\xef\xbb\xbf$good",
				'trailing comma' => "$open,}", 'a comment' => "$good/*x*/",
				'comment inside' => "$open/*x*/}",
				'single quotes' => "{'a':'b'}", 'bare name' => '{a:1}',
				'no colon' => '{"a" 1}', 'NaN' => "$open,\"z\":NaN}",
				'Infinity' => "$open,\"z\":Infinity}",
				'leading zero' => "$open,\"z\":01}",
				'leading plus' => "$open,\"z\":+1}",
				'lonely dot' => "$open,\"z\":1.}",
				'TRUE' => "$open,\"z\":TRUE}",
				'nesting' => "$open,\"z\":" . '[' x 100_000,
				'closed nesting' => "$open,\"z\":" . '[' x 5000 . ']' x 5000 . '}',
				'unknown member with bad UTF-8' => "$open,\"z\":\"\xc0\xaf\"}",
				'member named with NUL' => "$open,\"z\\u0000\":1}",
				'form' => 'project_id=1&environment=x',
			);
			for my $name (sort keys %broken) {
				my $r = $c->call($path, undef, raw_body => $broken{$name});
				# Bodies that never need be large have a cap of their own
				if ($path ne 'secrets/push' && $r->{status} == 413) {
					cmp_ok length $broken{$name}, '>', 4096,
					    "body: $name: too large";
					next;
				}
				bad_input($r, qr/Invalid JSON|required/, "body: $name");
			}
		};
		$unchanged->($path);
	}

	# ---- what is allowed at the edges
	subtest 'edges' => sub {
		my $ok = sub {
			my ($path, $more, $name) = @_;
			my $r = $c->call($path, $more);
			is $r->{status}, 200, $name or diag $r->{raw};
		};
		my $hash = $c->{device_hash};
		$ok->('project/create', {project_name => 'n' x 128}, 'name of 128 bytes');
		$ok->('project/create', {project_name => "\x{e9}" x 64},
		    'name of 64 characters of two bytes');
		$ok->('project/create', {project_name => "\x{1F680} <&>\"'\\"}, 'any text');
		$ok->('secrets/push', {device_hash => $hash, environment => 'E' x 64,
		    secrets => VaultTest::Client::blob(0)}, 'the longest environment');
		$ok->('secrets/push', {device_hash => $hash, environment => '0',
		    secrets => VaultTest::Client::blob(1), key_count => 0,
		    key_names => [('+KEY') x 7_000, ('+A') x 3_000]}, '10,000 key_names');
		$ok->('secrets/push', {device_hash => $hash, environment => '1',
		    secrets => VaultTest::Client::blob(1),
		    key_names => [('+LONGER_KEY') x 10_000]}, 'more than are kept');
		$ok->('secrets/push', {device_hash => $hash, environment => 'a._-',
		    secrets => VaultTest::Client::blob(2),
		    key_names => ['+' . 'k' x 256]}, 'the longest name');
		my $escaped = $text->('secrets/pull', 'environment', '"st\u0061ging"');
		is $c->call('secrets/pull', undef, raw_body => " \t\r\n$escaped\r\n ")
		    ->{status}, 200, 'escapes, and blanks around the body';
	};

	# ---- size of the body
	$before = $state->();
	my $frame = $json->encode({project_id => $c->{project}, secrets => '',
	    environment => 'staging', device_hash => $c->{device_hash}});
	my $push = sub {
		my ($bytes) = @_;
		my $blob = 'AAAA' x int(($bytes - length $frame) / 4);
		my $b = $frame =~ s/"secrets":""/"secrets":"$blob"/r;
		$b .= ' ' x ($bytes - length $b);
		my $sig = VaultTest::Client::signature($c->{auth_key}, $b,
		    VaultTest::Client::now_ms());
		return VaultTest::raw_http($s->{url}, join("\r\n",
		    'POST /api/v1/secrets/push HTTP/1.1', 'Host: x',
		    'Connection: close', 'Content-Type: application/json',
		    "X-Vault-Signature: $sig", 'Content-Length: ' . length $b, '', $b));
	};
	for my $bytes ($MAX + 1, 5 * $MAX) {
		my $r = $push->($bytes);
		is $r->{status}, 413, "a body of $bytes bytes" or diag $r->{head};
		is $r->{json}{error}, 'Request body too large', '413 sentence'
		    or diag $r->{raw};
		is $r->{json}{code}, 'body_too_large', '413 code';
		is $r->{json}{max_body}, 1048576, '413 limit';
		like $r->{head}, qr{^Content-Type: application/json}mi, 'is JSON';
		# lighttpd refuses by the head alone, before it sets headers
		like $r->{head}, qr{^Access-Control-Allow-Origin: \*}mi, 'with CORS'
		    if $web eq 'nginx';
	}
	$unchanged->('413');
	my $r = $push->($MAX);
	is $r->{status}, 200, 'a body of exactly 1 MiB' or diag $r->{raw};

	# ---- the message itself, by raw socket
	$before = $state->();
	my $b = $json->encode({project_id => $c->{project}});
	my $sig = VaultTest::Client::signature($c->{auth_key}, $b,
	    VaultTest::Client::now_ms());
	my $raw = sub {
		my ($headers, $bytes, %opt) = @_;
		return VaultTest::raw_http($s->{url}, join("\r\n",
		    ($opt{line} // 'POST /api/v1/devices/list') . ' HTTP/1.1',
		    'Host: x', 'Connection: close', 'Content-Type: application/json',
		    @$headers, '', $bytes), timeout => 8, %opt);
	};
	my $signed = "X-Vault-Signature: $sig";
	my $len = 'Content-Length: ' . length $b;
	my $bogus = 'X-Vault-Signature: v=' . VaultTest::Client::now_ms() .
	    ',d=' . 'ab' x 32;

	is $raw->([$signed, $len], $b)->{status}, 200, 'a raw request works';
	$r = $raw->([$signed, 'Transfer-Encoding: chunked'],
	    sprintf "5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", substr($b, 0, 5),
	    length($b) - 5, substr $b, 5);
	is $r->{status}, 200, 'a chunked body works' or diag $r->{raw};
	for my $case (['too short', length($b) - 1], ['zero', 0],
	    ['negative', -1], ['no number', 'x'], ['signed', '+' . length $b],
	    ['hex', '0x10'], ['with blanks', length($b) . ' 1'],
	    ['enormous', '9' x 30], ['none', undef]) {
		my ($name, $value) = @$case;
		$r = $raw->([$signed, defined $value ? "Content-Length: $value" : ()],
		    $b, half_close => 1);
		# A web server that has answered may close on bytes it does not read
		like $r->{status}, $name =~ /zero|none|short/ ? qr/^(?:0|4\d\d)\z/ :
		    qr/^4\d\d\z/, "Content-Length $name: $r->{status}";
	}
	$r = $raw->([$signed, 'Content-Length: ' . (length($b) + 5)], $b,
	    half_close => 1);
	like $r->{status}, qr/^(?:0|4\d\d)\z/,
	    "Content-Length too long, then the end: $r->{status}";
	for my $case (['twice', $len, 'Content-Length: 2'],
	    ['and chunked', $len, 'Transfer-Encoding: chunked']) {
		my ($name, @h) = @$case;
		$r = $raw->([$signed, @h], $b, half_close => 1);
		like $r->{status}, qr/^(?:0|4\d\d)\z/,
		    "Content-Length $name: $r->{status}";
	}
	is $raw->([$bogus, $signed, $len], $b)->{status}, 401,
	    'a bogus signature header before the good one';
	# nginx hands over the first of the two only
	like $raw->([$signed, $bogus, $len], $b)->{status},
	    $web eq 'nginx' ? qr/^(?:200|401)\z/ : qr/^401\z/,
	    'a bogus signature header after the good one';
	# In CGI's names the two are one, and lighttpd does not tell them apart
	like $raw->(["X_Vault_Signature: $sig", $len], $b)->{status},
	    $web eq 'nginx' ? qr/^401\z/ : qr/^(?:200|401)\z/,
	    'X_Vault_Signature is not the header';
	is $raw->(["X_Vault_Signature: $sig", $bogus, $len], $b)->{status}, 401,
	    'nor does it stand in for a bogus one';
	is $raw->([$bogus, "X_Vault_Signature: $sig", $len], $b)->{status}, 401,
	    'wherever it stands';
	is $raw->([$signed =~ s/=/= /r, $len], $b)->{status}, 401,
	    'a blank inside the header';
	is $raw->([(map { "X-Filler-$_: y" } 1 .. 60), $signed, $len], $b)
	    ->{status}, 200, '60 other headers are no harm';
	for my $case ([300, 'y'], [3, 'y' x 20_000], [20, 'y' x 7000]) {
		my ($n, $value) = @$case;
		$r = $raw->([(map { "X-Filler-$_: $value" } 1 .. $n), $signed, $len],
		    $b);
		# Of small ones nginx as shipped passes on none
		like $r->{status}, $web eq 'nginx' && $n == 300 ?
		    qr/^(?:200|4\d\d)\z/ : qr/^4\d\d\z/, "$n headers of " .
		    length($value) . " bytes: $r->{status}";
	}
	$r = $raw->([$signed, $len], $b, line => 'GET /api/v1/devices/list');
	like $r->{status}, $web eq 'nginx' ? qr/^405\z/ : qr/^40[05]\z/,
	    'GET with a body';
	$r = VaultTest::raw_http($s->{url}, "GET /\0 HTTP/1.1\r\n\r\n");
	like $r->{status}, qr/^(?:0|4\d\d)\z/, 'a NUL in the path';
	$r = VaultTest::raw_http($s->{url}, 'x' x 100_000 . "\r\n\r\n");
	like $r->{status}, qr/^(?:0|4\d\d)\z/, 'no HTTP at all';
	is $c->call('devices/list')->{status}, 200, 'and it still answers';
	$unchanged->('raw requests');
});
done_testing;
