#!/usr/bin/perl
# Every endpoint through both web servers: what it answers, its error sentences, and that each check comes before the later ones.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use Test::More;
use Time::HiRes ();
use VaultTest;

my $UUID = qr/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/;
my $TIME = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/;

# Pages of any origin may call, but for what nobody signs.
sub origin
{
	my ($path) = @_;

	return $path =~ m{^/api/v1/(.*)} && $VaultTest::Client::UNSIGNED{$1} ?
	    undef : '*';
}

my %answered;		# paths

sub answers		# a 200 with exactly these members
{
	my ($r, $members, $name) = @_;

	$answered{$r->{path}} = 1;
	subtest $name => sub {
		is $r->{status}, 200, 'status' or diag $r->{raw};
		like $r->{headers}{'content-type'}, qr{^application/json}, 'Content-Type';
		is $r->{headers}{'access-control-allow-origin'}, origin($r->{path}),
		    'CORS';
		is_deeply [sort keys %{$r->{json} // {}}], [sort @$members], 'members'
		    or diag $r->{raw};
	};
	return $r->{json} // {};
}

sub refuses
{
	my ($r, $status, $sentence, $code, $name) = @_;

	subtest $name => sub {
		is $r->{status}, $status, 'status' or diag $r->{raw};
		is $r->{json}{error}, $sentence, 'sentence';
		defined $code ? is $r->{json}{code}, $code, 'code' :
		    like $r->{json}{code}, qr/^[a-z][a-z0-9_]+\z/, 'code';
		like $r->{headers}{'content-type'}, qr{^application/json}, 'Content-Type';
		is $r->{headers}{'access-control-allow-origin'}, origin($r->{path}),
		    'CORS';
	};
}

sub sentence		# "a required", "a and b required", "a, b, and c required"
{
	my (@need) = @_;
	my $last = pop @need;

	return "$last required" unless @need;
	return join(', ', @need) . (@need > 1 ? ',' : '') . " and $last required";
}

sub is_number { like $_[0], qr/^(?:0|[1-9]\d*)\z/, $_[1] }

# Written as a JSON number, not as a string of digits.
sub number_on_wire
{
	my ($r, $member) = @_;

	like $r->{raw}, qr/"$member"\s*:\s*\d/, "$member is a number";
}

sub recent
{
	my ($time, $name) = @_;

	like $time, $TIME, "$name: ISO 8601 UTC with milliseconds" or return;
	my ($y, $mo, $d, $h, $mi, $s) = $time =~ /\d+/g;
	require Time::Local;
	my $age = time - Time::Local::timegm($s, $mi, $h, $d, $mo - 1, $y);
	ok $age > -5 && $age < 300, "$name: is now ($age s)";
}

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd));
VaultTest->each_web(sub {
	my ($s) = @_;
	my $c = VaultTest::Client->new($s->{url});
	my ($r, $j);

	# ---- outside /api/v1
	for my $path ('/health', '/health?probe=1') {
		$r = $c->send('GET', $path);
		$j = answers($r, [qw(status ts)], "GET $path");
		is $j->{status}, 'ok', 'health is ok';
		number_on_wire($r, 'ts');
		ok abs($j->{ts} - VaultTest::Client::now_ms()) < 10_000,
		    'ts is the time in ms';
	}
	for my $path ('/', '/api', '/api/v1', '/api/v1/', '/api/v1/nope',
	    '/api/v3/project/create', '/api/v1/health', '/healthy',
	    '/api/v1/secrets/pull/', '/api/v1/Secrets/pull',
	    '/api/v1/secrets/pull.json', '/api/v1/secrets', '/favicon.ico',
	    '/secrets/pull', '/vault.fcgi', '/index.html',
	    '/x/api/v1/secrets/pull') {
		refuses($c->send($_, $path, $_ eq 'POST' ? '{}' : undef), 404,
		    'Not found', 'not_found', "$_ $path") for qw(GET POST);
	}

	# ---- OPTIONS on any path, and methods
	for my $path ('/health', '/', '/nope', map { "/api/v1/$_" }
	    sort keys %VaultTest::Client::ROUTES) {
		$r = $c->send('OPTIONS', $path);
		like $r->{status}, qr/^20[04]\z/, "OPTIONS $path: $r->{status}";
		my $h = $r->{headers};
		is $h->{'access-control-allow-origin'}, origin($path), 'origin';
		if (!defined origin($path)) {
			is_deeply [grep { /^access-control/ } keys %$h], [],
			    'nothing is allowed';
			next;
		}
		like $h->{'access-control-allow-methods'}, qr/\b$_\b/, "method $_"
		    for qw(POST GET OPTIONS);
		like $h->{'access-control-allow-headers'}, qr/\b$_\b/i, "header $_"
		    for qw(Content-Type X-Vault-Signature);
	}
	for my $path (sort keys %VaultTest::Client::ROUTES) {
		refuses($c->send($_, "/api/v1/$path", $_ eq 'GET' ? undef : 'no json'),
		    405, 'Method not allowed', 'method_not_allowed',
		    "$_ $path") for qw(GET PUT DELETE PATCH);
	}
	refuses($c->send('POST', '/health', '{}'), 405, 'Method not allowed',
	    'method_not_allowed', 'POST /health');
	is $c->send('HEAD', "/api/v1/secrets/pull")->{status}, 405, 'HEAD';

	# ---- what a page of another origin can send without asking
	for my $path (sort keys %VaultTest::Client::ROUTES) {
		refuses($c->call($path, $c->full_body, bare => 1,
		    header => {'Content-Type' => $_}), 415,
		    'Content-Type must be application/json',
		    'unsupported_media_type', "$path as $_")
		    for qw(text/plain application/x-www-form-urlencoded
		    multipart/form-data application/jsonp text/json);
		is $c->call($path, undef, raw_body => 'no json', header =>
		    {'Content-Type' => $_})->{status}, 400, "$path as $_ is read"
		    for 'application/json; charset=utf-8', 'Application/JSON';
	}

	# ---- required fields, by endpoint: all absent, then each absent
	my %sentence = map { $_ => sentence(
	    @{$VaultTest::Client::ROUTES{$_}{need}}) }
	    keys %VaultTest::Client::ROUTES;
	for my $path (sort keys %sentence) {
		refuses($c->call($path, {}, bare => 1), 400, $sentence{$path},
		    undef, "$path of nothing");
		my @need = @{$VaultTest::Client::ROUTES{$path}{need}};
		next if @need < 2;
		for my $absent (@need) {
			my $body = $c->full_body(project_id =>
			    VaultTest::Client::random_uuid(),
			    auth_key_hash => 'ab' x 32);
			delete $body->{$absent};
			refuses($c->call($path, $body, bare => 1), 400,
			    $sentence{$path}, undef, "$path without $absent");
		}
	}

	# ---- project
	$r = $c->call('project/create', {project_name => "caf\x{e9} \x{1F680}"});
	$j = answers($r, [qw(project_id environments)], 'project/create');
	like $j->{project_id}, $UUID, 'project_id is a UUID';
	is_deeply $j->{environments}, [qw(development staging production)],
	    'the environments';
	my $other = VaultTest::Client->new($s->{url});
	$other->use_key("vk_$j->{project_id}_secret");
	refuses($other->call('devices/list'), 401, 'Unauthorized', undef,
	    'a project without a key trusts no signature');
	my %key = (project_id => $j->{project_id},
	    auth_key_hash => unpack 'H*', $other->{auth_key});
	$r = $c->call('project/set-key', \%key);
	answers($r, ['ok'], 'project/set-key');
	ok JSON::PP::is_bool($r->{json}{ok}) && $r->{json}{ok}, 'ok is true';
	refuses($c->call('project/set-key', \%key), 409, 'Auth key already set',
	    'auth_key_set', 'set-key twice, even the same key');
	refuses($c->call('project/set-key', {%key,
	    project_id => VaultTest::Client::random_uuid()}), 404,
	    'Project not found', undef, 'set-key of no project');
	answers($other->call('devices/list'), ['devices'], 'with its key');

	# ---- secrets, no device
	$c->create('endpoints');
	$r = $c->call('secrets/current-version', {environment => 'production'});
	$j = answers($r, [qw(version updated_at)], 'current-version, none yet');
	number_on_wire($r, 'version');
	is $j->{version}, 0, 'version 0';
	is $j->{updated_at}, undef, 'updated_at null';
	$r = $c->call('secrets/versions', {environment => 'production'});
	is_deeply answers($r, ['versions'], 'versions, none yet')->{versions}, [],
	    'an empty array';
	refuses($c->call('secrets/pull', {environment => 'production'}), 404,
	    'No secrets stored yet', undef, 'pull, none yet');
	for my $path (qw(pull current-version versions rollback)) {
		refuses($c->call("secrets/$path", {environment => 'nowhere',
		    version => 1}), 404, 'Environment not found', undef,
		    "$path of an unknown environment");
	}

	my @blobs = (undef, map { VaultTest::Client::blob($_ * 10) } 0 .. 2);
	$r = $c->call('secrets/push', {environment => 'production',
	    secrets => $blobs[1]});
	$j = answers($r, ['version'], 'push');
	is $j->{version}, 1, 'the first version is 1';
	number_on_wire($r, 'version');
	$r = $c->call('secrets/push', {environment => 'production',
	    secrets => $blobs[2], key_names => ['+A', '~B', '-C', 'BARE'],
	    key_count => 3, some_later_member => {a => [1]}});
	is answers($r, ['version'], 'push with key_names')->{version}, 2, 'is version 2';
	$r = $c->call('secrets/push', {environment => 'made-by_push.1',
	    secrets => $blobs[3], key_names => []});
	is answers($r, ['version'], 'push to a new environment')->{version}, 1, 'is version 1';
	is $c->pull('made-by_push.1')->{json}{secrets}, $blobs[3], 'is there';

	$r = $c->call('secrets/pull', {environment => 'production'});
	$j = answers($r, [qw(secrets version)], 'pull');
	is $j->{secrets}, $blobs[2], 'the blob as it was sent';
	is $j->{version}, 2, 'of the newest version';
	number_on_wire($r, 'version');
	is $c->pull('production', {version => 1})->{json}{secrets}, $blobs[1],
	    'pull of version 1';
	refuses($c->pull('production', {version => 9}), 404, 'Version not found',
	    undef, 'pull of a version that is not there');
	$r = $c->call('secrets/current-version', {environment => 'production'});
	$j = answers($r, [qw(version updated_at)], 'current-version');
	is $j->{version}, 2, 'is 2';
	recent($j->{updated_at}, 'updated_at');

	$r = $c->call('secrets/rollback', {environment => 'production',
	    version => 1});
	$j = answers($r, ['version'], 'rollback');
	is $j->{version}, 3, 'rollback makes a new version';
	is $c->pull('production')->{json}{secrets}, $blobs[1], 'of the old blob';
	refuses($c->call('secrets/rollback', {environment => 'production',
	    version => 4}), 404, 'Version not found', undef, 'rollback to none');
	$r = $c->call('secrets/versions', {environment => 'production'});
	$j = answers($r, ['versions'], 'versions');
	is_deeply [map { $_->{version} } @{$j->{versions}}], [3, 2, 1],
	    'newest first';
	is_deeply [map { $_->{changed_keys} } @{$j->{versions}}],
	    [['rollback_from_v1'], ['+A', '~B', '-C', 'BARE'], undef],
	    'changed_keys';
	for (@{$j->{versions}}) {
		is_deeply [sort keys %$_], [qw(changed_keys created_at version)],
		    'members of a version';
		recent($_->{created_at}, 'created_at');
	}
	# Two of the same bytes in one millisecond would be one push.
	for my $n (4 .. 53) {
		$r = $c->call('secrets/push', {environment => 'production',
		    secrets => $blobs[1], unique => $n});
		is $r->{json}{version}, $n, "version $n";
	}
	$j = $c->call('secrets/versions', {environment => 'production'})->{json};
	is_deeply [map { $_->{version} } @{$j->{versions}}], [reverse 4 .. 53],
	    '50 versions at most';

	# ---- devices
	my $first = $c->again;
	$r = $first->register('first');
	$j = answers($r, [qw(device_id status)], 'register');
	like $j->{device_id}, $UUID, 'device_id is a UUID';
	is $j->{status}, 'approved', 'the first device is approved at once';
	my $second = $c->again;
	$r = $second->register('second');
	is $r->{json}{status}, 'pending', 'the second is pending';
	$r = $second->register('renamed', $second->{device_secret});
	is_deeply $r->{json}, {device_id => $second->{device_id},
	    status => 'pending'}, 'same hash: same id and status';
	is $r->{json}{device_id}, $second->{device_id}, 'same id';
	isnt $first->{device_id}, $second->{device_id}, 'ids differ';

	refuses($second->pull('production'), 403, 'Device pending approval',
	    'device_pending', 'pull of a pending device');
	refuses($second->push_blob('production', $blobs[1]), 403,
	    'Device pending approval', 'device_pending', 'push likewise');
	for my $hash ({}, {device_hash => 'ab' x 32}) {
		refuses($c->call('secrets/pull', {environment => 'production',
		    %$hash}), 403, 'Device not registered or revoked',
		    'device_refused', 'pull of ' . (%$hash ? 'a strange' : 'no') .
		    ' device');
		refuses($c->call('secrets/push', {environment => 'production',
		    secrets => $blobs[1], %$hash}), 403,
		    'Device not registered or revoked', 'device_refused',
		    'push likewise');
	}
	# The same bytes in the same millisecond would be the same signature.
	is $c->call("secrets/$_", {environment => 'production', nonce => $_})->
	    {status}, 200, "$_ needs no device" for qw(current-version versions);
	is $first->pull('production')->{json}{version}, 53, 'the first may pull';

	$r = $c->call('devices/list');
	$j = answers($r, ['devices'], 'list');
	is_deeply [map { $_->{device_name} } @{$j->{devices}}],
	    [qw(second first)], 'newest first';
	for (@{$j->{devices}}) {
		is_deeply [sort keys %$_], [qw(approved_at created_at device_name
		    id last_seen_at status)], "members of $_->{device_name}";
		recent($_->{created_at}, 'created_at');
	}
	is $j->{devices}[0]{id}, $second->{device_id}, 'id';
	is $j->{devices}[0]{status}, 'pending', 'status';
	is $j->{devices}[0]{approved_at}, undef, 'not yet approved';
	recent($j->{devices}[1]{approved_at}, 'approved_at');
	recent($j->{devices}[1]{last_seen_at}, 'last_seen_at');

	$r = $c->call('devices/approve', {device_id => $second->{device_id}});
	is_deeply answers($r, [qw(device_id status)], 'approve'),
	    {device_id => $second->{device_id}, status => 'approved'}, 'approved';
	is $second->pull('production')->{status}, 200, 'and may pull';
	$r = $c->call('devices/revoke', {device_id => $second->{device_id}});
	is_deeply answers($r, [qw(device_id status)], 'revoke'),
	    {device_id => $second->{device_id}, status => 'revoked'}, 'revoked';
	refuses($second->pull('production'), 403,
	    'Device not registered or revoked', 'device_refused',
	    'pull of a revoked device');
	refuses($second->push_blob('production', $blobs[1]), 403,
	    'Device not registered or revoked', 'device_refused', 'push likewise');
	refuses($c->call("devices/$_", {device_id =>
	    VaultTest::Client::random_uuid()}), 404, 'Device not found', undef,
	    "$_ of no device") for qw(approve revoke);
	my $foreign = VaultTest::Client->new($s->{url})->create('foreign');
	refuses($foreign->call("devices/$_", {device_id =>
	    $first->{device_id}}), 404, 'Device not found', undef,
	    "$_ of another project's device") for qw(approve revoke);
	is $first->pull('production')->{status}, 200, 'which did nothing';

	# ---- each check before the later ones
	my $nowhere = VaultTest::Client::random_uuid();
	my $bad = 'v=1,d=0';
	my %all = (project_id => $nowhere, environment => 'nowhere',
	    device_hash => 'ab' x 32);
	refuses($c->call('secrets/pull', undef, url_path => '/api/v1/secrets/x',
	    method => 'PUT', raw_body => 'no json', signature => $bad), 404,
	    'Not found', undef, 'path before method');
	refuses($c->call('secrets/pull', undef, method => 'PUT',
	    raw_body => 'no json', signature => $bad), 405,
	    'Method not allowed', undef, 'method before JSON');
	for my $path (@VaultTest::Client::SIGNED) {
		refuses($c->call($path, undef, raw_body => 'no json',
		    signature => $bad), 400, 'Invalid JSON', 'invalid_json',
		    "$path: JSON before project");
		my $body = $c->full_body(%all);
		delete $body->{(grep { $_ ne 'project_id' }
		    @{$VaultTest::Client::ROUTES{$path}{need}})[0] // 'project_id'};
		refuses($c->call($path, $body, signature => $bad, bare => 1), 400,
		    $sentence{$path}, undef, "$path: fields before project");
		refuses($c->call($path, $c->full_body(%all),
		    signature => $bad), 404, 'Project not found', undef,
		    "$path: project before signature");
		refuses($c->call($path, $c->full_body(%all,
		    project_id => $c->{project}, device_id => $nowhere),
		    signature => $bad), 401, 'Unauthorized', undef,
		    "$path: signature before device and environment");
	}
	refuses($c->call('secrets/pull', {%all, project_id => $c->{project}}),
	    403, 'Device not registered or revoked', 'device_refused',
	    'device before environment');
	refuses($first->pull('nowhere'), 404, 'Environment not found', undef,
	    'environment last');

	# ---- where a project goes on
	my $left = VaultTest::Client->new($s->{url})->create('left');
	$j = answers($left->call('project/freeze', {moved_to => $nowhere,
	    frozen => JSON::PP::true}), [qw(moved_to frozen)], 'project/freeze');
	is $j->{moved_to}, $nowhere, 'where to';
	ok JSON::PP::is_bool($j->{frozen}) && $j->{frozen}, 'frozen is true';
	refuses($left->push_blob('staging', VaultTest::Client::blob()), 403,
	    'This project has moved to protocol v2: ask for the new VAULT_KEY',
	    'project_moved', 'a push afterwards');

	# ---- a query string changes nothing
	$r = $c->call('devices/list', {}, url_path => '/api/v1/devices/list?a=b');
	is $r->{status}, 200, 'a query string is passed over';
	is_deeply [grep { !$answered{"/api/v1/$_"} }
	    sort keys %VaultTest::Client::ROUTES], [],
	    'the answer of every endpoint was seen';
});
done_testing;
