# SPDX-License-Identifier: MIT
# A protocol v1 client in Perl, written from the protocol's description alone,
# so that client and server are not merely wrong together. It does not open
# blobs (Perl's core has no AES): for the server they are opaque anyway.
#
#	my $c = VaultTest::Client->new($url)->create('my project');
#	$c->register('laptop');
#	my $r = $c->call('secrets/pull', {environment => 'production'});
#	# $r->{status}, $r->{json}, $r->{headers}, $r->{raw}
package VaultTest::Client;
use strict;
use warnings;
use Carp qw(croak);
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes ();

# HTTP::Tiny writes head and body apart: without this every POST on a kept
# connection waits 40 ms for an acknowledgement.
{
	no warnings 'redefine';
	my $connect = \&HTTP::Tiny::Handle::connect;
	*HTTP::Tiny::Handle::connect = sub {
		my $self = $connect->(@_);
		setsockopt $self->{fh}, IPPROTO_TCP, TCP_NODELAY, 1;
		return $self;
	};
}

our %UNSIGNED = map { $_ => 1 } qw(project/create project/set-key);

our %CANARIES;		# blobs, hashes, keys and signatures sent so far

# Every endpoint: its required fields in the order of its error sentence, and
# the optional ones.
our %ROUTES = (
	'project/create' => {need => [qw(project_name)]},
	'project/set-key' => {need => [qw(project_id auth_key_hash)]},
	'project/freeze' => {need => [qw(project_id moved_to frozen)]},
	'devices/register' => {need => [qw(project_id device_name device_hash)]},
	'devices/approve' => {need => [qw(project_id device_id)]},
	'devices/list' => {need => [qw(project_id)]},
	'devices/revoke' => {need => [qw(project_id device_id)]},
	'secrets/push' => {need => [qw(project_id environment secrets)],
	    may => [qw(device_hash key_names key_count base_version)]},
	'secrets/pull' => {need => [qw(project_id environment)],
	    may => [qw(device_hash version)]},
	'secrets/current-version' => {need => [qw(project_id environment)]},
	'secrets/versions' => {need => [qw(project_id environment)]},
	'secrets/rollback' => {need => [qw(project_id environment version)]},
);
our @SIGNED = grep { !$UNSIGNED{$_} } sort keys %ROUTES;

my $json = JSON::PP->new->utf8->canonical;

# Options: from (source address), timeout, keep_alive => 0, verify_SSL and
# whatever else HTTP::Tiny takes.
sub new
{
	my ($class, $url, %opt) = @_;
	my $from = delete $opt{from};

	$opt{local_address} = $from if defined $from;
	$url =~ s{/+\z}{};
	return bless {url => $url, http_opt => {keep_alive => 1, timeout => 60,
	    max_redirect => 0, %opt}}, $class;
}

sub http
{
	my ($self) = @_;

	return $self->{http}{$$} //= HTTP::Tiny->new(%{$self->{http_opt}});
}

# A client of the same project without its device and its connection.
sub again
{
	my ($self, %opt) = @_;
	my $other = VaultTest::Client->new($self->{url}, %opt);

	$other->{$_} = $self->{$_} for qw(project vault_key auth_key);
	return $other;
}

# ----------------------------------------------------------- derivations

sub hkdf		# RFC 5869, info empty
{
	my ($ikm, $salt, $len) = @_;
	my $prk = hmac_sha256($ikm, $salt);
	my ($t, $okm, $i) = ('', '', 0);

	while (length $okm < $len) {
		$t = hmac_sha256($t . chr(++$i), $prk);
		$okm .= $t;
	}
	return substr $okm, 0, $len;
}

sub ikm
{
	my ($vault_key, $device_secret) = @_;

	return $vault_key unless defined $device_secret;
	return hmac_sha256($device_secret, $vault_key);
}

sub auth_key { return hkdf($_[0], 'vault-auth-v1', 32) }
sub encryption_key { return hkdf(ikm(@_), 'vault-encrypt-v1', 32) }
sub device_hash { return sha256_hex($_[0]) }

# The header for a body (bytes) at a time, under an auth key (bytes).
sub signature
{
	my ($auth_key, $body, $time_ms) = @_;

	return "v=$time_ms,d=" . hmac_sha256_hex($body . $time_ms, $auth_key);
}

sub now_ms { return int(Time::HiRes::time() * 1000) }

sub random_bytes
{
	my ($n) = @_;

	open my $fh, '<:raw', '/dev/urandom' or croak "/dev/urandom: $!";
	read($fh, my $bytes, $n) == $n or croak 'short read';
	return $bytes;
}

sub random_hex { return unpack 'H*', random_bytes(shift) }

# Looks like a blob: iv, tag and n bytes, in base64.
sub blob { return encode_base64(random_bytes(28 + ($_[0] // 40)), '') }

# ------------------------------------------------------------------ calls

# POST /api/v1/<path>. project_id is added where the body lacks it (not with
# bare => 1), a signature where the path wants one. Options: key (auth key
# bytes), time_ms, sign => 0, signature (the header's exact text), raw_body
# (bytes), header (hash), method, url_path (in place of /api/v1/<path>).
sub call
{
	my ($self, $path, $body, %opt) = @_;
	my $bytes = $opt{raw_body};

	if (!defined $bytes) {
		my %members = %{$body // {}};
		$members{project_id} //= $self->{project}
		    if !$opt{bare} && !exists $members{project_id} &&
		    defined $self->{project};
		$bytes = $json->encode(\%members);
	}
	my %header = ('Content-Type' => 'application/json',
	    %{$opt{header} // {}});
	my $key = $opt{key} // $self->{auth_key};
	my $signature = $opt{signature};
	if (!defined $signature && ($opt{sign} // !$UNSIGNED{$path}) &&
	    defined $key) {
		$signature = signature($key, $bytes, $opt{time_ms} // now_ms());
	}
	$header{'X-Vault-Signature'} = $signature if defined $signature;
	# What must never be found in a log, see security.t.
	$CANARIES{$1} = $path while $bytes =~ /"([A-Za-z0-9+\/=]{40,})"/g;
	$CANARIES{$1} = $path if ($signature // '') =~ /d=([0-9a-f]{64})$/;
	return $self->send($opt{method} // 'POST',
	    $opt{url_path} // "/api/v1/$path", $bytes, \%header);
}

# Any request. What was sent is in the result too: sent, signature.
sub send
{
	my ($self, $method, $url_path, $bytes, $header) = @_;
	my %args = (headers => $header // {});

	$args{content} = $bytes if defined $bytes;
	my $r = $self->http->request($method, $self->{url} . $url_path, \%args);
	return {path => $url_path, status => $r->{status}, reason => $r->{reason},
	    headers => $r->{headers}, raw => $r->{content},
	    json => scalar(eval { $json->decode($r->{content}) }),
	    sent => $bytes, signature => $header->{'X-Vault-Signature'}};
}

# The same bytes under the same signature once more, to any path.
sub replay
{
	my ($self, $r, $path) = @_;

	return $self->call($path, undef, raw_body => $r->{sent},
	    signature => $r->{signature});
}

sub _ok
{
	my ($r, $what) = @_;

	croak "$what: $r->{status} $r->{raw}" if $r->{status} != 200;
	return $r;
}

# A body that every endpoint but project/* accepts as it stands (members that
# an endpoint does not know are passed over). Optional members by name.
sub full_body
{
	my ($self, %more) = @_;

	return {project_id => $self->{project}, environment => 'staging',
	    secrets => blob(), device_name => 'any', version => 1,
	    device_hash => $self->{device_hash} // device_hash('none'),
	    device_id => $self->{device_id} // random_uuid(),
	    moved_to => '5f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11',
	    frozen => JSON::PP::false, %more};
}

sub random_uuid		# version 4, RFC 4122
{
	my @h = unpack 'H8 H4 H4 H4 H12', random_bytes(16);

	substr($h[2], 0, 1) = '4';
	substr($h[3], 0, 1) = 'a';
	return join '-', @h;
}

# Makes a project and gives it a key: sets project, vault_key, auth_key.
sub create
{
	my ($self, $name, %opt) = @_;
	my $r = _ok($self->call('project/create', {project_name => $name},
	    bare => 1, %opt), 'project/create');

	$self->use_key("vk_$r->{json}{project_id}_" . random_hex(32));
	_ok($self->call('project/set-key', {
	    auth_key_hash => unpack('H*', $self->{auth_key})}),
	    'project/set-key');
	return $self;
}

sub use_key
{
	my ($self, $vault_key) = @_;

	$self->{vault_key} = $vault_key;
	($self->{project}) = $vault_key =~ /^vk_([^_]*)_/ or
	    croak 'malformed vault key';
	$self->{auth_key} = auth_key($vault_key);
	$CANARIES{$_} = 'key' for $vault_key, unpack 'H*', $self->{auth_key};
	return $self;
}

# Registers a new device (or the secret given) and keeps it as this client's.
sub register
{
	my ($self, $name, $secret) = @_;

	$self->{device_secret} = $secret // random_hex(32);
	$self->{device_hash} = device_hash($self->{device_secret});
	$CANARIES{$self->{device_secret}} = 'device secret';
	my $r = _ok($self->call('devices/register', {device_name => $name,
	    device_hash => $self->{device_hash}}), 'devices/register');
	$self->{device_id} = $r->{json}{device_id};
	$self->{device_status} = $r->{json}{status};
	return $r;
}

sub _device
{
	my ($self) = @_;

	return defined $self->{device_hash} ?
	    (device_hash => $self->{device_hash}) : ();
}

# Push and pull with this client's device, if it has one.
sub push_blob
{
	my ($self, $environment, $blob, $more, %opt) = @_;

	return $self->call('secrets/push', {environment => $environment,
	    secrets => $blob, $self->_device, %{$more // {}}}, %opt);
}

sub pull
{
	my ($self, $environment, $more, %opt) = @_;

	return $self->call('secrets/pull', {environment => $environment,
	    $self->_device, %{$more // {}}}, %opt);
}

1;
