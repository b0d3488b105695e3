#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# delete-project: who is asked, that nothing of the project is left but its id
# and the audit, and that machines live on their caches and are told the rest.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');
$p->spew('values', "A=1\n");
$p->must('push', '--file', 'values');
$p->must('run', '--', 'true');
my $id = $p->project;

sub rows { return $s->psql("select count(*) from vault.$_[0] where project_id = '$id'") }

# ---- nobody does it by mistake
$p->gives(['delete-project'], 2, '', "vault-env: Nobody can be asked here: delete-project " .
    "needs --confirm with the id of the project, $id. See: vault-env delete-project --help\n",
    'without a terminal');
$p->gives(['delete-project', '--confirm', 'shop'], 3, '', "vault-env: That is not the id " .
    "of project $id: nothing was deleted\n", 'another id');
{
	my ($text, $code) = $p->terminal("$CliTest::BIN delete-project --url $url",
	    ready => qr/Type its id to go on: /, keys => "y\n");

	is($code, 3, 'on a terminal, yes is not enough');
	like($text, qr/This deletes project $id on \Q$url\E for everybody and for ever: /,
	    '... it says what goes');
}
$p->gives(['get', 'A'], 0, "1\n", '', 'it is all there');
{
	my $v1 = CliTest->new(url => $url);

	$v1->must('init', '--protocol', 1);
	$v1->gives(['delete-project', '--confirm', $v1->project], 1, '', qr/is of protocol v1/,
	    'v1 projects cannot');
}

# ---- and then it is gone
my $audit = rows('audit_log');
{
	my ($text, $code) = $p->terminal("$CliTest::BIN delete-project --url $url",
	    ready => qr/Type its id to go on: /, keys => "$id\n");

	is($code, 0, 'the id, typed') or diag $text;
	like($text, qr/^Deleted project $id on \Q$url\E$/m, '... is said to be gone');
}
is(rows($_), 0, "nothing is left in $_") for qw(log members member_keys heads records wraps);
cmp_ok(rows('audit_log'), '>', $audit, 'the audit is');
$p->gives(['run', '--', 'printenv', 'A'], 0, "1\n", qr/using cached secrets/,
    'a machine lives on its cache');
my $unknown = qr/answered, but not as a server that knows this device/;
$p->gives(['push', '--file', 'values'], 4, '', $unknown, '... and can write nothing');
$p->gives(['delete-project', '--confirm', $id], 4, '', $unknown, 'it is deleted once');
is($s->psql("select deleted_at is not null and name = id::text from vault.projects where " .
    "id = '$id'"), 't', 'the id is never given again');

# ---- for scripts
{
	my $q = CliTest->new(url => $url);

	$q->must('init');
	my $r = $q->json('delete-project', '--confirm', $q->project);
	is_deeply([$r->{project_id}, $r->{deleted} ? 1 : 0], [$q->project, 1], '--json');
}
done_testing;
