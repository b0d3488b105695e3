#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# What README and vault-env-guide(7) show is what happens: each of their commands
# is run, on the machines that they name, and what it prints is compared. ssh,
# systemctl and journalctl are stand-ins that do here what they would do there.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Path qw(make_path);
use Test::More;
use VaultTest;
use VaultTest::Session;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx');
my $src = $VaultTest::SRC;
my $bin = VaultTest::program('cli/vault-env') =~ s{/[^/]+\z}{}r;
my $s = VaultTest->server(web => 'nginx');
my $env = "DATABASE_URL=postgres://shop:s3cret\@db.example.org/shop\n" .
    "API_TOKEN=8c1f66ba\n";
my @pid_files;

END { kill KILL => map { -$_ } map { VaultTest::slurp($_, 1) =~ /(\d+)/ } @pid_files }

sub session
{
	my $tools = VaultTest::tmpdir();
	my $root = VaultTest::tmpdir();
	my $session = VaultTest::Session->new(url => $s->{url}, root => $root,
	    shown_url => 'https://vault.example.org', path => [$tools, $bin],
	    machines => {map { $_ => {} } qw(laptop desktop server recovered)});

	make_path(map { "$root/$_" } qw(etc/systemd/system usr/local/bin
	    var/lib/shop));
	symlink "$bin/vault-env", "$root/usr/local/bin/vault-env" or die;
	# Its command finds itself at home on the other machine.
	script("$tools/ssh", 'home=$(dirname "$HOME")/../*/$1; shift; ' .
	    'cd $home && HOME=$PWD exec bash -c "$*"');
	return ($session, $root, $tools);
}

sub script
{
	my ($file, @lines) = @_;

	VaultTest::spew($file, join "\n", '#!/bin/bash', @lines, '');
	chmod 0755, $file or die "$file: $!\n";
}

subtest 'vault-env-guide(7)' => sub {
	my ($session, $root, $tools) = session();
	my $page = VaultTest::slurp("$src/cli/vault-env-guide.7");
	my $home = $session->home('laptop');
	my $n = 0;

	# What the reader has before
	make_path("$home/shop");
	VaultTest::spew("$home/shop/.env", $env);
	VaultTest::spew("$home/shop/test.env", "DATABASE_URL=postgres://shop:test\@" .
	    "localhost/shop\nAPI_TOKEN=none\n");
	VaultTest::spew("$home/shop/production.env", "DATABASE_URL=postgres://shop:" .
	    "k33p\@db.example.org/shop\nAPI_TOKEN=51d07e2a\n");
	VaultTest::spew("$home/shop/new-token", "77a0c2d4\n");
	for my $text (grep { /^\[Service\]/m } VaultTest::Session::of_mdoc($page)) {
		my ($unit) = $text =~ /^server# cat [^\n]*\n(.*?)^server#/ms;
		VaultTest::spew("$root/etc/systemd/system/shop.service", $unit);
	}
	script("$root/usr/local/bin/shop",
	    'echo "shop is serving, API token $API_TOKEN"', 'exec sleep 600');
	stand_ins($root, $tools);
	$session->run('laptop', 'mkdir ledger && cd ledger && echo BOOK=1 >.env && ' .
	    "VAULT_URL=$s->{url} vault-env init --protocol 1 --quiet && " .
	    'vault-env push --quiet && cd');

	for my $part (split /^(?=\.\\" play: )/m, $page) {
		$s->stop('web') if $part =~ /^\.\\" play: stop web$/m;
		$s->start('web') if $part =~ /^\.\\" play: start web$/m;
		$n += $session->play($_) for VaultTest::Session::of_mdoc($part);
	}
	cmp_ok $n, '>=', 40, "$n commands were run";
};

subtest 'README' => sub {
	my ($session) = session();
	my ($text) = VaultTest::slurp("$src/README") =~
	    /^A session\n-+\n(.*?\n)\n/ms;
	my $home = $session->home('laptop');

	make_path("$home/shop");
	VaultTest::spew("$home/shop/.env", $env);
	VaultTest::spew("$home/shop/new-token", "77a0c2d4\n");
	cmp_ok $session->play($text =~ s/^  //mgr), '>=', 8, 'the session';
};

# systemctl and journalctl for the one unit: its environment file, its folder,
# its command. Everything else of the unit is for systemd.t to judge.
sub stand_ins
{
	my ($root, $tools) = @_;

	push @pid_files, "$root/pid";
	script("$tools/systemctl", 'case $1 in', 'daemon-reload) exit ;; enable) ' .
	    'shift ;; restart) ;; *) exit 1 ;; esac',
	    "unit=$root/etc/systemd/system/\${2:?}.service",
	    'get() { sed -n "s|^$1=||p" "$unit" | sed "s|/etc/|' . "$root" .
	    '/etc/|g; s|/var/|' . "$root" . '/var/|g; s|/usr/local/|' . "$root" .
	    '/usr/local/|g"; }',
	    "[ ! -f $root/pid ] || kill \$(cat $root/pid)",
	    'set -a; eval "$(get Environment)"; . "$(get EnvironmentFile)"; set +a',
	    "cd \$(get WorkingDirectory) && : >$root/log",
	    "setsid \$(get ExecStart) >$root/log 2>&1 &", "echo \$! >$root/pid",
	    "for i in {1..200}; do [ ! -s $root/log ] || exit 0; sleep 0.05; done",
	    'exit 1');
	script("$tools/journalctl", "tail -n \${!#} $root/log");
}

done_testing;
