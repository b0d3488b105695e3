#!/usr/bin/perl
# make install puts everything where the GNU standards say, and a small C program
# builds against what was installed and pulls a secret.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', './Makefile',
    qw(pkg-config nginx make));
my $root = VaultTest::tmpdir();

# The folders as configure chose them.
my %var = VaultTest::slurp("$VaultTest::BUILD/Makefile") =~
    /^(\w+) = *(.*?) *$/mg;
sub dir
{
	my ($name) = @_;
	my $path = $var{$name};

	1 while $path =~ s/\$[{(](\w+)[})]/$var{$1}/;
	return $path;
}

my $r = VaultTest::run(['make', '-C', $VaultTest::BUILD, 'install',
    "DESTDIR=$root"], timeout => 200,
    env => {MAKEFLAGS => undef, MAKELEVEL => undef, MFLAGS => undef});
is $r->{status}, 0, 'make install' or BAIL_OUT($r->{stderr});

my ($bin, $lib, $libexec) = map { dir($_) } qw(bindir libdir libexecdir);
my ($doc, $data, $man) = map { dir($_) } qw(docdir pkgdatadir mandir);
my %mode = (
	"$bin/vault-env" => 0755,
	"$libexec/vault.fcgi" => 0755,
	"$lib/libvaultenv.so" => 0755,
	"$lib/libvaultenv.so.0" => 0755,
	dir('pkgconfigdir') . '/vaultenv.pc' => 0644,
	dir('includedir') . '/vaultenv.h' => 0644,
	"$man/man1/vault-env.1" => 0644,
	"$man/man7/vault-env-guide.7" => 0644,
	"$man/man7/vault-env-deploy.7" => 0644,
	"$man/man8/vault.fcgi.8" => 0644,
	"$data/sql/install.sql" => 0644,
	"$data/sql/migrations/0001-base.sql" => 0644,
	"$data/sql/functions/secret_push.sql" => 0644,
	"$data/lighttpd-errors/413.html" => 0644,
	dir('bashcompletiondir') . '/vault-env' => 0644,
	dir('systemdsystemunitdir') . '/vault-env.service' => 0644,
	dir('systemdsystemunitdir') . '/vault-env.socket' => 0644,
	(map { ("$doc/examples/$_" => 0644) } qw(vault.conf nginx.conf
	    github-actions.yml Containerfile
	    lighttpd.conf)),
	"$doc/README" => 0644,
	"$doc/PROTOCOL" => 0644,
);
for my $path (sort keys %mode) {
	my $mode = (stat "$root$path")[2];
	is defined $mode ? sprintf('%o', $mode & 07777) : 'missing',
	    sprintf('%o', $mode{$path}), $path;
}
my @headers = glob $root . dir('includedir') . '/*';
is scalar @headers, 1, 'vaultenv.h is the only header';
my $etc = dir('sysconfdir');
ok !-e "$root$etc/vault-env", 'no configuration of the operator is written';
like VaultTest::slurp($root . dir('systemdsystemunitdir') . '/vault-env.service'),
    qr{^ExecStart=\Q$libexec/vault.fcgi --config $etc/vault-env/vault.conf\E$}m,
    'the unit starts what was installed';
unlike VaultTest::run(['readelf', '-d', "$root$bin/vault-env"])->{stdout},
    qr{\Q$VaultTest::BUILD\E/lib}, 'the command does not look into the build';

$r = VaultTest::run(["$root$libexec/vault.fcgi", '--version']);
like $r->{stdout}, qr/^vault\.fcgi \d+\.\d+\.\d+/, 'vault.fcgi runs';

# A project with one secret, made by the installed command.
my $s = VaultTest->server(web => 'nginx');
my ($app, $home) = (VaultTest::tmpdir(), VaultTest::tmpdir());
my %env = (HOME => $home, VAULT_URL => $s->{url}, NODE_ENV => undef,
    ENVIRONMENT => undef, VAULT_KEY => undef, VAULT_DEVICE_SECRET => undef,
    LD_LIBRARY_PATH => "$root$lib");
VaultTest::spew("$app/.env", "DB_URL=\"hello from C\"\n");
for my $command (['init', '--name', 'installed'], ['push']) {
	$r = VaultTest::run(["$root$bin/vault-env", @$command], cwd => $app,
	    env => \%env);
	is $r->{status}, 0, "vault-env @$command" or diag $r->{stderr};
}

# The program that the header itself shows.
my ($program) = VaultTest::slurp($root . dir('includedir') . '/vaultenv.h') =~
    /^ \* The shortest useful program:\n \*\n((?: \*\t.*\n)+)/m;
$program =~ s/^ \*\t//mg;
VaultTest::spew("$app/pull.c", $program);
my $flags = VaultTest::run(['pkg-config', '--cflags', '--libs', 'vaultenv'],
    env => {PKG_CONFIG_SYSROOT_DIR => $root,
    PKG_CONFIG_PATH => $root . dir('pkgconfigdir')});
is $flags->{status}, 0, 'pkg-config' or diag $flags->{stderr};
my $cc = $ENV{CC} // 'cc';
$r = VaultTest::run([split(' ', $cc), '-std=c11', '-Wall', '-Wextra', '-Werror',
    '-o', "$app/pull", "$app/pull.c", split ' ', $flags->{stdout}]);
is $r->{status}, 0, 'the program builds' or diag $r->{stderr};
$r = VaultTest::run(["$app/pull"], cwd => $app, env => \%env);
is $r->{stdout}, "hello from C\n", 'and pulls the secret' or diag $r->{stderr};
is $r->{status}, 0, 'and says so';

done_testing;
