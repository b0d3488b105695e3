# SPDX-License-Identifier: MIT
# The rows of the client: whole processes, timed by hyperfine without a shell,
# and some that a program times inside itself (library.c, parse.js, opening.c).
package Bench::Client;
use strict;
use warnings;
use Bench::Site;
use JSON::PP ();
use VaultTest;

my ($SRC, $BUILD) = ($VaultTest::SRC, $VaultTest::BUILD);
my $HERE = "$SRC/tests/bench";
my $PLACE = "$BUILD/tests/bench-build";	# what is built and fetched stays there
# Not libtool's script in front of it, which costs more than the program.
my ($CLI) = grep { -x } "$BUILD/cli/.libs/vault-env", "$BUILD/cli/vault-env";
my $DOTENV = '18.0.10';
my $PARSE_MB = 10;

my @SERVER = qw(nginx psql openssl fcgi/vault.fcgi cli/vault-env);

# ------------------------------------------------------- what is built, fetched

sub must
{
	my ($argv, %opt) = @_;
	my $r = VaultTest::run($argv, %opt);

	die "$argv->[0] failed ($r->{status}): $r->{stderr}$r->{stdout}\n"
	    if $r->{status} != 0;
	return $r->{stdout};
}

sub place
{
	File::Path::make_path($PLACE);
	return $PLACE;
}

# tests/bench/NAME.c, compiled with the packages' flags and others.
sub program
{
	my ($name, $packages, @flags) = @_;
	my $file = place() . "/$name";
	my @found = map { split ' ', must(['pkg-config', '--cflags', '--libs',
	    $_]) } @$packages;

	must([$ENV{CC} // 'cc', '-std=c11', '-O2', "-I$BUILD", "-I$SRC/lib",
	    '-o', $file, "$HERE/$name.c", @flags, @found]);
	return $file;
}

sub library
{
	my $folder = "$BUILD/lib/.libs";

	return program('library', [], "-L$folder", '-lvaultenv');
}

# With sources of vault/, which libvaultenv shows nobody.
sub insider
{
	my ($name, @sources) = @_;

	return program($name, ['libgcrypt', 'libsodium'], (map {
	    "$SRC/lib/vault/$_.c" } qw(identity hpke datakey), @sources),
	    "$BUILD/lib/.libs/libcommon.a");
}

sub opening { return insider('opening', qw(open secrets cachefile)) }

sub team { return insider('team') }

# The folder node_modules with npm's package, fetched once.
sub npm
{
	my ($name, $version) = @_;

	must(['npm', 'install', '--silent', '--no-audit', '--no-fund',
	    '--prefix', place(), $name . ($version ? "\@$version" : '')],
	    timeout => 300) if !-d "$PLACE/node_modules/$name";
	return "$PLACE/node_modules";
}

# The Python of the tests, which has this tree's vaultdotenv; python-dotenv is
# Debian's package, so that no registry has to be in reach.
sub python
{
	my $python = must(['/usr/bin/python3', '-B',
	    "$SRC/tests/python/vaulttest.py"], env => environment(), timeout => 300);

	chomp $python;
	must([$python, '-c', 'import dotenv, vaultdotenv']);
	return $python;
}

# ------------------------------------------------------------ who and where

sub environment
{
	my (%more) = @_;

	return {(map { $_ => undef } grep {
	    /^(?:VAULT_|NODE_|ENVIRONMENT$|DOTENV_)/ } keys %ENV),
	    LD_LIBRARY_PATH => "$BUILD/lib/.libs", TOP_SRCDIR => $SRC,
	    TOP_BUILDDIR => $BUILD, %more};
}

my %people;

# Somebody with a device and a project of that protocol on a server, over TLS or
# not.
sub person
{
	my ($tls, $protocol) = @_;

	return $people{"$tls $protocol"} //= do {
		my $site = Bench::Site->shared($tls ? 'tls' : 'http',
		    projects => 1, tls => $tls);
		$site->known;
		my %env = (HOME => VaultTest::tmpdir(), VAULT_URL => $site->{url},
		    $tls ? (VAULT_CA_FILE => $site->{server}->dir .
		    '/tls-cert.pem') : ());
		my $first = VaultTest::tmpdir();
		must([$CLI, 'init', '--name', 'bench', '--protocol', $protocol],
		    cwd => $first, env => environment(%env));
		must([$CLI, 'register-device', '--name', 'bench'],
		    cwd => $first, env => environment(%env))
		    if $protocol == 1;
		{env => \%env, key => VaultTest::slurp("$first/.env"),
		    url => $site->{url}};
	};
}

# The folder of an application of theirs, whose .env has the key and whose cache
# has the $n secrets of the environment `n<n>`: {env, dir, ...}. Options: dir,
# http => 1 for a server without TLS, protocol (1).
sub application
{
	my ($n, %opt) = @_;
	my $person = person($opt{http} ? 0 : 1, $opt{protocol} // 1);
	my %env = (%{$person->{env}}, ENVIRONMENT => "n$n");
	my $dir = $opt{dir} // VaultTest::tmpdir();
	VaultTest::spew("$dir/.env", $person->{key});
	VaultTest::spew("$dir/to-push", variables($n));
	must([$CLI, 'push', '--force', '--replace', '--file', 'to-push'], cwd => $dir,
	    env => environment(%env));
	must([$CLI, 'run', '--', 'true'], cwd => $dir,
	    env => environment(%env));
	return {dir => $dir, env => environment(%env), n => $n,
	    person => $person};
}

# An application with the same variables in a plain .env.
sub plain
{
	my ($n, $dir) = @_;

	$dir //= VaultTest::tmpdir();
	VaultTest::spew("$dir/.env", variables($n));
	return {dir => $dir, env => environment(HOME => VaultTest::tmpdir())};
}

sub variables
{
	my ($n) = @_;

	return join '', map { sprintf "NAME_%05d=value-%032x\n", $_, $_ * 7919 }
	    1 .. $n;
}

# About that many bytes of all that a .env file may have.
sub dotenv_file
{
	my ($len) = @_;
	my $file = place() . '/large.env';
	my $text = '';

	for (my $i = 0; length $text < $len; $i++) {
		$text .= sprintf
		    "# settings of part %d\nPLAIN_%06d=postgres://host-%d/db\n" .
		    "DOUBLE_%06d=\"line one\\nline two of %d\"\n" .
		    "export SINGLE_%06d='a \"quoted\" value' # why\n" .
		    "EMPTY_%06d=\nLONG_%06d=%s\n", ($i) x 8, 'x' x 120;
	}
	VaultTest::spew($file, $text);
	return $file;
}

# ------------------------------------------------------------------- timing

# The median time in ms of a command in an application's folder.
sub command
{
	my ($runs, $app, @argv) = @_;
	my $file = VaultTest::tmpdir() . '/times.json';
	my $line = join ' ', map { "'" . s/'/'\\''/gr . "'" } @argv;

	must(['hyperfine', '-N', '--style', 'none', '--warmup', 1, '--runs',
	    $runs, '--export-json', $file, $line], cwd => $app->{dir},
	    env => $app->{env}, timeout => 300);
	my $r = JSON::PP::decode_json(VaultTest::slurp($file));
	return $r->{results}[0]{median} * 1000;
}

# What a program that times itself prints, in s.
sub itself
{
	my ($app, @argv) = @_;

	return must(\@argv, cwd => $app->{dir}, env => $app->{env},
	    timeout => 300) + 0;
}

# A set of two measurements and one row. start returns the subs of both. Most
# rounds are short here, so there are more of them. most: what the first may be
# by itself, in a row of its own.
sub pair
{
	my (%set) = @_;
	my ($over, $under);

	return {
		name => $set{name}, about => $set{about}, needs => $set{needs},
		rounds => sub { ($set{times} // 3) * $_[0] },
		start => sub { ($over, $under) = $set{start}->() },
		measure => [
			[$set{over}, $set{unit} // 'ms', sub { $over->() }],
			[$set{under}, $set{unit} // 'ms', sub { $under->() }],
			$set{most} ? ['1 ms', 'ms', sub { 1 }] : (),
		],
		rows => [{name => $set{name}, over => $set{over},
		    under => $set{under}, sense => $set{sense} // '<=',
		    goal => $set{goal}},
		    $set{most} ? {name => "$set{name}-ms", over => $set{over},
		    under => '1 ms', sense => '<=', goal => $set{most}} : ()],
	};
}

# The pull that the command would send, as arguments of bare-curl: signed when
# asked for, since a signature is good for five minutes.
sub bare_request
{
	my ($app) = @_;
	my $person = $app->{person};
	my $c = VaultTest::Client->new($person->{url});
	my ($key) = $person->{key} =~ /^VAULT_KEY=["']?(vk_\w[\w-]*)/m;
	$c->use_key($key);
	my $secret = VaultTest::slurp(
	    "$app->{env}{HOME}/.vault/$c->{project}.key") =~ s/\s+\z//r;
	my $body = sprintf '{"project_id":"%s","environment":"n%d",' .
	    '"device_hash":"%s"}', $c->{project}, $app->{n},
	    VaultTest::Client::device_hash($secret);

	return ("$person->{url}/api/v1/secrets/pull",
	    $app->{env}{VAULT_CA_FILE}, 'X-Vault-Signature: ' .
	    VaultTest::Client::signature($c->{auth_key}, $body,
	    VaultTest::Client::now_ms()), $body);
}

# How many runs of a quick command and of a slow one, and of how many secrets.
sub sizes { return ($_[0]{quick} ? (5, 1) : (20, 3), 20) }

# `run` with a server that application()'s options choose.
sub running
{
	my ($opt, $name, $how, %server) = @_;
	my ($many, $few, $secrets) = sizes($opt);

	return pair(name => $name, needs => [@SERVER, qw(hyperfine npm node)],
	    about => 'a whole process; the secrets from the server ' .
	    "(nginx, $how) against a plain file",
	    over => 'vault-env run -- true', under => 'dotenvx run -- true',
	    goal => 0.05, start => sub {
		my $app = application($secrets, %server);
		my $other = plain($secrets);
		my $dotenvx = npm('@dotenvx/dotenvx') . '/.bin/dotenvx';
		return (sub { command($many, $app, $CLI, 'run', '--', 'true') },
		    sub { command($few, $other, $dotenvx, 'run', '--', 'true') });
	});
}

# `run` in protocol v2 beside v1, when nothing has changed.
sub both
{
	my ($opt, $name, $goal, @options) = @_;
	my ($many, undef, $secrets) = sizes($opt);
	my $run = join ' ', 'vault-env run', @options, '-- true';

	return pair(name => $name, needs => [@SERVER, 'hyperfine'],
	    about => 'a whole process; nothing has changed; nginx, http',
	    over => "$run, protocol v2", under => "$run, protocol v1",
	    goal => $goal, start => sub {
		return map { my $app = application($secrets, http => 1,
		    protocol => $_); sub { command($many, $app, $CLI, 'run',
		    @options, '--', 'true') } } 2, 1;
	});
}

# The same application where the server's certificate is one of the system's: in
# a folder under its hash, and in the file that libcurl was built with it is not.
sub as_system_trusts
{
	my ($app) = @_;
	my $folder = VaultTest::tmpdir();

	VaultTest::spew("$folder/server.pem",
	    VaultTest::slurp($app->{env}{VAULT_CA_FILE}));
	must(['openssl', 'rehash', $folder]);
	return {%$app, env => {%{$app->{env}}, VAULT_CA_FILE => undef,
	    SSL_CERT_FILE => undef, SSL_CERT_DIR => $folder}};
}

sub commands
{
	my ($opt) = @_;
	my ($many, undef, $secrets) = sizes($opt);

	return (
		pair(name => 'cli-pull', needs => [@SERVER, 'hyperfine'],
		    about => 'a whole process; nginx, TLS',
		    over => 'vault-env pull',
		    under => 'the same request by a bare libcurl program',
		    goal => 1.2, start => sub {
			my $app = application($secrets);
			my $bare = program('bare-curl', ['libcurl']);
			return (sub { command($many, $app, $CLI, 'pull') },
			    sub { command($many, $app, $bare,
			    bare_request($app)) });
		}),
		pair(name => 'cli-run-offline', needs => [@SERVER, 'hyperfine'],
		    about => 'a whole process; no network',
		    over => 'vault-env run --offline -- true',
		    under => 'a C program linked to libgcrypt and json-c, ' .
		    'then true',
		    goal => 2, start => sub {
			my $app = application($secrets);
			my $nop = program('nop', ['libgcrypt', 'json-c']);
			return (sub { command($many, $app, $CLI, 'run',
			    '--offline', '--', 'true') },
			    sub { command($many, $app, $nop, 'true') });
		}),
		both($opt, 'cli-run-v2', 1.1),
		both($opt, 'cli-run-offline-v2', 1.2, '--offline'),
		running($opt, 'cli-run', 'http, as the quick start has it',
		    http => 1),
		running($opt, 'cli-run-tls', 'TLS'),
		pair(name => 'cli-run-trust', needs => [@SERVER, qw(hyperfine openssl)],
		    about => 'a whole process; nginx, TLS',
		    over => "vault-env run -- true, by the system's certificates",
		    under => 'vault-env run -- true, by VAULT_CA_FILE',
		    goal => 1.2, start => sub {
			my $app = application($secrets);
			my $system = as_system_trusts($app);
			return (sub { command($many, $system, $CLI, 'run', '--',
			    'true') },
			    sub { command($many, $app, $CLI, 'run', '--', 'true') });
		}),
	);
}

sub inside
{
	my ($opt) = @_;

	return (
		pair(name => 'dotenv-parse', unit => 'MB/s', times => 1,
		    needs => ['npm', 'node', 'lib/.libs/libvaultenv.so'],
		    about => "a .env file of $PARSE_MB MB, parsed inside a process",
		    over => 'vaultenv_dotenv_parse()',
		    under => 'parse() of npm dotenv',
		    sense => '>=', goal => 15, start => sub {
			my $file = dotenv_file($PARSE_MB * 1e6);
			my $modules = npm('dotenv', $DOTENV);
			my $app = {dir => place(), env => environment(
			    NODE_PATH => $modules)};
			my $ours = library();
			my $mb = (-s $file) / 1e6;
			return (sub { $mb / itself($app, $ours, 'parse', $file) },
			    sub { $mb / itself($app, 'node', "$HERE/parse.js",
			    $file) });
		}),
		(map { my ($n, $most) = @$_;
		    pair(name => "open-v2-$n", most => $most, needs => ['lib/libcommon.la'],
		    about => "protocol v2, $n entries in the log, all of them new",
		    over => 'opening a version, from JSON to secrets',
		    under => 'the signatures and curves in it, by libsodium alone',
		    goal => 1.4, start => sub {
			my $app = {dir => place(), env => environment()};
			my $ours = opening();
			return (sub { 1000 * itself($app, $ours, 'cold', $n) },
			    sub { 1000 * itself($app, $ours, 'bare', $n) });
		}) } [20, 5], [1000, 220]),
		pair(name => 'open-v2-known', needs => ['lib/libcommon.la'],
		    about => 'protocol v2, 20 entries in the log',
		    over => 'opening it again, the log being known',
		    under => 'opening it for the first time',
		    goal => 0.25, start => sub {
			my $app = {dir => place(), env => environment()};
			my $ours = opening();
			return (sub { 1000 * itself($app, $ours, 'known', 20) },
			    sub { 1000 * itself($app, $ours, 'cold', 20) });
		}),
		pair(name => 'load-10000', needs => [@SERVER],
		    about => 'the first vaultenv_load_cached() of a process, timed inside it',
		    over => '10,000 secrets', under => '1,000 secrets',
		    goal => 11, start => sub {
			my $program = library();
			return map { my $app = application($_);
			    sub { 1000 * itself($app, $program, 'load',
			    $app->{n}) } } 10_000, 1_000;
		}),
	);
}

sub bindings
{
	my ($opt) = @_;
	my $runs = $opt->{quick} ? 2 : 5;
	my $secrets = 20;

	return (
		pair(name => 'node-config-sync',
		    needs => [@SERVER, qw(hyperfine npm node)],
		    about => 'a whole process; both from a file',
		    over => 'node: configSync() from the cache',
		    under => "node: require('dotenv').config()",
		    goal => 1.1, start => sub {
			unshift @INC, "$SRC/tests/node";
			require NodeTest;
			my $app = application($secrets, dir => NodeTest::app());
			my $other = plain($secrets);
			symlink npm('dotenv', $DOTENV),
			    "$other->{dir}/node_modules";
			VaultTest::spew("$app->{dir}/app.js",
			    "require('vault-env').configSync();\n");
			VaultTest::spew("$other->{dir}/app.js",
			    "require('dotenv').config();\n");
			return map { my $app = $_; sub { command($runs, $app,
			    'node', 'app.js') } } $app, $other;
		}),
		pair(name => 'python-load-sync',
		    needs => [@SERVER, qw(hyperfine python3)],
		    about => 'a whole process; both from a file',
		    over => 'python: load_vault_sync()',
		    under => 'python: load_dotenv() of python-dotenv',
		    goal => 0.7, start => sub {
			my $python = python();
			my $app = application($secrets);
			my $other = plain($secrets);
			VaultTest::spew("$app->{dir}/app.py",
			    "from vaultdotenv import load_vault_sync\n" .
			    "load_vault_sync()\n");
			VaultTest::spew("$other->{dir}/app.py",
			    "from dotenv import load_dotenv\nload_dotenv()\n");
			return map { my $app = $_; sub { command($runs, $app,
			    $python, 'app.py') } } $app, $other;
		}),
	);
}

sub sets
{
	my ($opt) = @_;

	return (commands($opt), inside($opt), bindings($opt));
}

1;
