#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Random .env texts, made of what is hard in them, read by npm dotenv 18 and by
# the library; and random values written by the library, read by npm dotenv.
# npm dotenv is looked for in $DOTENV_DIR (the folder of its package.json), then
# in tests/node_modules of the build tree:
#     npm install --prefix tests dotenv@18.0.10
# $DOTENV_SEED and $DOTENV_CASES make other texts, or more.
use strict;
use warnings;

use File::Temp qw(tempdir);
use IPC::Open3 qw(open3);
use JSON::PP qw(decode_json);
use Test::More;

my $seed = $ENV{DOTENV_SEED} // 20250101;
my $cases = $ENV{DOTENV_CASES} // 20_000;

my ($package) = grep { defined && -f "$_/package.json" } $ENV{DOTENV_DIR},
    "$ENV{TOP_BUILDDIR}/tests/node_modules/dotenv";
plan(skip_all => 'npm dotenv 18 is neither in $DOTENV_DIR nor in '
	. 'tests/node_modules') if !$package;
my $version = decode_json(slurp("$package/package.json"))->{version};
plan(skip_all => "npm dotenv is $version, not 18") if $version !~ /^18\./;
plan(skip_all => 'there is no node') if !grep { -x "$_/node" } split /:/,
    $ENV{PATH};

my @library = ("$ENV{TOP_BUILDDIR}/tests/lib/env/dotenv-t");
plan(skip_all => 'tests/lib/env/dotenv-t is not built; make check does it')
    if !-x $library[0];

# An object in JavaScript takes no __proto__, and sorts names that are numbers
# first: that name is not made here, and names are compared in sorted order.
my @tokens = (
	(map { ($_) x 4 } "'", '"', '`', '\\', "\n", '=', ' ', 'A', '#'),
	"\r", "\r\n", "\t", "\x0b", "\f", ':', ': ', ":\n", 'export', 'export ',
	"export\n", 'A=', 'B=', "\nA=", "\nB=", "\r\nC=", "A='", 'B="', "\nC=`",
	"\n'", "\\'", '\\"', '\\`', '\\n', '\\r', '\\\\n', 'n', 'r', '==', '# ',
	'a b', 'x.y', 'k-1', '1', '_', '$', '${A}', "\0", "''", '""', '``',
	'" #', "' #", "'\n", "\"\n", "`\n",
	map({ my $c = chr; utf8::encode($c); $c } 0xa0, 0xfeff, 0x2028, 0x2029,
	    0x2028, 0x2029, 0x1680, 0x2003, 0x202f, 0x205f, 0x3000, 0x200b, 0x85,
	    0x180e, 0xe4, 0x6f22, 0x1f680, 0x2027, 0x202a));

# Its own generator, so that a seed means the same everywhere.
my $state = $seed;

sub rnd
{
	$state = ($state * 1103515245 + 12345) % 2**31;
	return ($state >> 8) % $_[0];
}

sub text
{
	my ($most) = @_;

	return join '', map { $tokens[rnd(scalar @tokens)] } 1 .. 1 + rnd($most);
}

sub slurp
{
	my ($path) = @_;

	open(my $f, '<:raw', $path) or die "$path: $!\n";
	local $/;
	return scalar <$f>;
}

my $dir = tempdir(CLEANUP => 1);

sub write_file
{
	my ($name, $bytes) = @_;

	open(my $f, '>:raw', "$dir/$name") or die "$name: $!\n";
	print $f $bytes;
	close($f) or die "$name: $!\n";
	return "$dir/$name";
}

sub records
{
	return join '', map { pack('V/a', $_) } @_;
}

# One line for each record.
sub answers
{
	my ($input, @command) = @_;
	my $path = write_file('input', $input);

	open(my $in, '<:raw', $path) or die "$path: $!\n";
	my $pid = open3('<&' . fileno($in), my $out, '>&STDERR', @command);
	my @lines = <$out>;
	waitpid($pid, 0);
	is($?, 0, "$command[0] $command[-1] ends well");
	chomp(@lines);
	return @lines;
}

my $reader = write_file('reader.js', <<'JS');
const dotenv = require(process.argv[2]);
const input = require('fs').readFileSync(0);
const hex = s => Buffer.from(s, 'utf8').toString('hex');
const out = [];
for (let i = 0; i < input.length;) {
	const len = input.readUInt32LE(i);
	const text = input.toString('utf8', i + 4, i + 4 + len);
	i += 4 + len;
	out.push(Object.entries(dotenv.parse(text))
	    .map(([name, value]) => hex(name) + '=' + hex(value)).join(','));
}
process.stdout.write(out.map(line => line + '\n').join(''));
JS

my @node = ('node', $reader, $package);
sub in_order
{
	return join ',', sort split /,/, $_[0];
}

sub shown
{
	my ($bytes) = @_;

	$bytes =~ s/([^!-~ ])/sprintf '\\x%02x', ord $1/ge;
	return $bytes;
}

# Reading: short texts for the corners, longer ones for what lines do to others.
my @texts = map { text($_ % 2 ? 12 : 60) } 1 .. $cases;
my $input = records(@texts);
my @want = answers($input, @node);
my @got = answers($input, @library, 'parse');
is(scalar @want, $cases, "npm dotenv $version reads $cases texts");
is(scalar @got, $cases, 'the library reads as many');
my @bad = grep { in_order($want[$_]) ne in_order($got[$_]) } 0 .. $#want;
is(scalar @bad, 0, "and the same from each (seed $seed)");
for my $i (@bad[0 .. ($#bad < 4 ? $#bad : 4)]) {
	diag(shown($texts[$i]), "\n  npm dotenv: $want[$i]\n",
	    "  the library: $got[$i]");
}
my $some = grep { /,/ } @want;
cmp_ok($some, '>', $cases / 10, "$some texts hold two names or more");

# Writing.
my @values = map { text(8) } 1 .. $cases / 4;
my @written = answers(records(@values), @library, 'write');
my @ok = grep { $written[$_] ne '-' } 0 .. $#values;
cmp_ok(scalar @ok, '>', @values * 0.9, 'nearly all random values are written');
@want = map { join ',', '41=' . unpack('H*', $values[$_]), '5a=31' } @ok;
@got = answers(records(map { pack('H*', $written[$_]) . "Z=1\n" } @ok), @node);
@bad = grep { $want[$_] ne $got[$_] } 0 .. $#ok;
is(scalar @bad, 0, 'and npm dotenv reads them as they were');
diag(shown($values[$ok[$_]]), ' is written ',
    shown(pack 'H*', $written[$ok[$_]])) for @bad[0 .. ($#bad < 4 ? $#bad : 4)];

done_testing();
