#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# export: every format is read back by its consumer, or by its written rules, and
# gives the same bytes; what a format cannot hold is refused by name. VAULT_ROUNDS:
# how many generated environments (50).
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use MIME::Base64;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');
my $utf8 = JSON::PP->new->utf8;

sub export_of
{
	my ($format, @more) = @_;
	my $r = $p->run('export', '--format', $format, @more);

	die "$r->{stderr}\n" if $r->{status} != 0;
	return $r->{stdout};
}

# ---- the consumers; each takes what export printed and gives {name => bytes}

# The variables that a shell has after `. file`, one file after the other, each in
# a subshell: [text, names] to {name => bytes}. A shell starts with few variables,
# so that none is there by chance.
sub by_shell
{
	my ($shell, @texts) = @_;

	VaultTest::spew($p->path("sourced$_"), $texts[$_][0]) for 0 .. $#texts;
	my $r = VaultTest::run(['env', '-i', "PATH=$ENV{PATH}", $shell, '-c', 'for f; do (set -a; ' .
	    '. "$f"; exec env -0 >"$f.env") || exit 1; done', 'x', map { "./sourced$_" }
	    0 .. $#texts], cwd => $p->{dir});
	die "$shell: $r->{stderr}" if $r->{status} != 0 || $r->{stderr} ne '';
	return map {
		my %all = map { /^([^=]+)=(.*)\z/s } split /\0/, $p->slurp("sourced$_.env");
		my $names = $texts[$_][1];
		+{map { $_ => $all{$_} } @$names};
	} 0 .. $#texts;
}

sub by_eval
{
	my ($shell, @names) = @_;
	my $r = VaultTest::run([$shell, '-c', "eval \"\$($CliTest::BIN --url $url export " .
	    '--format shell)"; exec env -0'], cwd => $p->{dir}, env => $p->environment);
	my %all = map { /^([^=]+)=(.*)\z/s } split /\0/, $r->{stdout};

	return {map { $_ => $all{$_} } @names};
}

# docker's --env-file, as its manual and opts/file.go have it: lines; a byte order
# mark at the start, blanks before a line, and comments are passed over; the name
# ends at the first '=', may hold no blank, and all behind it is the value. A line
# ends with \n, or \r\n, and may have 64 KiB.
sub by_docker
{
	my ($text) = @_;
	my %all;

	for my $line (split /\n/, $text) {
		die 'line too long' if length $line > 65535;
		$line =~ s/\r\z//;
		$line =~ s/\A\xef\xbb\xbf// unless %all;
		$line =~ s/\A[ \t]+//;
		next if $line eq '' || $line =~ /\A#/;
		my ($name, $value) = split /=/, $line, 2;
		die "bad name: $line" if $name eq '' || $name =~ /[ \t]/;
		die "no value: $line" unless defined $value;
		$all{$name} = $value;
	}
	return \%all;
}

# Our YAML is a JSON string, a colon and a JSON string a line: YAML 1.2 section
# 7.3.1 takes all escapes of JSON. What no YAML parser takes bare must be escaped.
sub by_yaml_rules
{
	my ($text) = @_;
	my %all;

	utf8::decode(my $chars = $text) or die 'not UTF-8';
	die 'not printable' if $chars =~ /[^\n\x20-\x7e\xa0-\x{d7ff}\x{e000}-\x{fefe}\x{ff00}-\x{fffd}\x{10000}-\x{10ffff}]/;
	die 'a line break' if $chars =~ /[\x{2028}\x{2029}]/;
	return {} if $text eq "{}\n";
	for my $line (split /\n/, $text) {
		$line =~ /\A("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*")\z/ or die "line: $line";
		my ($name, $value) = @{$utf8->decode("[$1,$2]")};
		utf8::encode($_) for $name, $value;
		$all{$name} = $value;
	}
	return \%all;
}

# PyYAML, all documents in one go: a process for each would take minutes.
my $has_yaml = VaultTest::run(['python3', '-c', 'import yaml'])->{status} == 0;
sub by_pyyaml
{
	my (@texts) = @_;
	my $r = VaultTest::run(['python3', '-c', 'import sys, json, yaml' . "\n" .
	    'for t in json.load(sys.stdin): print(json.dumps(yaml.safe_load(t)))'],
	    stdin => JSON::PP->new->ascii->encode([map { utf8::decode(my $t = $_); $t } @texts]));

	die $r->{stderr} if $r->{status} != 0;
	return map { my $h = $utf8->decode($_); utf8::encode($_) for values %$h; $h }
	    split /\n/, $r->{stdout};
}

sub by_json
{
	my ($text) = @_;
	my $all = $utf8->decode($text);

	utf8::encode($_) for values %$all;
	return $all;
}

# A Secret as kubectl takes it: data is base64 (RFC 4648), with padding.
sub by_kubectl_rules
{
	my ($text, $name) = @_;
	my %all;

	$text =~ s/\AapiVersion: v1\nkind: Secret\nmetadata:\n  name: "\Q$name\E"\ntype: Opaque\ndata:// or
	    die "no Secret: $text";
	return {} if $text eq " {}\n";
	$text =~ s/\A\n// or die 'data';
	for my $line (split /\n/, $text) {
		$line =~ m{\A  "([-._A-Za-z0-9]{1,253})": "([A-Za-z0-9+/]*=*)"\z} or die "line: $line";
		my ($key, $base64) = ($1, $2);
		$all{$key} = decode_base64($base64);
		die "not canonical: $line" if encode_base64($all{$key}, '') ne $base64;
	}
	return \%all;
}

# Plain dotenv, in a folder without a key
my $plain_dir = VaultTest::tmpdir();
sub by_dotenv
{
	my ($text) = @_;

	VaultTest::spew("$plain_dir/.env", $text);
	my $r = VaultTest::run([$CliTest::BIN, 'run', '--override', '--', 'env', '-0'],
	    cwd => $plain_dir, env => $p->environment(VAULT_KEY => undef));
	return {map { /^([^=]+)=(.*)\z/s } split /\0/, $r->{stdout}};
}

# ---- environments: names and values that are meant to hurt
my $seed = $ENV{VAULT_SEED} // time;
srand $seed;
my @pieces = ("'", '"', '`', '\\', '$', '${A}', '$(x)', '#', ' ', "\t", '=', ':', ';', '&', '%',
    '!', '*', '-', '{', '[', 'a', 'Z', '0', 'null', 'yes', '~', '|', '>', '@', ',', "\xc3\xa9",
    "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xc2\x85", "\xc2\xa0", "\x01", "\x7f",
    "\x1b[2J", '\\n', '\\u0041', '---', "\xef\xbf\xbf");
my @names = qw(A B_C _X Y NO null true LONG_name_9 x N on E1 a1 Z9);

sub value_of
{
	my ($lines) = @_;
	my $value = join '', map { $pieces[rand @pieces] } 1 .. rand 12;

	return $value unless $lines;
	return join "\n", map { (rand > 0.8 ? "\r" : '') . value_of() } 1 .. 1 + rand 3;
}

sub environment
{
	my ($lines) = @_;
	my %all;

	$all{$names[rand @names]} = value_of($lines) for 1 .. 1 + rand 8;
	return \%all;
}

sub push_of
{
	my ($env, $all) = @_;

	$p->node_push($env, {map { utf8::decode(my $v = $all->{$_}); ($_ => $v) } keys %$all});
}

my $rounds = $ENV{VAULT_ROUNDS} // 50;
my (@yaml, @want, %shell, %wrong, $refused, %tried);
for my $round (1 .. $rounds) {
	my $one_line = $round % 2;
	my $all = environment(!$one_line);
	push_of('e', $all);
	my %reader = (
		json => [sub { by_json($_[0]) }],
		yaml => [sub { by_yaml_rules($_[0]) }],
		shell => [],
		k8s => [sub { by_kubectl_rules($_[0], 'my-app') }],
		$one_line ? (docker => [\&by_docker]) : (),
	);
	for my $format (sort keys %reader) {
		my @more = $format eq 'k8s' ? ('--name', 'my-app') : ();
		my $text = eval { export_of($format, '--env', 'e', @more) };
		for my $read (@{$reader{$format}}) {
			my $got = eval { $read->($text) };
			$tried{$format}++;
			$wrong{$format} //= $utf8->canonical->encode([$all, $got // {},
			    $@]) unless defined $got && $utf8->canonical->encode($got)
			    eq $utf8->canonical->encode($all);
		}
		push @yaml, $text and push @want, $all if $format eq 'yaml' && defined $text;
		push @{$shell{$_}}, [$text // "exit 1\n", $all] for $format ne 'shell' ? () :
		    ('sh', $round % 5 == 0 ? 'bash' : ());
	}
	# .env text cannot hold everything; what it does not refuse must be right.
	my $r = $p->run('export', '--env', 'e');
	if ($r->{status} == 0) {
		my $got = by_dotenv($r->{stdout});
		$tried{env}++;
		$wrong{env} //= $utf8->encode([$all, $got]) if grep { ($got->{$_} // '<none>') ne
		    $all->{$_} } keys %$all;
	} else {
		$refused++;
		$wrong{env} //= $r->{stderr} if $r->{stderr} !~ /--json/;
	}
}
for my $sh (sort keys %shell) {
	my @cases = @{$shell{$sh}};
	my @got = eval { by_shell($sh, map { [$_->[0], [keys %{$_->[1]}]] } @cases) };
	my ($bad) = grep { $utf8->canonical->encode($got[$_] // {}) ne
	    $utf8->canonical->encode($cases[$_][1]) } 0 .. $#cases;
	$tried{shell} += @cases;
	$wrong{shell} //= $utf8->canonical->encode([$sh, $cases[$bad][1], $got[$bad] // {}, $@])
	    if defined $bad;
}
for my $format (qw(json yaml shell docker k8s env)) {
	ok(!defined $wrong{$format}, "$format: @{[$tried{$format} // 0]} generated environments are read " .
	    'back') or diag("VAULT_SEED=$seed\n$wrong{$format}");
}
note(($refused // 0) . ' could not be written as .env text');
SKIP: {
	skip 'python3 has no yaml: only our own check of the rules', 1 unless $has_yaml;
	my @got = by_pyyaml(@yaml);
	my ($bad) = grep { $utf8->canonical->encode($got[$_]) ne $utf8->canonical->encode($want[$_]) }
	    0 .. $#want;
	ok(@got == $rounds && !defined $bad, "PyYAML reads all $rounds") or
	    diag("VAULT_SEED=$seed\n$yaml[$bad // 0]");
}

# ---- exact text
push_of('d', {A => "it's \$A"});
is(export_of('json', '--env', 'd'), qq({"A":"it's \$A"}\n), 'json');
is($p->must('export', '--json', '--env', 'd'), qq({"A":"it's \$A"}\n), '--json is --format json');
is(export_of('yaml', '--env', 'd'), qq("A": "it's \$A"\n), 'yaml');
is(export_of('shell', '--env', 'd'), "export A='it'\\''s \$A'\n", 'shell');
is(export_of('docker', '--env', 'd'), "A=it's \$A\n", 'docker');
is(export_of('k8s', '--env', 'd', '--name', 'x'), "apiVersion: v1\nkind: Secret\nmetadata:\n" .
    qq(  name: "x"\ntype: Opaque\ndata:\n  "A": "aXQncyAkQQ=="\n), 'k8s');
push_of('development', {A => "a'b\nc ", B => ''});
is_deeply(by_eval('sh', 'A', 'B'), {A => "a'b\nc ", B => ''}, 'eval "$(vault-env export ...)"');
push_of('none', {});
is(export_of($_, '--env', 'none'), {json => "{}\n", yaml => "{}\n"}->{$_} // '', "$_ of nothing")
    for qw(env json yaml shell docker);
like(export_of('k8s', '--env', 'none', '--name', 'x'), qr/\ndata: \{\}\n\z/, 'k8s of nothing');

# ---- what a format cannot hold
sub refused
{
	my ($format, $reader, $name, $value, $why) = @_;
	push_of('r', {GOOD => 1, $name => $value});

	$p->gives(['export', '--env', 'r', '--format', $format, $format eq 'k8s' ? ('--name', 'x') :
	    ()], 1, '', "vault-env: $name cannot be exported for $reader: $why. --format json can " .
	    "hold it\n", "$format refuses $why");
}
refused('docker', 'docker', 'X', "a\nb", 'its value has more than one line');
refused('docker', 'docker', 'X', "a\r", 'its value ends with a carriage return');
refused('docker', 'docker', 'a b', 1, 'it is no name for an --env-file');
refused('docker', 'docker', 'X', 'x' x 65536, 'a line of an --env-file is limited to 64 KiB');
refused('shell', 'a shell', 'a.b', 1, 'it is not the name of a shell variable');
refused('shell', 'a shell', '1A', 1, 'it is not the name of a shell variable');
refused('shell', 'a shell', 'PPID', 1, 'shells keep that variable for themselves');
refused('shell', 'a shell', 'OPTIND', 'x', 'shells keep that variable for themselves');
refused('k8s', 'Kubernetes', 'a b', 1, 'it is no key of a Secret');
refused('k8s', 'Kubernetes', '..', 1, 'it is no key of a Secret');
push_of('r', {X => 'x' x 65532});
is(by_docker(export_of('docker', '--env', 'r'))->{X}, 'x' x 65532, 'the longest docker line');
push_of('r', {X => "a'b\"c`d #e"});
$p->gives(['export', '--env', 'r'], 1, '', qr/\Avault-env: .*X/, 'env refuses, by name');

# ---- names that run code, reserved names
push_of('r', {A => 1, LD_PRELOAD => 'x', VAULT_KEY => 'y'});
my $r = $p->run('export', '--env', 'r', '--format', 'docker');
is($r->{stdout}, "A=1\n", 'neither is exported');
like($r->{stderr}, qr/^vault-env: warning: Left out, because programs run other code by them \(allow each by its name to have it\): LD_PRELOAD$/m,
    'with a warning');
is(join('', sort split /^/, $p->run('export', '--env', 'r', '--format', 'docker',
    '--allow', 'LD_PRELOAD')->{stdout}), "A=1\nLD_PRELOAD=x\n", 'unless it is allowed');

# ---- files, terminals, usage
$p->gives(['export', '--env', 'd', '--format', 'docker', '--output', 'out'], 0, "Exported 1 " .
    "variable into out\n", '', '--output');
is($p->slurp('out'), "A=it's \$A\n", 'holds it');
is($p->mode('out'), '0600', 'for its owner only');
symlink 'target', $p->path('link') or die;
$p->gives(['export', '--env', 'd', '--output', 'link'], 1, '', qr/\Avault-env: .*link/,
    'a symlink is refused');
my ($tty) = $p->terminal("exec $CliTest::BIN --url $url export --env d --format shell");
is($tty, "export A='********'\nvault-env: values are hidden on a terminal: use --reveal to see " .
    "them, or --output FILE to store them\n", 'a terminal gets no values');
($tty) = $p->terminal("exec $CliTest::BIN --url $url export --env d --format docker --reveal");
is($tty, "A=it's \$A\n", 'but with --reveal');
for my $case (['--format must be env, json, yaml, shell, docker or k8s', '--format', 'xml'],
    ['--format k8s needs --name NAME', '--format', 'k8s'],
    ['--name is for --format k8s only', '--name', 'x'],
    ['--json and another --format do not go together', '--json', '--format', 'yaml'],
    (map { ["--name must be a DNS name: lower-case letters, digits, '-' and '.'", '--format',
    'k8s', '--name', $_] } 'X', 'a_b', '-a', 'a-', 'a..b', '.a', 'a.', 'a.-b', 'a-.b', 'x' x 254)) {
	my ($sentence, @args) = @$case;
	$p->gives(['export', @args], 2, '', "vault-env: $sentence: see vault-env export --help\n");
}
is($p->run('export', '--env', 'd', '--format', 'k8s', '--name', $_)->{status}, 0, "--name $_")
    for 'a', 'a-b.c0', '0', 'x' x 253;

done_testing();
