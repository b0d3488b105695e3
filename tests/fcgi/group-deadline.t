#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Group commit in a slow database: whoever leads the next group has already waited,
# and neither he nor the others wait longer than db_timeout_ms for that.
# serial
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use Time::HiRes qw(time);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(set => {db_group => 2, db_timeout_ms => 7500});
my $c = VaultTest::Client->new($s->{url})->create('slow');
$c->push_blob("e$_", VaultTest::Client::blob()) for 1 .. 9;

# Two pushes of a group take 2.4 s: the third group ends after 6 s and the next
# one could not be done in the time that is left.
$s->psql(<<'END');
create function vault.slow() returns trigger language plpgsql as
	$$ begin perform pg_sleep(1.2); return new; end $$;
create trigger slow before insert on vault.secret_versions
	for each row execute function vault.slow();
END
my @r = VaultTest::parallel(9, sub {
	my ($i) = @_;
	my $began = time;
	my $r = $c->push_blob('e' . ($i + 1), VaultTest::Client::blob());

	return [$r->{status}, time - $began];
});
note join ', ', map { sprintf '%d after %.1f s', @$_ } sort { $a->[1] <=> $b->[1] } @r;
my ($last) = sort { $b <=> $a } map { $_->[1] } @r;
cmp_ok $last, '<', 8.1, 'all are answered by the deadline';
is_deeply [grep { $_ != 200 && $_ != 503 } map { $_->[0] } @r], [],
    'done, or told to try again';
cmp_ok scalar(grep { $_->[0] == 200 } @r), '>=', 3, 'the first ones are done';
my $stored = $s->psql('select count(*) from vault.secret_versions') - 9;
cmp_ok $stored, '>=', scalar(grep { $_->[0] == 200 } @r),
    'what was acknowledged is stored';
done_testing;
