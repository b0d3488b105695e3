#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# diff: two versions, two environments; marks, masks, --reveal and --json.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node');
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url} =~ s{/+$}{}r);
$p->must('init');
my $hint = "vault-env: values are hidden: use --reveal to see them\n";

$p->gives(['diff'], 1, '', "vault-env: No secrets stored yet in environment development. Run: " .
    "vault-env push --env development\n", 'nothing there yet');
$p->spew('x', "A=1\nB=two\nGONE=x\nEMPTY=\n");
$p->must('push', '--file', 'x');
$p->gives(['diff'], 0, "development: nothing to version 1\n+ A: ********\n+ B: ********\n" .
    "+ GONE: ********\n+ EMPTY: \"\"\n", $hint, 'the first version');
$p->spew('x', "A=1\nB='2\n\e[2J'\nNEW=\"it's\"\nEMPTY=\n");
$p->must('push', '--file', 'x', '--replace');
$p->gives(['diff'], 0, "development: version 1 to version 2\n~ B: ******** -> ********\n" .
    "+ NEW: ********\n- GONE: ********\n", $hint, 'the newest and the one before');
$p->gives(['diff', '--reveal'], 0, "development: version 1 to version 2\n~ B: \"two\" -> " .
    "\"2\\n\\u001b[2J\"\n+ NEW: \"it's\"\n- GONE: \"x\"\n", '', 'values, a line each');
$p->gives(['diff', '--quiet'], 0, "~ B: ******** -> ********\n+ NEW: ********\n- GONE: " .
    "********\n", '');
$p->must('rollback', '--version', 1);
$p->gives(['diff', '--from', 1], 0, "development: version 1 to version 3: no difference\n", '',
    'the same again');
$p->gives(['diff', '--to', 2, '--quiet', '--reveal'], 0, "~ B: \"two\" -> \"2\\n\\u001b[2J\"\n+ NEW: " .
    "\"it's\"\n- GONE: \"x\"\n", '', '--to: the one before it');
$p->gives(['diff', '--from', 3, '--to', 2, '--quiet', '--reveal'], 0, "~ B: \"two\" -> " .
    "\"2\\n\\u001b[2J\"\n+ NEW: \"it's\"\n- GONE: \"x\"\n", '', '--from and --to');
$p->gives(['diff', '--from', 99], 1, '', "vault-env: Version not found in environment development. " .
    "Run: vault-env versions --env development\n");
is_deeply($p->json('diff', '--from', 1, '--to', 2), {from => {environment => 'development',
    version => 1}, to => {environment => 'development', version => 2}, changes => [map { {mark =>
    $_->[0], name => $_->[1]} } ['~', 'B'], ['+', 'NEW'], ['-', 'GONE']]}, '--json has names');
is_deeply($p->json('diff', '--from', 1, '--to', 2, '--reveal')->{changes}, [{mark => '~', name =>
    'B', before => 'two', after => "2\n\e[2J"}, {mark => '+', name => 'NEW', after => "it's"},
    {mark => '-', name => 'GONE', before => 'x'}], '--json --reveal has values');
is_deeply($p->json('diff', '--from', 1, '--to', 3)->{changes}, [], '--json without a difference');

# ---- two environments
$p->spew('x', "A=1\nB=other\n");
$p->must('push', '--file', 'x', '--env', 'production');
my @same = ("development, version 3, to production, version 1\n~ B: ******** -> ********\n" .
    "- GONE: ********\n- EMPTY: \"\"\n", $hint);
$p->gives(['diff', '--env', 'development', '--env', 'production'], 0, @same,
    'two environments');
$p->gives(['--env', 'development', 'diff', '--env', 'production'], 0, @same,
    'wherever --env stands');
$p->gives(['diff', '--env', 'production', '--env', 'production'], 0, "production: version 1 to " .
    "version 1: no difference\n", '', 'an environment and itself');
$p->gives(['diff', '--env', 'production', '--env', 'development', '--to', 2, '--quiet', '--reveal'],
    0, qr/^\+ NEW: "it's"$/m, '', 'a version of the second');
is_deeply($p->json('diff', '--env', 'development', '--env', 'production')->{to}, {environment =>
    'production', version => 1}, '--json says which');
$p->gives(['diff', '--env', 'production', '--env', 'none'], 1, '', qr/\Avault-env: No secrets stored yet in environment none, but in development and production\./, 'one that is not there');
$p->gives(['diff', map { ('--env', $_) } qw(a b c)], 2, '', "vault-env: --env may be given twice, " .
    "not more often. See: vault-env diff --help\n", 'three');
$p->gives(['diff', '--env', '-x', '--env', 'b'], 2, '', qr/--env must be 1 to 64/, 'both are checked');
$p->gives(['pull', '--env', 'none', '--env', 'production'], 2, '', "vault-env: --env is given " .
    "twice. See: vault-env pull --help\n", 'elsewhere there is one environment');
$p->other_push('production', {A => '1', VAULT_KEY => 'evil'});
$p->gives(['diff', '--env', 'production', '--quiet'], 0, "- B: ********\n", 
    $CliTest::PROTOCOL == 1 ? qr/VAULT_KEY, which was left out/ : '',
    'reserved names are not compared');

done_testing();
