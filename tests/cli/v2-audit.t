#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# audit: who asked the server for what, for admins.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my $admin = $team->person('admin');
my $bob = $team->person('bob');
my $eve = $team->person('eve', role => 'reader', envs => ['shop']);

for my $env ('shop', 'other') {
	$bob->spew('x', "A=1\n");
	$bob->must('push', '--file', 'x', '--yes', '--env', $env);
}
$eve->must('pull', '--env', 'shop');
$eve->run('pull', '--env', 'other');

sub rows { return $admin->json('audit', @_)->{rows} }
sub told { return [map { [@$_{qw(device_name action environment version outcome address)}] } @_] }

# ---- who may
$bob->gives(['audit'], 3, '', qr/\Avault-env: The role of this device does not allow that\. Ask an admin/,
    'a writer may not see it');

# ---- what it says
my ($pull) = grep { $_->{action} eq 'secrets/pull' } @{rows('--device', $eve->{id}, '--env', 'shop')};
is_deeply(told($pull), [['eve', 'secrets/pull', 'shop', 1, 'done', '127.0.0.1']], 'a read is told: by whom, of what, from where');
is($pull->{device_id}, $eve->{id}, 'with the id of the device');
like($pull->{at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, 'and the time');
ok((grep { $_->{outcome} eq 'scope_refused' } @{rows('--device', $eve->{id}, '--env', 'other')}), 'a refusal is told, too');
my %by = map { $_->{device_name} // '' => 1 } @{rows('--device', $eve->{id})};
is_deeply([keys %by], ['eve'], '--device: that one only');
is_deeply([grep { $_ ne 'shop' } map { $_->{environment} } @{rows('--env', 'shop')}], [], '--env: there only');

# ---- how much
is(scalar @{rows('--limit', 3)}, 3, '--limit');
my @all = @{rows('--limit', 5000)};
is_deeply([map { $_->{at} } @all], [reverse sort map { $_->{at} } @all], 'newest first');
$s->psql("insert into vault.audit_log (project_id, action, outcome, device_id, environment, at) select " .
    "'$team->{project}', 'secrets/pull', '00000', '$eve->{id}', 'many', now() - interval '3 days' " .
    "- n * interval '1 second' from generate_series(1, 2500) n");
is(scalar @{rows('--env', 'many', '--limit', 2400)}, 2400, 'page after page');
my %ids = map { $_->{at} => 1 } @{rows('--env', 'many', '--limit', 9999)};
is(scalar keys %ids, 2500, 'none of them twice, to the end');
is(scalar @{rows('--env', 'many', '--since', '1d')}, 0, '--since: nothing that is older');
is(scalar @{rows('--env', 'many', '--since', '4d', '--limit', 9999)}, 2500, 'but all that is younger');
$admin->gives(['audit', '--since', 'soon'], 1, '', qr/\Avault-env: since is no span of time: "soon"/, '--since wants a span');
$admin->gives(['audit', '--device', substr($eve->{id}, 0, 8)], 1, '', qr/\Avault-env: That is not the id of a device\. /,
    '--device wants the whole id');
$admin->gives(['audit', '--env', 'many', '--since', '1h'], 0, "The server has nothing to tell about that\n", '',
    'nothing to tell');

# ---- for people
my $date = qr/\d{4}-\d\d-\d\d \d\d:\d\d \([^)]*\)/;
$admin->gives(['audit', '--device', $bob->{id}, '--env', 'shop'], 0,
    qr/\AWHEN +WHO +ACTION +WHERE +OUTCOME +FROM\n$date +bob +secrets\/push +shop 1 +done +127\.0\.0\.1\n/,
    "vault-env: Who has read what is the server's word. What was changed is signed: vault-env verify\n",
    'the table');

done_testing();
