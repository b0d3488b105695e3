#!/usr/bin/perl
# The systemd units are valid, and as confined as systemd can judge.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'systemd-analyze');
my $dir = VaultTest::tmpdir();
my $unit = VaultTest::slurp("$VaultTest::SRC/etc/systemd/vault-env.service.in");

$unit =~ s{\@libexecdir\@}{$VaultTest::BUILD/fcgi}g;
$unit =~ s{\@sysconfdir\@}{/etc}g;
unlike $unit, qr/\@\w+\@/, 'nothing is left to fill in';
VaultTest::spew("$dir/vault-env.service", $unit);
VaultTest::spew("$dir/vault-env.socket",
    VaultTest::slurp("$VaultTest::SRC/etc/systemd/vault-env.socket"));

my $r = VaultTest::run(['systemd-analyze', 'verify', '--man=no',
    "$dir/vault-env.service", "$dir/vault-env.socket"]);
# It also speaks of units of the machine that have nothing to do with ours.
is join('', grep { /vault-env/ } split /^/, $r->{stderr} . $r->{stdout}), '',
    'systemd-analyze verify finds nothing';

# The rest of design's list is in systemd's own judgement: 0 is best, 10 worst.
$r = VaultTest::run(['systemd-analyze', 'security', '--offline=yes',
    '--threshold=10', '--no-pager', "$dir/vault-env.service"]);
is $r->{status}, 0, 'exposure is at most 1.0' or diag $r->{stdout};
for my $line (qw(LimitCORE=0 MemorySwapMax=0 MemoryMax=1G
    StartLimitIntervalSec=0 StandardInput=socket
    NoNewPrivileges=yes MemoryDenyWriteExecute=yes)) {
	like $unit, qr/^\Q$line\E$/m, $line;
}
like $unit, qr{^LoadCredential=create\.token:/etc/vault-env/create\.token$}m,
    'the token for new projects as a credential';
like $unit, qr{^LoadCredential=server\.key:/etc/vault-env/server\.key$}m,
    'the server key comes as a credential';
like VaultTest::slurp("$dir/vault-env.socket"), qr/^SocketMode=0660$/m,
    'only the web server\'s group writes to the socket';

done_testing;
