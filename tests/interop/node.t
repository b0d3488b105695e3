#!/usr/bin/perl
# vault-env and a v1 client in Node.js that shares no code with it read each other's secrets. VAULT_ROUNDS random round trips each way (60, with and without a device).
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Encode ();
use IPC::Open2;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', qw(nginx node));
my $rounds = $ENV{VAULT_ROUNDS} || 60;
my $json = JSON::PP->new->utf8->canonical;
my $program = VaultTest::program('cli/vault-env');
my $s = VaultTest->server(web => 'nginx');
my $home = VaultTest::tmpdir();
my $seed = $ENV{VAULT_SEED} || time;
srand $seed;
note "VAULT_SEED=$seed";

# ---- the two clients
my $pid = open2(my $from, my $to, 'node',
    "$VaultTest::SRC/tests/interop/v1-client.js");
sub node		# op => name, members; the answer
{
	my ($op, %request) = @_;

	print $to $json->encode({op => $op, url => $s->{url}, %request}), "\n";
	$to->flush;
	my $line = <$from> // die "node has gone\n";
	return $json->decode($line);
}
sub node_ok
{
	my ($op, %request) = @_;
	my $r = node($op, %request);

	die "node $op: " . ($r->{status} // '') . " $r->{error}\n" unless $r->{ok};
	return $r;
}
sub cli			# who: {key, device, dir}; the result of run()
{
	my ($who, @args) = @_;

	return VaultTest::run([$program, @args],
	    cwd => $who->{dir} // $home, env => {HOME => $who->{home} // $home,
	    VAULT_URL => $s->{url}, VAULT_KEY => $who->{key},
	    VAULT_DEVICE_SECRET => $who->{device}, NODE_ENV => undef,
	    ENVIRONMENT => undef});
}
sub cli_ok
{
	my $r = cli(@_);

	die "vault-env @_[1 .. $#_]: $r->{status} $r->{stderr}\n" if $r->{status};
	return $r;
}
sub cli_pull
{
	my ($who, $env, @more) = @_;
	my $j = $json->decode(cli_ok($who, 'pull', '--env', $env, '--json',
	    @more)->{stdout});

	return ref $j->{secrets} ? $j->{secrets} : $j;
}

# ---- the Node client itself, by the vectors
my $v = $json->decode(VaultTest::slurp(
    "$VaultTest::SRC/tests/vectors/protocol-v1.json"));
is node('derive', key => $_->{vault_key}, device => $_->{device_secret},
    salt => $_->{salt})->{hex}, $_->{key_hex}, "node derives $_->{salt}"
    for @{$v->{derive}};
for (@{$v->{decrypt}}) {
	my $want = $json->decode(Encode::encode_utf8($_->{plaintext_json}));
	my %text = map { $_ => JSON::PP::is_bool($want->{$_}) ?
	    ($want->{$_} ? 'true' : 'false') : $want->{$_} // 'null' } keys %$want;
	is_deeply node('open', key => $_->{vault_key}, device => $_->{device_secret},
	    blob => $_->{blob_base64})->{secrets}, \%text, 'node opens a blob';
}

# ---- random secrets
my @pieces = ('a' .. 'z', 0 .. 9, ' ', '  ', '#', '=', '$', '${X}', '\\', '/',
    "\t", ':', '&', '%', '{', '}', "\n", "'", '"', '`', "\x{e9}", "\x{6f22}",
    "\x{1F680}", "\x{2028}", "\x{fe0f}", 'export ', '\\\\', '<', '>');
sub random_value
{
	my ($n) = @_;

	return join '', map { $pieces[rand @pieces] } 1 .. $n;
}
sub random_length { return (0, 1, 3, 20, 200)[rand 5] }
sub random_name
{
	return join '', ('A' .. 'Z', 'a' .. 'z', '_')[rand 53], map {
	    ('A' .. 'Z', 0 .. 9, 'a' .. 'z', '_')[rand 63] } 1 .. rand 20;
}
sub random_secrets { return {map { random_name() => random_value(random_length()) }
    1 .. 1 + rand 12} }
# .env text for values that its quotes can hold: one kind of quote is left out
sub dotenv
{
	my ($secrets) = @_;
	my $text = '';

	for my $name (sort keys %$secrets) {
		my $q = (q('), q(`))[rand 2];
		$secrets->{$name} =~ s/$q//g;
		$secrets->{$name} =~ s/\\+\z//;
		$text .= "$name=$q$secrets->{$name}$q\n";
	}
	return Encode::encode_utf8($text);
}

for my $device (0, 1) {
	my $how = $device ? 'with a device' : 'without a device';
	my $who = {key => node_ok('init', name => $how)->{key},
	    dir => VaultTest::tmpdir()};
	$who->{device} = node_ok('register', key => $who->{key}, name => 'node')
	    ->{device} if $device;
	my %node = (key => $who->{key}, device => $who->{device},
	    env => 'production');
	my (@there, @back);

	for my $round (1 .. $rounds) {
		my $secrets = random_secrets();
		node_ok('push', %node, secrets => $secrets);
		push @there, $round unless eval { is_deeply_quiet(
		    cli_pull($who, 'production'), $secrets) };
		diag $@ if $@;

		$secrets = random_secrets();
		VaultTest::spew("$who->{dir}/new.env", dotenv($secrets));
		# Without one, what is pushed would be anybody's who has the key.
		next if !$device;
		push @back, $round unless eval {
			cli_ok($who, 'push', '--env', 'production', '--replace', '--file', 'new.env');
			is_deeply_quiet(node_ok('pull', %node)->{secrets}, $secrets) };
		diag $@ if $@;
		last if @there + @back > 4;
	}
	is_deeply \@there, [], "$how: vault-env pulls what node pushed, $rounds times";
	is_deeply \@back, [], "$how: node pulls what vault-env pushed" if $device;
	my $j = node_ok('version', %node);
	is $j->{version}, (1 + $device) * $rounds, "$how: every push was one version";

	# What only Node can write
	my %odd = (N => 5, B => JSON::PP::true, Z => undef, F => 1.5, E => '');
	node_ok('push', %node, secrets => \%odd);
	is_deeply cli_pull($who, 'production'), {N => '5', B => 'true', Z => 'null',
	    F => '1.5', E => ''}, "$how: what is not a string becomes its text";
	node_ok('push', %node, secrets => {CR => "a\r\nb\r", ESC => "\e[31m\x01"});
	is_deeply cli_pull($who, 'production'), {CR => "a\r\nb\r",
	    ESC => "\e[31m\x01"}, "$how: control characters, by --json";
	node_ok('push', %node, secrets => {BIG => 'x' x 300_000});
	is length cli_pull($who, 'production')->{BIG}, 300_000, "$how: a big value";

	# Versions and rollback, each by the other's hand
	my $before = node_ok('version', %node)->{version};
	cli_ok($who, 'rollback', '--env', 'production', '--version', $before - 1);
	$j = node_ok('versions', %node);
	is $j->{versions}[0]{version}, $before + 1, "$how: vault-env rolls back";
	is_deeply $j->{versions}[0]{changed_keys},
	    ['rollback_from_v' . ($before - 1)], "$how: as node sees";
	is_deeply node_ok('pull', %node)->{secrets}, {CR => "a\r\nb\r",
	    ESC => "\e[31m\x01"}, "$how: and reads";
	node_ok('rollback', %node, version => $before - 2);
	is_deeply cli_pull($who, 'production'), {N => '5', B => 'true', Z => 'null',
	    F => '1.5', E => ''}, "$how: node rolls back";

	# The wrong key opens nothing
	my $r = cli({%$who, device => VaultTest::Client::random_hex(32)}, 'pull',
	    '--env', 'production', '--json');
	isnt $r->{status}, 0, "$how: another device secret opens nothing";
	is $r->{stdout}, '', "$how: and prints nothing";
	node_ok('push', %node, raw => VaultTest::Client::blob(60));
	$r = cli($who, 'pull', '--env', 'production', '--json');
	is $r->{status}, 1, "$how: nor does noise open";
	is $r->{stdout}, '', "$how: nothing is printed";
}

# ---- a project that vault-env makes, with the devices of both
my $dir = VaultTest::tmpdir();
my $who = {dir => $dir, home => VaultTest::tmpdir()};
cli_ok($who, 'init', '--protocol', 1, '--name', 'made by vault-env');
my ($key) = VaultTest::slurp("$dir/.env") =~
    /^VAULT_KEY=["'`]?(vk_[0-9a-f-]+_[0-9a-f]{64})/m;
ok defined $key, 'init leaves VAULT_KEY in .env' or diag VaultTest::slurp("$dir/.env");
VaultTest::spew("$dir/.env", VaultTest::slurp("$dir/.env") . "A=1\nB='two words'\n");
my ($id) = $key =~ /^vk_([^_]+)_/;
my $secret = VaultTest::slurp("$who->{home}/.vault/$id.key");
like $secret, qr/\A[0-9a-f]{64}\n\z/, 'and a device secret in ~/.vault';
chomp $secret;
cli_ok($who, 'push');
my %node = (key => $key, env => 'development', device => $secret);
is_deeply node_ok('pull', %node)->{secrets}, {A => '1', B => 'two words'},
    "node pulls with vault-env's device secret";
my $r = node('register', key => $key, name => 'node');
is $r->{status}, 'pending', "node's own device is pending";
my $pending = node('pull', %node, device => $r->{device});
is $pending->{status}, 403, 'and refused';
like $pending->{error}, qr/pending/, 'with the word that Node clients look for';
cli_ok($who, 'approve-device', '--id', $r->{device_id});
node_ok('push', %node, device => $r->{device}, secrets => {FROM => 'node'});
is_deeply cli_pull({%$who, device => $r->{device}}, 'development'),
    {FROM => 'node'}, 'approved by vault-env, it pushes';
node_ok('revoke', key => $key, id => $r->{device_id});
$r = cli({%$who, device => $r->{device}}, 'pull', '--json');
is $r->{status}, 3, 'revoked by node, vault-env is refused';
like $r->{stderr}, qr/"hint":"Run: vault-env register-device"/, 'and says what to do';

close $to;
waitpid $pid, 0;
done_testing;

sub is_deeply_quiet
{
	my ($got, $want) = @_;
	my ($g, $w) = map { $json->encode($_) } $got, $want;

	return 1 if $g eq $w;
	diag "got  $g\nwant $w";
	return 0;
}
