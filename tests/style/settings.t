#!/usr/bin/perl
# The settings of vault.fcgi, etc/vault.conf and vault.fcgi.8 name the same things with the same defaults.
use strict;
use warnings;
use Test::More;

my $src = $ENV{TOP_SRCDIR} // '.';
my $vault = ($ENV{TOP_BUILDDIR} // $src) . '/fcgi/vault.fcgi';
plan skip_all => "$vault is not built" unless -x $vault;

sub slurp
{
	my ($file) = @_;

	open my $fh, '<', $file or die "$file: $!\n";
	local $/;
	return <$fh>;
}

open my $list, '-|', $vault, '--settings' or die "$vault: $!\n";
my (%default, @order);
while (<$list>) {
	like $_, qr/^[a-z_]+ =(?: .+)?$/, "--settings: $_" =~ s/\n//r;
	my ($name, $value) = /^(\w+) = ?(.*)$/ or next;
	$default{$name} = $value;
	push @order, $name;
}
close $list;
is $?, 0, '--settings succeeds';
cmp_ok scalar @order, '>=', 18, scalar(@order) . ' settings';

# vault.conf: each one once, commented out, after a paragraph that explains it
my $conf = slurp("$src/etc/vault.conf");
my %in_conf;
while ($conf =~ /^#([a-z_]+) =(?: (.*))?$/mg) {
	ok !exists $in_conf{$1}, "vault.conf has $1 once";
	$in_conf{$1} = $2 // '';
}
is_deeply \%in_conf, \%default, 'vault.conf: names and defaults';
unlike $conf, qr/^[^#\n]/m, 'vault.conf sets nothing';
like $conf, qr/^# .+\n#\Q$_\E =/m, "vault.conf explains $_" for @order;

# With all of them uncommented it is a valid file that changes nothing
my $all = $conf =~ s/^#(?=[a-z_]+ =)//mgr;
my $file = "/tmp/settings-t.$$";
open my $fh, '>', $file or die "$file: $!\n";
print $fh $all, "project_creation = wrong\n";
close $fh;
my $said = `'$vault' --config '$file' --check 2>&1`;
is $? >> 8, 2, 'a bad file: exit status 2';
like $said, qr/^vault\.fcgi: \Q$file\E:\d+: project_creation is already set in line \d+$/,
    'all but the last line was understood';
unlink $file;

# vault.fcgi.8: "It Cm name" ... "Default: value."
my $man = slurp("$src/fcgi/vault.fcgi.8");
my ($section) = $man =~ /^\.Sh SETTINGS\n(.*?)^\.Sh /ms;
my %in_man;
while ($section =~ /^\.It Cm (\w+)\n(.*?)(?=^\.It Cm |^\.El)/msg) {
	my ($name, $text) = ($1, $2);
	my ($value) = $text =~ /^Default:\s+(?:\.Li )?(.*?)\s*[.,].*$/ms;
	ok defined $value, "vault.fcgi.8: $name has a default" or next;
	$in_man{$name} = $value eq 'empty' ? '' : $value;
}
is_deeply \%in_man, \%default, 'vault.fcgi.8: names and defaults';

# Every option of --help is in the manual, and the other way round
my $help = `'$vault' --help`;
is $?, 0, '--help succeeds';
my %option = map { $_ => 1 } $help =~ /--([a-z-]+)/g;
my %in_synopsis = map { $_ => 1 } $man =~ /Fl -([a-z-]+)/g;
is_deeply [sort keys %in_synopsis], [sort keys %option],
    'vault.fcgi.8: options';
done_testing;
