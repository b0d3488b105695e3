#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# One tenant's many or big pushes do not hold up another's: the group takes turns
# by project, what is big runs on a connection of its own, and of those a project
# holds half at most.
# serial
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use Time::HiRes qw(sleep);
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'nginx');
my $s = VaultTest->server(set => {db_group => 2, db_timeout_ms => 20000});
my ($greedy, $healthy) = map { VaultTest::Client->new($s->{url})->create($_) }
    qw(greedy healthy);
my $small = VaultTest::Client::blob();
my $stored = sub { $s->psql('select count(*) from vault.secret_versions where ' .
    "project_id = '$greedy->{project}'") };
$greedy->push_blob("e$_", $small) for 1 .. 12;
$healthy->push_blob('production', $small);

# A push takes 0.3 s, a big one 3 s.
$s->psql(<<'END');
create function vault.slow() returns trigger language plpgsql as
	$$ begin perform pg_sleep(case when octet_length(new.blob) > 65536
	then 3 else 0.3 end); return new; end $$;
create trigger slow before insert on vault.secret_versions
	for each row execute function vault.slow();
END

# The greedy one sends to all its environments at once; some 0.5 s later the other
# comes, and says how many of those were stored when it had its answer.
sub meanwhile
{
	my ($blob, $ask) = @_;
	my $before = $stored->();
	my @r = VaultTest::parallel(13, sub {
		my ($i) = @_;
		return $greedy->push_blob('e' . ($i + 1), $blob)->{status}
		    if $i < 12;
		sleep 0.5;
		my $status = $ask->()->{status};
		return [$status, $stored->() - $before];
	});
	my $other = pop @r;

	is $other->[0], 200, 'the other one is done';
	is_deeply \@r, [(200) x 12], 'and so are the many';
	is $stored->() - $before, 12, '... all stored';
	return $other->[1];
}

my $push = sub { return $healthy->push_blob('production', $small) };
my $n = meanwhile($small, $push);
cmp_ok $n, '<=', 8, "many pushes: it waited for $n of 12";
my $big = VaultTest::Client::blob(100_000);
$n = meanwhile($big, $push);
is $n, 0, 'big pushes: it waited for none';
$n = meanwhile($big, sub { return $healthy->call('secrets/versions',
    {environment => 'production'}) });
is $n, 0, '... nor for one, where it needs a connection of its own as they do';
done_testing;
