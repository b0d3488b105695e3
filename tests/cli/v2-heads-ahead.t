#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# A colleague's .vault-heads names a version that this machine has not seen yet, as
# after each git pull: the machine reads on from what it has seen itself.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx python3));
plan skip_all => 'no python3-cryptography'
    if VaultTest::run(['python3', '-c', 'import cryptography'])->{status};

my $s = VaultTest->server(web => 'nginx');
my $team = CliTest::team($s->{url});
my ($ann, $bob) = map { $team->person($_) } 'ann', 'bob';

sub pushed { $team->tell(do => 'push', by => 'admin', env => 'shop', secrets => {A => "$_"}) for @_ }

pushed(1 .. 3);
$ann->gives(['pull', '--env', 'shop'], 0, qr/^A=3$/m, '', 'a machine that has seen version 3');
pushed(4, 5);
$bob->must('pull', '--env', 'shop');
$ann->spew('.vault-heads', $bob->must('heads'));
$ann->gives(['run', '--env', 'shop', '--', 'printenv', 'A'], 0, "5\n", '', '... starts with a .vault-heads of version 5');
pushed(6, 7);
$bob->must('pull', '--env', 'shop');
$ann->spew('.vault-heads', $bob->must('heads'));
$ann->gives(['status', '--env', 'shop'], 0, qr/^Version +7,/m, '', '... asks for its status');
$ann->gives(['verify'], 0, qr/^env shop 7 /m, qr/ and 1 environment verified\n\z/, '... verifies');
$ann->gives(['pull', '--env', 'shop'], 0, qr/^A=7$/m, '', '... and pulls');
unlink $ann->path('.vault-heads');
$ann->gives(['pull', '--env', 'shop'], 0, qr/^A=7$/m, '', '... with the file or without');

done_testing();
