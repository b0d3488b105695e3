#!/usr/bin/perl
# The development server: up and down again without loss, its own folder only,
# loopback only, the shipped web server files unchanged but for their site lines.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Path qw(remove_tree);
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', qw(nginx lighttpd curl openssl));
my $src = $VaultTest::SRC;

sub dev_server
{
	my (@args) = @_;

	return VaultTest::run(["$src/etc/dev-server", @args], timeout => 120,
	    env => {VAULT_BUILDDIR => $VaultTest::BUILD});
}

sub refuses
{
	my ($args, $status, $message) = @_;
	my $r = dev_server(@$args);

	is "$r->{status} $r->{stderr}", "$status $message\n", "@$args";
	is $r->{stdout}, '', '... and nothing on stdout';
}

# A line of the used file is the shipped one, or takes the place of a site line.
sub shipped
{
	my ($file, $used) = @_;
	my @fixed = map { /# site$/ ? () : $_ } split /^/, VaultTest::slurp("$src/etc/$file");
	my $sites = () = VaultTest::slurp("$src/etc/$file") =~ /# site$/mg;
	my @extra;

	for my $line (split /^/, VaultTest::slurp($used)) {
		if (@fixed && $line eq $fixed[0]) {
			shift @fixed;
		} else {
			push @extra, $line;
		}
	}
	is "@fixed", '', "$file is used as shipped";
	cmp_ok scalar @extra, '<=', $sites, "$file: only site lines differ";
	unlike join('', @extra), qr/limit|param|error_page|location|max/,
	    "$file: and they say nothing of limits";
}

my $dir = VaultTest::tmpdir() . '/server';

refuses(['up', '--dir', $dir, '--port', '70000'], 1,
    'dev-server: --port must be 0 to 65535, not 70000');
refuses(['up', '--dir', $dir, '--web', 'apache'], 1,
    'dev-server: --web must be nginx or lighttpd, not apache');
refuses(['up', '--dir', $dir, '--set', 'threads'], 1,
    'dev-server: --set needs name=value, not threads');
refuses(['up', '--dir'], 1, 'dev-server: --dir needs a value (see --help)');
refuses(['up', '--nonsense'], 1,
    'dev-server: unknown argument --nonsense (see --help)');
refuses(['restart', 'everything', '--dir', $dir], 1,
    'dev-server: restart needs one of: postgres, vault, web');
refuses(['status', '--dir', $dir], 1,
    "dev-server: nothing in $dir; run: $src/etc/dev-server up --dir $dir");
ok !-e $dir, 'refusals make no folder';
is dev_server('down', '--dir', $dir)->{status}, 0, 'down of nothing is down';
like dev_server('--help')->{stdout}, qr/^usage: dev-server /, '--help';
is dev_server()->{status}, 2, 'no command: usage';

my $s = VaultTest->server(web => 'nginx', set => {threads => 7});
$dir = $s->{dir};
my ($port) = $s->{url} =~ /:(\d+)$/;
shipped('nginx.conf', "$dir/nginx-site.conf");

subtest 'up again changes nothing' => sub {
	my $before = $s->dev_server('status');
	is $before->{status}, 0, 'status: all runs';
	my $r = $s->dev_server('up');
	is $r->{stdout}, "$s->{url}\n", 'the same URL, alone on stdout';
	is $s->dev_server('status')->{stdout}, $before->{stdout},
	    'the same processes';
	like VaultTest::slurp("$dir/vault.conf"), qr/^threads = 7$/m,
	    'settings are kept';
};

subtest 'up leaves no shell behind' => sub {
	my @left = grep { m{/dev-server\0.*\0\Q$dir\E\0}s }
	    map { VaultTest::slurp("$_/cmdline", 1) } glob '/proc/[0-9]*';
	is_deeply \@left, [], 'no dev-server runs on';
};

subtest 'private' => sub {
	my @tcp = map { [(split)[1, 3, 9]] } split /\n/,
	    VaultTest::slurp('/proc/net/tcp');
	is_deeply [map { $_->[0] =~ /^(\w+):/ } grep { $_->[1] eq '0A' &&
	    hex(($_->[0] =~ /:(\w+)/)[0]) == $port } @tcp], ['0100007F'],
	    'the web server listens on 127.0.0.1 only';
	is sprintf('%o', (stat "$dir/server.key")[2] & 07777), '600',
	    'server.key is 0600';
	like VaultTest::slurp("$dir/server.key"), qr/\A[0-9a-f]{64}\n\z/,
	    'and of 64 hex digits';
	is sprintf('%o', (stat "$dir/pg-sock")[2] & 07777), '700',
	    'only its owner enters the folder of the database\'s socket';
	is $s->psql("show listen_addresses"), '', 'PostgreSQL has no TCP port';
	my ($pid) = VaultTest::slurp("$dir/pg/postmaster.pid") =~ /^(\d+)/;
	isnt((stat "/proc/$pid")[4], 0, 'PostgreSQL does not run as root');
	is $s->psql('select rolsuper from pg_roles where rolname = current_user'),
	    'f', 'the owner of the database is no superuser';
};

subtest 'vault.fcgi that dies is started again' => sub {
	my ($pid) = $s->vault_pids;
	kill KILL => $pid;
	ok VaultTest::wait_until(10, sub {
		my ($new) = $s->vault_pids;
		return $new && $new != $pid && $s->dev_server('status')->{status} == 0;
	}), 'another one serves';
	like $s->log('vault'), qr/program $pid ended with signal 9/, 'it is logged';
};

subtest 'the parts, each by itself' => sub {
	for my $part (qw(vault web postgres)) {
		$s->stop($part);
		my $r = $s->dev_server('status');
		is $r->{status}, 1, "$part stopped: status says so";
		like $r->{stdout}, qr/^$part +not running$/m, '... by name';
		$s->start($part);
		is VaultTest::wait_until(10, sub {
			$s->dev_server('status')->{status} == 0 }), 1, "$part back";
	}
};

subtest 'down keeps the data and leaves no process' => sub {
	my $c = VaultTest::Client->new($s->{url})->create('kept');
	my $counts = $s->counts;
	is $s->dev_server('down')->{status}, 0, 'down';
	is $s->dev_server('down')->{status}, 0, 'down again';
	my @left = grep { (readlink("$_/cwd") // '') =~ m{^\Q$dir\E(/|$)} }
	    glob '/proc/[0-9]*';
	is "@left", '', 'no process in its folder';
	is "@{[$s->vault_pids]}", '', 'no vault.fcgi';
	is $s->dev_server('up')->{stdout}, "$s->{url}\n", 'up on the same port';
	is $s->counts, $counts, 'the same rows';
	is $c->call('devices/list')->{status}, 200, 'the same server key';
};

subtest 'a port that is taken' => sub {
	my $other = VaultTest::tmpdir() . '/s';
	my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
	    or die;
	my $sentence = 'port %d cannot be used (Address already in use); ' .
	    'choose another with --port, where 0 picks a free one';

	for my $n ($port, $taken->sockport) {
		refuses(['up', '--dir', $other, '--port', $n], 1,
		    'dev-server: ' . sprintf($sentence, $n));
	}
	is_deeply [grep { -s } glob "$other/*"], ["$other/log", "$other/tmp"],
	    'before anything was started';
	my $r = $s->dev_server('up', '--port', $taken->sockport);
	is $r->{stderr}, sprintf("dev-server: $sentence\n", $taken->sockport),
	    'nor does a server move to one';
	is $s->dev_server('status')->{status}, 0, 'it stays where it was';
	is $s->dev_server('up')->{stdout}, "$s->{url}\n", '... for good';
};

subtest 'reset' => sub {
	my $key = VaultTest::slurp("$dir/server.key");
	my $r = $s->dev_server('reset');
	is $r->{status}, 0, 'reset' or diag $r->{stderr};
	is $r->{stderr}, "dev-server: deleted the data in $dir\n", 'says so';
	is $r->{stdout}, "$s->{url}\n", 'and is up on the same port';
	is $s->psql('select count(*) from vault.projects'), 0, 'no data';
	isnt VaultTest::slurp("$dir/server.key"), $key, 'another server key';
};

subtest 'lighttpd, TLS' => sub {
	my $r = $s->dev_server('up', '--web', 'lighttpd');
	is $r->{stdout}, "$s->{url}\n", 'up with the other web server'
	    or diag $r->{stderr};
	shipped('lighttpd.conf', "$dir/lighttpd.conf");
	$r = $s->dev_server('up', '--web', 'nginx', '--tls');
	is $r->{stdout}, "https://127.0.0.1:$port\n", 'up with TLS'
	    or diag $r->{stderr};
	shipped('nginx.conf', "$dir/nginx-site.conf");
	is VaultTest::run(['curl', '-fsS', '--cacert', "$dir/tls-cert.pem",
	    "https://127.0.0.1:$port/health"])->{status}, 0, 'the certificate holds';
	isnt VaultTest::run(['curl', '-fsS', '--cacert', "$dir/tls-cert.pem",
	    '--tls-max', '1.1', "https://127.0.0.1:$port/health"])->{status}, 0,
	    'TLS 1.1 is refused';
	for my $web (qw(nginx lighttpd)) {
		$s->dev_server('up', '--web', $web, '--tls');
		is VaultTest::run(['curl', '-fsS', '--cacert', "$dir/tls-cert.pem",
		    '--tls-max', '1.2', '--ciphers', $_->[0],
		    "https://127.0.0.1:$port/health"])->{status} == 0 ? 1 : 0,
		    $_->[1], "$web: TLS 1.2 by $_->[0]"
		    for ['ECDHE-ECDSA-AES128-GCM-SHA256', 1],
		    ['ECDHE-ECDSA-AES128-SHA', 0],
		    ['ECDHE-ECDSA-AES128-SHA256', 0];
	}
	$s->down;
};

subtest 'a folder with a name too long for a socket' => sub {
	my $long = VaultTest::tmpdir() . '/' . 'long' x 25;
	my $r = dev_server('up', '--dir', $long, '--port', 0);
	is $r->{status}, 0, 'up' or diag $r->{stderr};
	my $sockets = readlink "$long/sockets";
	ok -S "$sockets/vault.sock", 'the sockets are elsewhere';
	is dev_server('down', '--dir', $long)->{status}, 0, 'down';
	ok !-e $sockets, 'and are gone after down';
	is dev_server('up', '--dir', $long)->{status}, 0, 'up again';
	is dev_server('down', '--dir', $long)->{status}, 0, 'and down';
};

subtest 'a folder that PostgreSQL\'s user cannot reach' => sub {
	plan skip_all => 'only root has such' if $> != 0;
	my $parent = VaultTest::tmpdir();
	chmod 0700, $parent or die;
	my $r = dev_server('up', '--dir', "$parent/s", '--port', 0);
	is $r->{status}, 0, 'up' or diag $r->{stderr};
	my $cluster = readlink("$parent/s/cluster") // '';
	like $r->{stderr}, qr{^dev-server: the user \w+ cannot reach \S+: PostgreSQL's data are in \Q$cluster\E },
	    'says where the data are';
	is dev_server('down', '--dir', "$parent/s")->{status}, 0, 'down';
	like $cluster, qr{^/var/lib/vault-env-dev\.\w+$}, 'in /var/lib';
	ok -d "$cluster/pg", 'the data stay';
	remove_tree($cluster) if $cluster =~ m{^/var/lib/vault-env-dev\.\w+$};
};

done_testing;
