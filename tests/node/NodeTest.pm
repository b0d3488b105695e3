# SPDX-License-Identifier: MIT
# What the tests of lib/node share: the package, built once per build folder
# against the library that is tested, and running a test that is written in
# JavaScript, whose TAP becomes this test's.
package NodeTest;
use strict;
use warnings;
use Fcntl qw(:flock);
use File::Basename qw(basename);
use File::Copy qw(copy);
use File::Path qw(make_path remove_tree);
use VaultTest;

our ($SRC, $BUILD) = ($VaultTest::SRC, $VaultTest::BUILD);
our $HERE = "$SRC/tests/node";
our $PLACE = "$BUILD/tests/node-build";

sub _newest
{
	my ($newest) = sort { $b <=> $a } map { (stat $_)[9] // 0 } @_;
	return $newest // 0;
}

# A copy of the tree's parts that the package is made of, below $to.
sub copy_tree
{
	my ($to) = @_;
	my @files = map { substr $_, length "$SRC/" } glob "$SRC/lib/*.[ch] " .
	    "$SRC/lib/*/*.[ch] $SRC/cli/*.[ch] $SRC/LICENSE $SRC/lib/node/* " .
	    "$SRC/lib/node/src/* $SRC/lib/node/bin/*";

	for my $file (grep { -f "$SRC/$_" } @files) {
		my ($folder) = "$to/$file" =~ m{^(.*)/};
		make_path($folder);
		copy("$SRC/$file", "$to/$file") or die "$to/$file: $!\n";
		chmod 0755, "$to/$file" if -x "$SRC/$file";
	}
	return "$to/lib/node";
}

# The folder node_modules that has vault-env, and dotenv if that is here.
sub package
{
	my $lib = "$BUILD/lib/.libs/libvaultenv.so";
	my $addon = "$PLACE/tree/lib/node/build/vaultenv.node";
	my @from = ($lib, glob "$SRC/lib/node/* $SRC/lib/node/*/* $SRC/lib/vaultenv.h");

	VaultTest->needs('node', 'lib/.libs/libvaultenv.so');
	make_path($PLACE);
	open my $lock, '>', "$PLACE/lock" or die "$PLACE/lock: $!\n";
	flock $lock, LOCK_EX or die "$PLACE/lock: $!\n";
	if (_newest($addon) < _newest(grep { !m{/build(/|$)} } @from)) {
		remove_tree("$PLACE/tree", "$PLACE/node_modules");
		my $folder = copy_tree("$PLACE/tree");
		VaultTest::spew("$PLACE/vaultenv.pc", join "\n", 'libdir=' .
		    "$BUILD/lib/.libs", 'exec_prefix=/nonexistent', 'Name: vaultenv',
		    'Description: as built', 'Version: 0.2.0',
		    'Libs: -L${libdir} -lvaultenv', "Cflags: -I$SRC/lib", '');
		my $r = VaultTest::run(['node', 'build.js'], cwd => $folder,
		    timeout => 200, env => {PKG_CONFIG_PATH => $PLACE,
		    VAULT_ENV_BUILD => 'system'});
		die "build.js failed:\n$r->{stdout}$r->{stderr}" if $r->{status};
		make_path("$PLACE/node_modules");
		symlink $folder, "$PLACE/node_modules/vault-env";
	}
	symlink "$BUILD/tests/node_modules/dotenv", "$PLACE/node_modules/dotenv"
	    if -d "$BUILD/tests/node_modules/dotenv" && !-e "$PLACE/node_modules/dotenv";
	return "$PLACE/node_modules";
}

# An empty folder in which require() and import find the package.
sub app
{
	my $modules = NodeTest::package();
	my $dir = VaultTest::tmpdir();

	symlink $modules, "$dir/node_modules" or die "$dir/node_modules: $!\n";
	return $dir;
}

# The environment of a program: nothing of the tester's own settings.
sub environment
{
	my (%more) = @_;
	my %env = map { $_ => undef } grep { /^(VAULT_(?!POLLS$)|NODE_|ENVIRONMENT$|DOTENV_)/ }
	    keys %ENV;

	return {%env, HOME => VaultTest::tmpdir(), %more};
}

# Makes a project with the command; its key is in the app's .env. Returns the
# settings for run_js: APP, HOME, VAULT_URL, CLI.
sub project
{
	my ($server) = @_;
	my $cli = "$BUILD/cli/vault-env";

	VaultTest->needs('cli/vault-env');
	my %env = %{environment(APP => app(), VAULT_URL => $server->{url},
	    CLI => $cli, SERVER_DIR => $server->dir, VAULT_BUILDDIR => $BUILD,
	    ($server->{tls} ?
	    (VAULT_CA_FILE => $server->dir . '/tls-cert.pem') : ()))};
	my $r = VaultTest::run([$cli, 'init', '--name', 'node',
	    VaultTest::init_options()],
	    cwd => $env{APP}, env => \%env);
	die "init failed:\n$r->{stdout}$r->{stderr}" if $r->{status};
	return map { $_ => $env{$_} } qw(APP HOME VAULT_URL CLI SERVER_DIR
	    VAULT_BUILDDIR VAULT_CA_FILE);
}

# Runs tests/node/NAME.js, which prints TAP, and ends this test as it ended.
sub run_js
{
	my ($name, %env) = @_;
	my $env = environment(APP => app(), TESTS => $HERE, %env);

	for (keys %$env) {
		defined $env->{$_} ? ($ENV{$_} = $env->{$_}) : delete $ENV{$_};
	}
	$| = 1;
	my $status = system 'node', "$HERE/$name.js";
	exit($status == 0 ? 0 : 1);
}

1;
