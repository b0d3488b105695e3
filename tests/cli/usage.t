#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What every command answers to --help, a bad option, a missing or unexpected
# operand or value: the exact sentence, exit code 2, nothing on stdout. The
# commands are those that the program itself lists.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests";
use VaultTest;
use JSON::PP;
use Test::More;

VaultTest->needs('cli/vault-env');
my $bin = VaultTest::program('cli/vault-env');
my $dir = VaultTest::tmpdir();

sub cli
{
	return VaultTest::run([$bin, @_], cwd => $dir, env => {HOME => $dir,
	    map { $_ => undef } qw(VAULT_KEY VAULT_URL VAULT_DEVICE_SECRET)});
}

# Exit code 2, that sentence, and nothing else.
sub usage_is
{
	my ($args, $sentence) = @_;
	my $r = cli(@$args);

	is_deeply([@$r{qw(status stdout stderr)}],
	    [2, '', "vault-env: $sentence\n"], "vault-env @$args") or
	    diag explain $r;
}

my $r = cli('help', '--json');
is($r->{status}, 0, 'help --json exits 0');
my $table = decode_json($r->{stdout});
my @commands = @{$table->{commands}};
is_deeply([sort map { $_->{name} } @commands],
    [sort map { m{/cmd-([\w-]+)\.c\z} } glob "$VaultTest::SRC/cli/cmd-*.c"],
    'a command for each cli/cmd-NAME.c, of that name');
ok(0 == grep({ @{$_->{options}} > 0 && ref $_->{options} ne 'ARRAY' }
    @commands), 'options are lists');

for my $c (@commands) {
	my ($name, @options) = ($c->{name}, @{$c->{options}});
	my $see = "See: vault-env $name --help";
	my $operand = $c->{operand} // '';
	my $takes_command = $operand =~ /^--/;
	my @required = map { ($_->{name}, $_->{value} eq 'N' ? 3 : 'x') }
	    grep { $_->{required} } @options;
	my @all = (@required, $takes_command ? ('--', 'true') :
	    $operand =~ /^\w/ ? 'X=1' : ());

	for my $args ([$name, '--help'], ['--help', $name], ['help', $name]) {
		my $h = cli(@$args);
		is($h->{status}, 0, "@$args exits 0");
		is($h->{stderr}, '', "@$args prints no error");
		like($h->{stdout}, qr/\AUsage: vault-env \Q$name\E[ \n]/,
		    "@$args prints the usage of $name");
		for my $o (@options, @{$table->{options}}) {
			my $left = join ' ', grep { defined } @$o{qw(name value)};
			like($h->{stdout}, qr/^  \Q$left\E  +\S/m,
			    "@$args describes $left");
		}
		ok(80 >= length, "@$args fits 80 columns: $_")
		    for grep { length > 80 } split /\n/, $h->{stdout};
	}
	usage_is([$name, '--frob'], "Unknown option --frob. $see");
	usage_is([$name, '--frob=secret'], "Unknown option --frob. $see");
	usage_is([$name, '--url', 'http://a', '--url', 'http://b', @all],
	    "--url is given twice. $see");
	usage_is([$name, '--env', 'a', '--env', 'b', @all], "--env is given twice. $see")
	    if $name ne 'diff' && !grep { $_->{name} eq '--env' } @options;
	usage_is([$name, '-x'], "Unknown option -x. $see");
	usage_is([$name, '--version'], "Unknown option --version. $see")
	    unless grep { $_->{name} eq '--version' } @options;
	if ($takes_command) {
		usage_is([$name, 'x', @all], 'Unexpected argument x (the command ' .
		    "stands behind --). $see");
		usage_is([$name, @required, '--'], "$name needs $operand. $see");
	} elsif (defined $c->{operand}) {
		usage_is([$name, 'push', 'two'], "Unexpected argument two. $see");
	} else {
		usage_is([$name, 'x', @required], "Unexpected argument x. $see");
		usage_is([$name, @required, '--', '--json'],
		    "Unexpected argument --json. $see");
	}
	usage_is([$name, @required], "$name needs $operand. $see")
	    if $operand =~ /^[^[]/;
	for my $o (@options, @{$table->{options}}) {
		if (defined $o->{value}) {
			usage_is([$name, $o->{name}],
			    "Option $o->{name} needs a value. $see");
			usage_is([$name, "$o->{name}="],
			    "Option $o->{name} needs a value. $see");
		} else {
			usage_is([$name, "$o->{name}=yes"],
			    "Option $o->{name} takes no value. $see");
		}
		usage_is([$name], "$name needs $o->{name} $o->{value}. $see")
		    if $o->{required};
		my $range = {N => 'number from 1 to 9007199254740991', SECONDS =>
		    'number of seconds from 1 to 31536000'}->{$o->{value} // ''}
		    // next;
		usage_is([$name, $o->{name}, $_], "$o->{name} must be a whole " .
		    "$range. $see") for qw(0 -1 01 1x 1.5
		    99999999999999999999999), 1 + ($range =~ /(\d+)$/)[0];
	}
	usage_is([$name, '--env', $_, @all], '--env must be 1 to 64 ' .
	    "letters, digits, '.', '_' or '-', the first a letter or digit. " .
	    $see) for '-x', '.x', 'a/b', "a b", 'x' x 65;
}

usage_is([], 'A command is needed. See: vault-env --help');
usage_is(['frob'], 'Unknown command frob. See: vault-env --help');
usage_is(['help', 'frob'], 'Unknown command frob. See: vault-env --help');
usage_is(['--frob', 'push'], 'Unknown option --frob. See: vault-env --help');
usage_is(['--file'], 'Option --file needs a value. See: vault-env --help');
usage_is(["a\e[2J"], 'Unknown command a?[2J. See: vault-env --help');
is(cli('pull', '--json', '--output', 'x')->{stderr}, '{"error":"--json and --output ' .
    'do not go together","hint":"See: vault-env pull --help"}' . "\n", 'JSON where it was asked for');

$r = cli('--version');
is_deeply([@$r{qw(status stderr)}], [0, ''], '--version exits 0');
like($r->{stdout}, qr/\Avault-env \d+\.\d+\.\d+\n\z/, 'and prints the version');
for my $args (['--help'], ['help']) {
	$r = cli(@$args);
	is($r->{status}, 0, "@$args exits 0");
	like($r->{stdout}, qr/^  \Q$_->{name}\E +\Q$_->{summary}\E$/m,
	    "@$args lists $_->{name}") for @commands;
	is_deeply([grep { length > 80 } split /\n/, $r->{stdout}], [],
	    "@$args fits 80 columns");
}

# stdout that cannot be written to
sub shell
{
	my ($line, %opt) = @_;

	return VaultTest::run(['/bin/sh', '-c', $line], cwd => $dir,
	    env => {BIN => $bin});
}
$r = shell('"$BIN" help >/dev/full');
is_deeply([@$r{qw(status stderr)}], [1, 'vault-env: Cannot write to standard ' .
    "output: No space left on device\n"], 'a full disk is an error');
$r = shell('"$BIN" help >&-');
is_deeply([@$r{qw(status stderr)}], [1, 'vault-env: Cannot write to standard ' .
    "output: Bad file descriptor\n"], 'a closed stdout is an error');
$r = shell('{ sleep 0.3; "$BIN" help; echo $? >code; } | :; ' .
    'while ! test -s code; do sleep 0.1; done; cat code');
is_deeply([@$r{qw(stdout stderr)}], ["1\n", ''],
    'a reader that went away ends it quietly');

done_testing();
