#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# vault-env.1 and the bash completion name every command and option of the
# program's own table, and no others; enum exit_code is in the page too.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests";
use VaultTest;
use JSON::PP;
use Test::More;

VaultTest->needs('cli/vault-env');
my $bin = VaultTest::program('cli/vault-env');
my $page = VaultTest::slurp("$ENV{TOP_SRCDIR}/cli/vault-env.1") =~ s/\\\n//gr;
my $table = decode_json(VaultTest::run([$bin, 'help', '--json'])->{stdout});
my $completion = VaultTest::run([$bin, 'help', '--completion'])->{stdout};

# "Fl -name Ar NAME" as "--name NAME"
sub option_of
{
	my ($mdoc) = @_;

	$mdoc =~ s/^\.It //;
	$mdoc =~ s/Fl -/--/g;
	$mdoc =~ s/ Ar / /g;
	return $mdoc;
}

sub options_are
{
	my ($name, $rows, $text, @more) = @_;
	my @want = map { join ' ', grep { defined } @$_{qw(name value)} } @$rows;
	my @got = map { option_of($_) } $text =~ /^(\.It Fl .*)$/mg;

	is_deeply([sort @got], [sort @want, @more],
	    "vault-env.1 lists the options of $name");
}

my ($commands) = $page =~ /^\.Sh COMMANDS\n(.*?)^\.Sh /ms;
my ($global) = $page =~ /^\.Sh OPTIONS\n(.*?)^\.Sh /ms;
my %section;
my @names;
while ($commands =~ /^\.It Cm (\S+)([^\n]*)\n(.*?)(?=^\.It Cm|\z)/msg) {
	push @names, $1;
	$section{$1} = {line => $2, text => $3};
}
is_deeply(\@names, [map { $_->{name} } @{$table->{commands}}],
    'vault-env.1 has the commands, in the order of the table');
for my $c (@{$table->{commands}}) {
	my $s = $section{$c->{name}} // next;
	options_are($c->{name}, $c->{options}, $s->{text});
	for my $o (@{$c->{options}}) {
		my $mdoc = "Fl -" . substr($o->{name}, 2);
		$mdoc .= " Ar $o->{value}" if defined $o->{value};
		like($s->{line}, qr/ \Q$mdoc\E/, "$c->{name}'s line has $mdoc");
	}
}
options_are('every command', $table->{options}, $global, '--version');

my ($enum) = VaultTest::slurp("$ENV{TOP_SRCDIR}/cli/cmd.h") =~
    /enum exit_code \{(.*?)\}/s;
my ($status) = $page =~ /^\.Sh EXIT STATUS\n(.*?)^\.Sh /ms;
is_deeply([$status =~ /^\.It (\d+)$/mg], [$enum =~ /= (\d+)/g],
    'vault-env.1 has the exit codes of enum exit_code');

# Every variable that library and command read, and no other, but what libcurl
# reads by itself.
sub variables
{
	my ($pattern, @globs) = @_;
	my %found;

	for my $file (map { glob "$ENV{TOP_SRCDIR}/$_" } @globs) {
		my $text = VaultTest::slurp($file);
		my %defined = $text =~ /^#define (\w+)\s+"(\w+)"$/mg;
		$found{$defined{$_} // $_} = 1 for map { s/"//gr } $text =~ /$pattern/g;
	}
	return sort keys %found;
}
# A variable of any name is the user's own.
my @read = grep { !/^name$/ } variables(
    qr/(?|\b(?:getenv|variable_get|session_variable|path_find)\((?:&\w+->\w+, )?("\w+"|[A-Z_]{3,})[,)]|github_write, ("GITHUB_ENV"))/,
    qw(lib/*/*.c cli/*.c));
cmp_ok(scalar @read, '>', 10, 'variables were found in the sources');
my ($variables) = $page =~ /^\.Sh ENVIRONMENT\n(.*?)^\.Sh /ms;
my @written = map { split / , / } $variables =~ /^\.It Ev (.*)$/mg;
is_deeply([sort grep { !/_proxy$/ } @written], \@read,
    'vault-env.1 has the variables that are read');
my $of_node = VaultTest::slurp("$ENV{TOP_SRCDIR}/lib/node/README");
like($of_node, qr/\b$_\b/, "lib/node/README has \$$_") for variables(
    qr/(?|\bvariable\('(\w+)'\)|_variable = ("\w+");)/, 'lib/node/*.js', 'lib/node/src/*.c');
my $of_python = VaultTest::slurp("$ENV{TOP_SRCDIR}/lib/python/README.md");
like($of_python, qr/\b$_\b/, "lib/python/README.md has \$$_") for variables(
    qr/(?|\benviron\.get\("(\w+)"\)|_variable = ("\w+");)/, 'lib/python/vaultdotenv/*.py',
    'lib/python/native/*.c');

# The ten words are the same wherever they are explained
my ($words) = $page =~ /^\.Sh WORDS\n(.*?)^\.Sh /ms;
my ($of_protocol) = VaultTest::slurp("$ENV{TOP_SRCDIR}/lib/PROTOCOL") =~
    /^The ten words [^\n]*:\n\n(.*?)\n\n/ms;
is_deeply([$words =~ /^\.It (.+)$/mg], [$of_protocol =~ /^  (\w+(?: \w+)?) {2}/mg],
    'vault-env.1 and PROTOCOL explain the same words');

# What bash offers after these words, the last one being completed
sub offers
{
	my (@words) = @_;
	my $r = VaultTest::run(['bash', '-c', $completion . <<'END', 'x', @words]);
COMP_WORDS=(vault-env "$@")
COMP_CWORD=$#
_vault_env
printf '%s\n' "${COMPREPLY[@]}"
END
	is($r->{stderr}, '', "completing '@words' prints no error");
	return [sort grep { length } split /\n/, $r->{stdout}];
}
my @global = map { $_->{name} } @{$table->{options}};
is_deeply(offers(''), [sort '--version', @global, @names],
    'bash offers commands and global options');
is_deeply(offers('regi'), ['register-device'], 'bash completes a command');
for my $c (@{$table->{commands}}) {
	my @want = (@global, map { $_->{name} } @{$c->{options}});
	push @want, @names if ($c->{operand} // '') eq '[COMMAND]';
	is_deeply(offers($c->{name}, ''), [sort @want],
	    "bash offers the options of $c->{name}");
}
is_deeply([grep { /^(?:push|--env)$/ } @{offers('run', '--', '')}], [],
    "bash offers no options of ours behind --");
is_deeply(offers('run', '--', 'pos'), [grep { /^pos/ } @{offers('run', '--', 'p')}],
    'but commands');
is_deeply(offers('push', '--env', 'p'), ['production'],
    'bash offers environments');
is_deeply(offers('rollback', '--version', ''), [],
    'bash offers nothing where it knows nothing');
is_deeply(offers('pull', '--output', "$ENV{TOP_SRCDIR}/READM"),
    ["$ENV{TOP_SRCDIR}/README"], 'bash offers files') if
    -e "$ENV{TOP_SRCDIR}/README";

SKIP: {
	skip 'mandoc is not there', 1 unless grep { -x "$_/mandoc" } split /:/,
	    $ENV{PATH};
	my $r = VaultTest::run(['mandoc', '-Tlint', '-Wwarning',
	    glob "$ENV{TOP_SRCDIR}/{cli,etc,fcgi}/*.[1-8]"]);
	is($r->{stdout} . $r->{stderr}, '', 'mandoc finds nothing wrong');
}

done_testing();
