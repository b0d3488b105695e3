#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What a user types: npm install of the folder and of the packed tarball, each
# building offline, and npx. One compiles the bundled sources, the other links
# an installed libvaultenv.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/node";
use JSON::PP;
use NodeTest;
use Test::More;

VaultTest->needs('node', 'npm', 'cli/vault-env');
NodeTest::package();		# for its vaultenv.pc
my $dir = VaultTest::tmpdir();
my $tree = NodeTest::copy_tree("$dir/tree");
my %env = %{NodeTest::environment()};
my ($version) = VaultTest::slurp("$NodeTest::SRC/configure.ac") =~
    /AC_INIT\(\[vault-env\], \[([^\]]+)\]/;

# npm without a network, a registry, or the user's settings.
sub npm
{
	my ($cwd, $build, @args) = @_;

	return VaultTest::run(['npm', @args], cwd => $cwd, timeout => 280, env => {
	    %env, VAULT_ENV_BUILD => $build, PKG_CONFIG_PATH => $NodeTest::PLACE,
	    npm_config_offline => 'true', npm_config_audit => 'false',
	    npm_config_fund => 'false', npm_config_update_notifier => 'false'});
}

sub app
{
	my ($name) = @_;

	mkdir "$dir/$name" or die "$dir/$name: $!\n";
	VaultTest::spew("$dir/$name/package.json",
	    "{\"name\":\"$name\",\"version\":\"1.0.0\"}\n");
	VaultTest::spew("$dir/$name/.env", "A=1\n");
	return "$dir/$name";
}

sub works
{
	my ($app, $library) = @_;
	my $r = VaultTest::run(['node', '-r', 'vault-env/config', '-p',
	    'process.env.A'], cwd => $app, env => \%env);
	is($r->{stdout}, "1\n", 'node -r vault-env/config') or diag($r->{stderr});

	my $built = JSON::PP::decode_json(
	    VaultTest::slurp("$app/node_modules/vault-env/build/built.json"));
	is($built->{library}, $library, "linked to the $library library");
}

is(JSON::PP::decode_json(VaultTest::slurp(
    "$NodeTest::SRC/lib/node/package.json"))->{version}, $version,
    'the package has the version of configure.ac');

# ---- the folder
my $app = app('by-folder');
my $r = npm($app, 'system', 'install', $tree);
is($r->{status}, 0, 'npm install FOLDER') or diag("$r->{stdout}$r->{stderr}");
works($app, 'system');
{
	local $ENV{PATH} = "$NodeTest::BUILD/cli:$ENV{PATH}";
	$r = npm($app, 'system', 'exec', '--', 'vault-env', '--version');
	is($r->{stdout}, "vault-env $version\n", 'npx runs the command on PATH')
	    or diag($r->{stderr});
}

# ---- the tarball
$r = npm($tree, 'bundled', 'pack', '--silent', '--pack-destination', $dir);
is($r->{status}, 0, 'npm pack') or diag("$r->{stdout}$r->{stderr}");
my ($tarball) = glob "$dir/*.tgz";
ok(!-e "$tree/libvaultenv", 'npm pack leaves no copies behind');
$r = VaultTest::run(['tar', 'tzf', $tarball]);
my @files = sort map { m{^package/(.*)} } split /\n/, $r->{stdout};
my @wanted = sort qw(LICENSE README bin/vault-env build.js config.d.ts config.js
    config.mjs index.d.ts index.js options.js package.json vault.js
    watch.js),
    map { s{^\Q$tree\E/}{}r } glob("$tree/src/*"),
    map({ "libvaultenv/$_" } map { m{/lib/(.+)$} }
	grep { !m{/lib/(?:node|python)/} }
	glob "$dir/tree/lib/*.[ch] $dir/tree/lib/*/*.[ch]"),
    map({ "cli/$_" } map { m{([^/]+)$} } glob "$dir/tree/cli/*.[ch]");
is_deeply(\@files, \@wanted, 'it holds the sources and nothing else');

VaultTest::run(['rm', '-rf', "$dir/tree"]);
$app = app('by-tarball');
$r = npm($app, 'bundled', 'install', $tarball);
is($r->{status}, 0, 'npm install TARBALL') or diag("$r->{stdout}$r->{stderr}");
works($app, 'bundled');
$r = npm($app, 'bundled', 'exec', '--', 'vault-env', '--version');
is($r->{stdout}, "vault-env $version\n", 'npx runs the command built with it')
    or diag($r->{stderr});
$r = npm($app, 'bundled', 'exec', '--', 'vault-env', 'nonsense');
is($r->{status}, 2, 'and gives its exit status');
$r = VaultTest::run(['sh', '-c', 'node_modules/.bin/vault-env run -- ' .
    'sh -c "kill -TERM \$\$"'], cwd => $app, env => \%env);
is($r->{status}, 143, 'and ends by the signal that it ended by');

# ---- what is missing is said
mkdir "$dir/bin";
symlink '/bin/false', "$dir/bin/pkg-config";
{
	local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
	$r = VaultTest::run(['node', 'build.js'], env => \%env,
	    cwd => "$app/node_modules/vault-env");
	is($r->{status}, 1, 'without the libraries it does not build');
	is($r->{stderr}, 'vault-env: libgcrypt, libsodium, libcurl not found ' .
	    'by pkg-config. On Debian: apt-get install pkg-config libgcrypt20-dev ' .
	    "libsodium-dev libcurl4-openssl-dev\n", 'and names the packages');
}
done_testing();
