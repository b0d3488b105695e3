#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Which .env file it is: the one here, or above here the one with the key; and
# that one which is not UTF-8 is refused, not read as if it were empty.
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use Encode qw(encode);
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $s = VaultTest->server(web => 'nginx');
my $p = CliTest->new(url => $s->{url} =~ s{/+$}{}r);
$p->must('init');
my $keys = $p->slurp('.env');
$p->spew('.env', $keys . "A=root\nB=root\n");
$p->spew('secrets', "SECRET=1\n");
$p->must('push', '--file', 'secrets');

# ---- in a folder below
mkdir $p->path($_) or die for qw(packages packages/web);
my $below = CliTest->new(url => $p->{url}, home => $p->{home}, dir => $p->path('packages/web'));
my $using = "vault-env: Using the VAULT_KEY of $p->{dir}/.env\n";
my $show = 'echo "${SECRET-unset} ${A-unset} ${B-unset}"';
$below->gives(['run', '--', 'sh', '-c', $show], 0, "1 root root\n", $using,
    'run in a folder of a monorepo finds the file at its top');
ok(-e $p->path($p->cache) && !-e $below->path($p->cache), 'the cache is beside it');
$below->gives(['run', '--quiet', '--', 'sh', '-c', $show], 0, "1 root root\n", '', '--quiet');
$below->gives(['get', 'SECRET'], 0, "1\n", $using, 'so do the other commands');
$below->spew('.env', "A=web\n");
$below->gives(['run', '--', 'sh', '-c', $show], 0, "1 web unset\n", $using,
    'a file here without a key has the variables');
unlink $below->path($_) for '.env', $p->cache;
$below->gives(['get', 'SECRET', {env => {VAULT_KEY => $p->key}}], 0, "1\n", '',
    'with a key in the environment none is looked for');

# ---- where the search ends
my $none = "vault-env: No VAULT_KEY and no .env file here or in the folders above: the command " .
    "gets no secrets\n";
sub ends
{
	my ($name, $dir) = @_;

	($dir // $below)->gives(['run', '--', 'sh', '-c', $show], 0, "unset unset unset\n",
	    $none, "not beyond $name");
}
mkdir $p->path('packages/.git') or die;
ends('the top of a repository');
rename $p->path('.env'), $p->path('packages/.env') or die;
$below->gives(['get', 'SECRET'], 0, "1\n", qr{Using the VAULT_KEY of \Q$p->{dir}\E/packages/\.env$},
    'which is looked in itself');
rename $p->path('packages/.env'), $p->path('.env') or die;
rmdir $p->path('packages/.git') or die;
ends('the home folder', CliTest->new(url => $p->{url}, home => $p->path('packages'),
    dir => $below->{dir}));
chmod 0777, $p->{dir};
ends('a folder that everybody can write to');
chmod 0755, $p->{dir};
SKIP: {
	skip 'only root can give folders away', 1 if $> != 0;
	chown 65534, -1, $p->{dir} or die;
	ends('a folder of another user');
	chown 0, -1, $p->{dir} or die;
}
$below->gives(['get', 'SECRET'], 0, "1\n", $using, 'and otherwise it is found');
rename $p->path('.env'), $p->path('kept') or die;
mkdir $p->path('.env') or die;
ends('a folder that is called .env');
rmdir $p->path('.env') or die;
rename $p->path('kept'), $p->path('.env') or die;

# ---- an encoding that is none
my $text = $keys . "A=\x{e9}\n";
for (['UTF-16LE', "\xff\xfe" . encode('UTF-16LE', $text)],
    ['UTF-16BE', "\xfe\xff" . encode('UTF-16BE', $text)],
    ['UTF-32LE', "\xff\xfe\0\0" . encode('UTF-32LE', $text)]) {
	my ($name, $bytes) = @$_;
	my $refused = qr/\Avault-env: Cannot use \.env: it is in \Q$name\E, not in UTF-8\. Run: (.*)\n\z/;

	$p->spew('.env', $bytes);
	$p->gives(['run', '--', 'true'], 1, '', $refused, "run with $name");
	$p->gives(['push'], 1, '', $refused, "push with $name");
	my $r = $p->gives(['init'], 1, '', $refused, "init with $name");
	is($p->slurp('.env'), $bytes, 'which touches nothing');
	my ($command) = $r->{stderr} =~ $refused;
	VaultTest::run(['sh', '-c', $command], cwd => $p->{dir});
	is($p->slurp('.env'), encode('UTF-8', $text), 'the command converts it');
}
my $bytes = $keys . encode('UTF-16LE', "B=2\r\n");
$p->spew('.env', $bytes);
my $r = $p->gives(['init'], 1, '', qr/begins in UTF-8 and goes on in UTF-16LE from byte/,
    'what PowerShell appends');
is($p->slurp('.env'), $bytes, 'init touches nothing');
my ($command) = $r->{stderr} =~ /Run: (.*)$/m;
VaultTest::run(['sh', '-c', $command], cwd => $p->{dir});
is($p->slurp('.env'), $keys . "B=2\r\n", 'the command converts its end');
$p->gives(['run', '--', 'sh', '-c', 'echo $SECRET$B'], 0, "12\n", '', 'and all is there');
done_testing;
