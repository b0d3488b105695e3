#!/usr/bin/perl
# Every signed endpoint refuses what is unsigned, malformed, stale, from the future, or signed by another key or over other bytes.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Digest::SHA qw(hmac_sha256_hex);
use JSON::PP;
use Test::More;
use VaultTest;

my $json = JSON::PP->new->utf8->canonical;

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;
	my $c = VaultTest::Client->new($s->{url})->create('signature');
	my $other = VaultTest::Client->new($s->{url})->create('other project');
	my $keyless = VaultTest::Client->new($s->{url});
	$keyless->use_key('vk_' . $c->call('project/create',
	    {project_name => 'keyless'}, bare => 1)->{json}{project_id} . '_x');
	$c->register('d');
	my $victim = $c->again;
	$victim->register('victim');
	$c->push_blob('staging', VaultTest::Client::blob());
	my $before = $s->counts;
	my $audit = sub { $s->psql('select count(*) from vault.audit_log ' .
	    "where outcome = '00000'") };
	my $audited = $audit->();
	my $now = sub { VaultTest::Client::now_ms() };
	my $sign = sub {
		my ($body, $time, $key) = @_;
		return VaultTest::Client::signature($key // $c->{auth_key}, $body,
		    $time // $now->());
	};

	for my $path (@VaultTest::Client::SIGNED) {
		subtest $path => sub {
			my $b = $json->encode($c->full_body(device_id =>
			    $victim->{device_id}));
			my $refused = sub {
				my ($name, $signature, $bytes) = @_;
				my $r = $c->call($path, undef, raw_body => $bytes // $b,
				    sign => 0, signature => $signature);
				is "$r->{status} " . ($r->{json}{error} // ''),
				    '401 Unauthorized', $name or diag $r->{raw};
			};

			$refused->('unsigned', undef);
			my $good = $sign->($b);
			my ($v, $d) = $good =~ /^v=(\d+),d=(\w+)\z/;
			my %malformed = (
				'empty' => '', 'a word' => 'x', 'no time' => "d=$d",
				'no digest' => "v=$v", 'an empty digest' => "v=$v,d=",
				'an empty time' => "v=,d=$d", 'swapped' => "d=$d,v=$v",
				'upper-case digest' => "v=$v,d=" . uc $d,
				'upper-case names' => "V=$v,D=$d",
				'a digest of 63' => "v=$v,d=" . substr($d, 0, 63),
				'a digest of 65' => "v=$v,d=${d}0",
				'a digest of 2' => "v=$v,d=" . substr($d, 0, 2),
				'a digest of 62' => "v=$v,d=" . substr($d, 0, 62),
				'a blank after the comma' => "v=$v, d=$d",
				'a blank before the time' => "v= $v,d=$d",
				'a semicolon' => "v=$v;d=$d", 'a tail' => "$good,x=1",
				'a tail blank-separated' => "$good x",
				'twice' => "$good, $good", 'quoted' => "\"$good\"",
				'sha256= form' => "sha256=$d", 'no hex' => "v=$v,d=" . 'zz' x 32,
				'base64 digest' => "v=$v,d=" . 'A' x 43 . '=',
				'12 digits, well signed' => $sign->($b, substr $v, 0, 12),
				'14 digits, well signed' => $sign->($b, "${v}0"),
				'seconds, well signed' => $sign->($b, substr $v, 0, 10),
				'leading zero, well signed' => $sign->($b, "0$v"),
				'a plus sign, well signed' => $sign->($b, '+' . substr $v, 1),
				'a minus sign, well signed' => $sign->($b, '-' . substr $v, 1),
				'a fraction, well signed' =>
				    $sign->($b, substr($v, 0, 11) . '.5'),
				'a time in hex, well signed' =>
				    $sign->($b, '0x' . substr $v, 2),
			);
			$refused->("malformed: $_", $malformed{$_})
			    for sort keys %malformed;
			my $t = $now->();
			$refused->('stale by two seconds', $sign->($b, $t - 302_000));
			$refused->('stale by a day', $sign->($b, $t - 86_400_000));
			$refused->('two seconds too far ahead',
			    $sign->($b, $t + 63_000));
			$refused->('a day ahead', $sign->($b, $t + 86_400_000));
			$refused->('the greatest time', $sign->($b, '9' x 13));
			$refused->('the time changed',
			    'v=' . ($v + 1) . ",d=$d");
			$refused->('another key',
			    $sign->($b, undef, VaultTest::Client::random_bytes(32)));
			$refused->('an empty key', $sign->($b, undef, ''));
			$refused->('a zero key', $sign->($b, undef, "\0" x 32));
			$refused->("another project's key",
			    $sign->($b, undef, $other->{auth_key}));
			$refused->('the hex of the key as key', $sign->($b, undef,
			    unpack 'H*', $c->{auth_key}));
			$refused->('the vault key as key',
			    $sign->($b, undef, $c->{vault_key}));
			$refused->('a digest of zeros', "v=$v,d=" . '0' x 64);
			$refused->('a digest of the body alone',
			    "v=$v,d=" . hmac_sha256_hex($b, $c->{auth_key}));
			$refused->('the last digit of the digest changed',
			    "v=$v,d=" . substr($d, 0, 63) . ($d =~ /0\z/ ? '1' : '0'));
			$refused->('the first digit of the digest changed',
			    "v=$v,d=" . ($d =~ /^0/ ? '1' : '0') . substr($d, 1));
			$refused->('body altered', $good, $b =~ s/"any"/"anz"/r);
			$refused->('a blank added inside', $good, $b =~ s/:/: /r);
			$refused->('a line break added', $good, "$b\n");
			$refused->('members in another order', $good,
			    $b =~ s/^\{(.*?),(.*)\}\z/{$2,$1}/r);
			# The blank that ended the signed body moves into the time
			my $blank = $sign->("$b ", $v);
			my ($digest) = $blank =~ /d=(\w+)/;
			$refused->('a blank moved from body to time',
			    "v= $v,d=$digest");
			my $r = $c->call($path, undef, raw_body => $b . substr($v, 0, 3),
			    signature => 'v=' . substr($v, 3) . ",d=$d");
			is "$r->{status} $r->{json}{error}", '400 Invalid JSON',
			    'digits moved from time to body';
			for my $case (['empty', ''], ['zero', "\0" x 32],
			    ['its own', $keyless->{auth_key}]) {
				my $body = $json->encode($c->full_body(
				    project_id => $keyless->{project}));
				$refused->("project without a key, signed by $case->[0] key",
				    $sign->($body, undef, $case->[1]), $body);
			}
			# A body of the other project, signed rightly for this one
			my $body = $json->encode($c->full_body(
			    project_id => $other->{project}));
			$refused->("for another project, this one's key",
			    $sign->($body), $body);
			is $s->counts, $before, 'nothing changed';
		};
	}
	is $audit->(), $audited, 'nothing was done, says the audit log';

	# ---- the window's inner edges, and the reference body byte for byte
	for my $path (@VaultTest::Client::SIGNED) {
		for my $offset (-298_000, -60_000, 0, 57_000) {
			my $device = $c->again;
			$device->register('edge');
			my $r = $c->call($path, $c->full_body(device_id =>
			    $device->{device_id}), time_ms => $now->() + $offset);
			is $r->{status}, 200, "$path signed at $offset ms"
			    or diag $r->{raw};
		}
	}
	my $spaced = qq({ "project_id" : "$c->{project}" }\n);
	is $c->call('devices/list', undef, raw_body => $spaced)->{status}, 200,
	    'the bytes as sent are signed, blanks and all';
	my $escaped = qq({"project_id":"\\u00@{[unpack 'H2', $c->{project}]}) .
	    substr($c->{project}, 1) . '"}';
	is $c->call('devices/list', undef, raw_body => $escaped)->{status}, 200,
	    'and escapes as they were written';
});
done_testing;
