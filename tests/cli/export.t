#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# export: every format is read back by its consumer, or by its written rules, and
# gives the same bytes; what a format cannot hold is refused by name. VAULT_ROUNDS:
# how many generated environments (50).
# protocol 1 2
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

# $GITHUB_ENV, as the runner's FileCommandManager.cs reads it: lines end in "\n"; a
# line with "<<" before any "=" is NAME<<DELIMITER, and all up to the line that is
# the delimiter, less one line break, is the value; otherwise NAME=VALUE.
sub by_github
{
	my ($text) = @_;
	my %all;

	while ($text =~ /\G([^\n]*)\n/gc) {
		my $line = $1;
		next if $line eq '';
		if ($line =~ /\A([^=]*?)<<(.*)\z/s) {
			my ($name, $end) = ($1, $2);
			die "format: $line" if $name eq '' || $end eq '';
			$text =~ /\G(?:()|((?s:.*?))\n)\Q$end\E(?:\n|\z)/gc or die "no delimiter $end";
			$all{$name} = $2 // '';
		} elsif ($line =~ /\A([^=]+)=(.*)\z/s) {
			$all{$1} = $2;
		} else {
			die "format: $line";
		}
	}
	die 'more' if (pos($text) // 0) != length $text;
	return \%all;
}

# The runner's commands on standard output: add-mask, its data with %25, %0D, %0A.
sub masks_of
{
	my ($text) = @_;

	return map { my ($data) = /\A::add-mask::(.+)\z/s or die "no command: $_";
	    $data =~ s/%0D/\r/g; $data =~ s/%0A/\n/g; $data =~ s/%25/%/g; $data } split /\n/, $text;
}

# EnvironmentFile=, as systemd.exec(5) and env-file.c have it: in double quotes a
# backslash before one of \ " ` $ is left out, before a line break both are, and
# before any other character it stays; blanks around the value are passed over.
sub by_systemd_rules
{
	my ($text) = @_;
	my %all;

	while ($text =~ /\G([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"\n/gcs) {
		my ($name, $value) = ($1, $2);
		$value =~ s/\\([\\"`\$\n])|(\\)/defined $1 ? ($1 eq "\n" ? '' : $1) : $2/ge;
		$all{$name} = $value;
	}
	die 'more: ' . substr $text, pos($text) // 0 if (pos($text) // 0) != length $text;
	return \%all;
}

# systemd's own parser of such files, in the generator for environment.d(5): it puts
# in what ${NAME} means and takes no empty value, so for values without a dollar. It
# prints C strings.
my $generator = '/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator';
sub by_systemd
{
	my ($text) = @_;
	my $home = VaultTest::tmpdir();
	my %all;

	mkdir $_ or die for "$home/.config", "$home/.config/environment.d";
	VaultTest::spew("$home/.config/environment.d/1.conf", $text);
	my $r = VaultTest::run(['env', '-i', "HOME=$home", $generator]);
	while ($r->{stdout} =~ /^(\w+)=("?)(.*)\2$/mg) {
		my ($name, $value) = ($1, $3);
		$value =~ s/\\(.)/{n => "\n", t => "\t", r => "\r"}->{$1} \/\/ $1/ge;
		$all{$name} = $value;
	}
	return \%all;
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

	$p->other_push($env, {map { utf8::decode(my $v = $all->{$_}); ($_ => $v) } keys %$all});
}

# What the file of a step gets; $masks is what the runner hides then.
my ($masks, $before) = ('', "BEFORE=1\n");
sub github_of
{
	my ($env, @more) = @_;
	my $file = $p->path('github-env');

	VaultTest::spew($file, $before);
	my $r = $p->run('export', '--env', $env, '--format', 'github', @more, {env => {GITHUB_ENV => $file}});
	die $r->{stderr} if $r->{status} != 0;
	$masks = join "\0", sort(masks_of($r->{stdout}));
	VaultTest::slurp($file) =~ /\A\Q$before\E(.*)\z/s or die 'what was there is gone';
	return $1;
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
		systemd => [\&by_systemd_rules],
		github => [\&by_github, sub { return {%$all} if $masks eq join "\0", sort grep { /\S/ }
		    values %$all; die "masks" }],
	);
	for my $format (sort keys %reader) {
		my @more = $format eq 'k8s' ? ('--name', 'my-app') : ();
		my $text = eval { $format eq 'github' ? github_of('e') : export_of($format, '--env', 'e', @more) };
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
for my $format (qw(json yaml shell docker k8s systemd github env)) {
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

is(export_of('systemd', '--env', 'd'), qq(A="it's \\\$A"\n), 'systemd');
SKIP: {
	skip 'systemd is not there', 1 unless -x $generator;
	my %hard = (A => "two\nlines\\ \\n '\"`#;\\", C => "  blanks \t", D => "\\\n\r\n", E =>
	    '%n \\x41', F => "\xc3\xa9");
	push_of('hard', \%hard);
	my $got = by_systemd(export_of('systemd', '--env', 'hard'));
	is_deeply({map { $_ => $got->{$_} } keys %hard}, \%hard, "systemd's own parser reads it back");
}
push_of('masks', {A => "50% of\nit\r", B => '', C => " \n"});
is_deeply(by_github(github_of('masks')), {A => "50% of\nit\r", B => '', C => " \n"}, 'github: the file');
is($masks, "50% of\nit\r", 'and a mask for each value that shows');
push_of('lines', {A => "one\nLD_PRELOAD=/tmp/evil.so\nB=<<"});
$before = 'BEFORE=1';
is_deeply(by_github($before . github_of('lines')), {BEFORE => 1, A => "one\nLD_PRELOAD=/tmp/evil.so\nB=<<"},
    'github: behind a line without an end');
$before = '';
is_deeply(by_github(github_of('masks')), {A => "50% of\nit\r", B => '', C => " \n"}, 'github: in an empty file');
$p->gives(['export', '--format', 'github'], 2, '', 'vault-env: $GITHUB_ENV is not set, which ' .
    "--format github appends to. Run it in a step of a workflow, or give --output\n", 'github outside of a workflow');
$p->gives(['export', '--format', 'github', {env => {GITHUB_ENV => '/nowhere/env'}}], 1, qr/\A::add-mask/,
    "vault-env: Cannot append to /nowhere/env: No such file or directory\n", 'a file that is not there');

# ---- one name of many
push_of('odd', {'a.b' => 'dot', GOOD => '1', OTHER => '2'});
is(export_of('shell', '--env', 'odd', '--only', 'GOOD'), "export GOOD='1'\n",
    '--only: what the format cannot hold does not matter');
is_deeply(by_json(export_of('json', '--env', 'odd', '--only', 'OTHER', '--only', 'a.b')),
    {OTHER => 2, 'a.b' => 'dot'}, 'twice: both');
$p->gives(['export', '--env', 'odd', '--only', 'GOOD', '--only', 'NONE'], 1, '',
    "vault-env: odd has no NONE. See: vault-env pull --env odd\n", 'one that is not there');

# ---- what a format cannot hold
sub refused
{
	my ($format, $reader, $name, $value, $why) = @_;
	push_of('r', {GOOD => 1, $name => $value});

	$p->gives(['export', '--env', 'r', '--format', $format, $format eq 'k8s' ? ('--name', 'x') :
	    ()], 1, '', "vault-env: $name cannot be exported for $reader: $why. Use --format json, which can hold it\n", "$format refuses $why");
}
refused('docker', 'docker', 'X', "a\nb", 'its value has more than one line');
refused('docker', 'docker', 'X', "a\r", 'its value ends with a carriage return');
refused('docker', 'docker', 'a b', 1, 'it is no name for an --env-file');
refused('docker', 'docker', 'X', 'x' x 65536, 'a line of an --env-file is limited to 64 KiB');
refused('shell', 'a shell', 'a.b', 1, 'it is not the name of a shell variable');
refused('shell', 'a shell', '1A', 1, 'it is not the name of a shell variable');
refused('shell', 'a shell', 'PPID', 1, 'shells keep that variable for themselves');
refused('shell', 'a shell', 'OPTIND', 'x', 'shells keep that variable for themselves');
refused('systemd', 'systemd', 'a.b', 1, 'it is not the name of a variable there');
refused('systemd', 'systemd', '1A', 1, 'it is not the name of a variable there');
refused('systemd', 'systemd', 'X', 'x' x 131070, 'a variable of a service is limited to 128 KiB');
refused('github', 'GitHub Actions', 'a<<b', 1, 'it is no name for $GITHUB_ENV');
refused('github', 'GitHub Actions', "GITHUB_PATH", 1, 'its runner keeps that variable for itself');
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
($tty) = $p->terminal("exec $CliTest::BIN --url $url export --env d --format github --output out");
like($tty, qr/\Avault-env: --format github prints every value, .* only with --reveal\. See: /,
    'github prints no value on a terminal');
for my $case (['--format must be env, json, yaml, shell, docker, k8s, github or systemd', '--format', 'xml'],
    ['--format k8s needs --name NAME', '--format', 'k8s'],
    ['--name is for --format k8s only', '--name', 'x'],
    ['--json and another --format do not go together', '--json', '--format', 'yaml'],
    (map { ["--name must be a DNS name: lower-case letters, digits, '-' and '.'", '--format',
    'k8s', '--name', $_] } 'X', 'a_b', '-a', 'a-', 'a..b', '.a', 'a.', 'a.-b', 'a-.b', 'x' x 254)) {
	my ($sentence, @args) = @$case;
	$p->gives(['export', @args], 2, '', grep({ $_ eq '--json' } @args) ? qr/\A\{"error":"\Q$sentence\E",/ :
	    "vault-env: $sentence. See: vault-env export --help\n");
}
is($p->run('export', '--env', 'd', '--format', 'k8s', '--name', $_)->{status}, 0, "--name $_")
    for 'a', 'a-b.c0', '0', 'x' x 253;

done_testing();
