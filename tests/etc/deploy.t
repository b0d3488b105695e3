#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# vault-env-deploy(7), played from the database on: its commands make a server that
# answers over HTTPS, out of what make install installed. Real are psql, createdb,
# openssl, install, cp, vault.fcgi, the web server and curl. What would change this
# machine is a stand-in that does the same below a folder: adduser, runuser,
# systemctl, and nginx with the host's own lines ("# site") replaced.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests', ($ENV{TOP_SRCDIR} // '.') . '/tests/sql';
use File::Path qw(make_path);
use IO::Socket::INET;
use SqlTest;
use Test::More;
use VaultTest;
use VaultTest::Session;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', './Makefile',
    qw(nginx make openssl curl createdb psql));
my ($root, $tools) = map { VaultTest::tmpdir() } 1 .. 2;
my @pid_files = ("$root/run/vault.pid", "$root/run/nginx.pid");

END { kill TERM => map { VaultTest::slurp($_, 1) =~ /(\d+)/ } @pid_files }

# ---- what is installed, where the page says that it is
my %var = VaultTest::slurp("$VaultTest::BUILD/Makefile") =~ /^(\w+) = *(.*?) *$/mg;
sub dir
{
	my ($path) = $var{$_[0]};

	1 while $path =~ s/\$[{(](\w+)[})]/$var{$1}/;
	return "$root/installed$path";
}
my $r = VaultTest::run(['make', '-C', $VaultTest::BUILD, 'install',
    "DESTDIR=$root/installed"], timeout => 200,
    env => {MAKEFLAGS => undef, MAKELEVEL => undef, MFLAGS => undef});
is $r->{status}, 0, 'make install' or BAIL_OUT($r->{stderr});
make_path(map { "$root/$_" } qw(usr/share/doc etc/nginx/conf.d run tls));
symlink dir('pkgdatadir'), "$root/usr/share/vault-env" or die;
symlink dir('docdir'), "$root/usr/share/doc/vault-env" or die;

# ---- the machine
my $cluster = SqlTest->start;
my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
my $port = $free->sockport;
close $free;
$r = VaultTest::run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj', '/CN=vault',
    '-addext', 'subjectAltName=DNS:vault.example.org,IP:127.0.0.1',
    '-keyout', "$root/tls/key.pem", '-out', "$root/tls/cert.pem"]);
is $r->{status}, 0, 'a certificate' or BAIL_OUT($r->{stderr});

sub stand_in
{
	my ($name, @lines) = @_;

	VaultTest::spew("$tools/$name", join "\n", '#!/bin/bash -e', @lines, '');
	chmod 0755, "$tools/$name" or die;
}
my $site = "sed -E -e '/# site\$/!b' -e 's|listen 443 .*;|listen 127.0.0.1:$port " .
    "ssl http2;|' -e '/listen \\[::\\]/d' -e 's|/etc/ssl/vault-env|$root/tls|' " .
    "-e 's|/var/log/nginx|$root/run|' -e 's|/run/vault-env|$root/run|' " .
    "$root/etc/nginx/conf.d/vault-env.conf >$root/run/site.conf";
my $temps = join ' ', map { "${_}_temp_path $root/run/$_;" } qw(client_body proxy
    fastcgi uwsgi scgi);
VaultTest::spew("$root/run/nginx.conf", ($> == 0 ? "user root;\n" : '') .
    "pid $root/run/nginx.pid;\nerror_log $root/run/nginx.log;\nevents { }\n" .
    "http { access_log off; $temps include $root/run/site.conf; }\n");
my $nginx = "-e $root/run/nginx.log -c $root/run/nginx.conf";
stand_in('adduser', 'exit 0');
stand_in('runuser', '[ "$1 $2 $3" = "-u postgres --" ]; shift 3',
    'PGUSER=owner PGDATABASE=postgres exec "$@"');
stand_in('nginx', $site, "PATH=\${PATH#*:}:/usr/sbin exec nginx \"\$@\" $nginx");
stand_in('curl', "PATH=\${PATH#*:} exec curl --cacert $root/tls/cert.pem " .
    "--connect-to vault.example.org:443:127.0.0.1:$port \"\$@\"");
# The unit as it was installed: its command on its socket, with its credential.
my ($command) = VaultTest::slurp(dir('systemdsystemunitdir') . '/vault-env.service')
    =~ m{^ExecStart=(/.*)$}m;
my $etc = dir('sysconfdir') =~ s{^\Q$root/installed\E}{}r;
$command =~ s{ \Q$etc\E/}{ $root/etc/};
stand_in('systemctl', 'case "$*" in', 'daemon-reload) ;;',
    "'reload nginx') PATH=\${PATH#*:}:/usr/sbin nginx $nginx ;;",
    "'enable --now vault-env.socket vault-env.service')",
    map({ "install -m 0400 -D $root/etc/vault-env/$_ $root/run/cred/$_" }
	qw(server.key create.token)),
    "export CREDENTIALS_DIRECTORY=$root/run/cred",
    "$VaultTest::SRC/etc/dev-supervise --socket $root/run/vault.sock --mode 0660 " .
    "--pid $root/run/vault.pid -- $root/installed$command </dev/null >$root/run/vault.log 2>&1 &",
    "for i in {1..200}; do [ ! -S $root/run/vault.sock ] || exit 0; sleep 0.05; done",
    'exit 1 ;;', "'restart vault-env') kill -HUP \$(cat $root/run/vault.pid) ;;",
    '*) echo "systemctl $*: not on this page" >&2; exit 1 ;;', 'esac');

# ---- the page
my $session = VaultTest::Session->new(url => "https://127.0.0.1:$port", root => $root,
    shown_url => 'https://vault.example.org', path => [$tools,
    VaultTest::program('cli/vault-env') =~ s{/[^/]+\z}{}r],
    machines => {server => {PGHOST => "$cluster->{dir}"},
    laptop => {VAULT_CA_FILE => "$root/tls/cert.pem"}});
# curl is asked for the name, as the page has it
delete $session->{known}{$session->{shown_url}};
my ($page) = VaultTest::slurp("$VaultTest::SRC/etc/vault-env-deploy.7") =~
    /^(\.Sh DATABASE\n.*)/ms;
my $n = 0;
VaultTest::spew($session->home('laptop') . '/.env', "A=1\n");
for my $part (split /^(?=\.Sh )/m, $page) {
	if ($part =~ /^\.Sh USERS/) {
		$session->{known}{$session->{shown_url}} = $session->{url};
		# The operator gave it out.
		VaultTest::spew($session->home('laptop') . '/create.token',
		    VaultTest::slurp("$root/etc/vault-env/create.token"));
	}
	# What clients call it here
	$part =~ s/url = \K\Q$session->{shown_url}\E/$session->{url}/;
	$n += $session->play($_) for VaultTest::Session::of_mdoc($part);
}
cmp_ok $n, '>=', 15, "$n commands were run";
$r = $session->run('laptop', 'vault-env get A');
is $r->{stdout}, "1\n", 'a secret goes there and back, after the upgrade, too';
is $session->run('server', 'curl -sS -o /dev/null -w "%{http_code}" ' .
    'https://vault.example.org/health')->{stdout}, 200, 'and it answers';
diag VaultTest::slurp("$root/run/vault.log", 1) if !Test::More->builder->is_passing;
done_testing;
