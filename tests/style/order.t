#!/usr/bin/perl
# The house is in order: who may include, call and name what, read from the sources.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Basename qw(basename dirname);
use File::Find;
use Test::More;
use VaultTest;

chdir $VaultTest::SRC or die;
my @c;
find({no_chdir => 1, wanted => sub {
	push @c, $_ if /\.[ch]\z/ && !m{^lib/(?:node|python)/|/node_modules/};
}}, qw(lib cli fcgi tests));
@c = sort @c;
my %text = map { $_ => VaultTest::slurp($_) } @c, sort glob 'sql/*.sql ' .
    'sql/*/*.sql';
# C without comments and without the inside of strings
my %code = map { $_ => $text{$_} =~
    s{/\*.*?\*/}{}gsr =~ s/"(?:[^"\\\n]|\\.)*"/""/gr } @c;

sub nowhere		# no file of the set matches, but for the exceptions
{
	my ($what, $re, $files, $from, @but) = @_;
	my %but = map { $_ => 1 } @but;
	my @found;

	for my $file (@$files) {
		next if $but{$file};
		my $n = 0;
		for (split /^/, $from->{$file}) {
			$n++;
			push @found, "$file:$n: $_" if $_ =~ $re;
		}
	}
	is_deeply \@found, [], $what;
}

sub somewhere { my ($re, @files) = @_; return grep { $text{$_} =~ $re } @files }

my @lib = grep { m{^lib/} } @c;
my @cli = grep { m{^cli/} } @c;
my @fcgi = grep { m{^fcgi/} } @c;
my @product = (@lib, @cli, @fcgi);
my @sql = grep { /\.sql\z/ } keys %text;
cmp_ok scalar @lib, '>', 10, 'lib/ was read';
cmp_ok scalar @fcgi, '>', 10, 'fcgi/ was read';
cmp_ok scalar @cli, '>', 10, 'cli/ was read';

# ---- who knows what
nowhere('only fcgi/worker.c knows FCGX', qr/FCGX_|fcgiapp\.h/, \@product, \%text,
    'fcgi/worker.c');
nowhere('cli/ and fcgi/ leave cryptography to lib/', qr/\bgcry_|gcrypt\.h/,
    [@cli, @fcgi], \%text, grep { /keyfile|serverkey|auth/ } @fcgi);
nowhere('lib/ never prints and never exits',
    qr/\b(?:printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|exit|_exit|abort|syslog)\s*\(/,
    [grep { /\.c\z/ } @lib], \%code);
nowhere('only lib/crypto/crypto.c calls gcry_control', qr/\bgcry_control\s*\(/, \@c,
    \%code, 'lib/crypto/crypto.c');
nowhere('labels are written in lib/wire/labels.h alone',
    qr/"[^"]*vault-(?:encrypt|auth)-v\d/, \@product, \%text, 'lib/wire/labels.h');
ok somewhere(qr/vault-encrypt-v1/, 'lib/wire/labels.h'), 'and are there';
nowhere('the server names no encryption label', qr/LABEL\w*ENCRYPT|SALT\w*ENCRYPT/,
    \@fcgi, \%text);

# ---- calls that have a better one
nowhere('no unbounded or ambiguous C calls',
    qr/\b(?:strcat|sprintf|vsprintf|gets|atoi|atol|strtok|system|popen|tmpnam|mktemp|alloca|rand|srand|localtime|gmtime|ctime)\s*\(/,
    \@product, \%code);
nowhere('secrets are not compared with memcmp',
    qr/\bmemcmp\s*\([^;]*(?:\bmac\b|tag|secret|auth_key|token)/, \@product, \%code);

# ---- form
my @bindings = grep { !m{/(?:node_modules|build)/} } glob 'lib/node/src/*.[ch] ' .
    'lib/python/native/*.[ch]';
for my $file (@product, @bindings) {
	my $source = $text{$file} // VaultTest::slurp($file);
	my $lines = () = $source =~ /\n/g;

	ok $file eq 'lib/vaultenv.h' || $lines <= 450, "$file has $lines lines, 450 at most";
	my $most = $file =~ m{^lib/} ? 45 : 60;
	my @long;
	while ($source =~ /^(\w+)\([^;{}]*\)\n(\{\n.*?^\}\n)/msg) {
		my ($name, $body) = ($1, $2);
		my $n = () = $body =~ /\n/g;

		push @long, "$name: $n" if $n > $most;
	}
	is_deeply \@long, [], "and no function of more than $most";
}
is_deeply [grep { $text{$_} !~ m{\A/\* SPDX-License-Identifier: MIT \*/\n} }
    @c], [], 'every C file names its licence';
is_deeply [grep { my ($name, $folder) = (basename($_), basename(dirname($_)));
    $text{$_} !~ m{\A[^\n]*\n/\*(?:\n \*)? (?:(?:$folder/)?\Q$name\E|$folder/):} }
    @product], [], 'and says what it is, after its own name';
is_deeply [grep { $text{$_} !~ /\A-- SPDX-License-Identifier: MIT\n/ } @sql],
    [], 'every SQL file too';
is_deeply [grep { $text{$_} =~ /[ \t]\n/ } sort keys %text], [],
    'no blanks at the end of a line';
is_deeply [grep { $text{$_} =~ /\r/ || $text{$_} !~ /\n\z/ } sort keys %text],
    [], 'lines end in one line feed';
is_deeply [grep { $code{$_} =~ m{^[^"\n]*//}m } @c], [], 'no // comments';

# ---- SQL: one function a file, without dynamic SQL (tests/sql/style.t has more)
my @functions = sort grep { m{^sql/functions/} } @sql;
my %function;
for my $file (@functions) {
	my $name = basename($file, '.sql');
	my @made = $text{$file} =~ /create or replace function ([\w.]+)/g;

	$function{$name} = 1;
	is_deeply \@made, ["vault.$name"], "$file makes vault.$name";
}
cmp_ok scalar @functions, '>', 15, 'functions were read';
nowhere('no dynamic SQL but for the partitions', qr/^\s*execute\b/mi,
    \@functions, \%text, 'sql/functions/audit_partitions.sql',
    'sql/functions/audit_retain.sql');
nowhere('no sequence, no NOTIFY, no advisory lock, no trigger',
    qr/\b(?:serial|bigserial|nextval|generated .* as identity|notify|listen|pg_advisory\w*|create trigger)\b/i,
    [@functions, grep { m{migrations/} } @sql],
    {map { $_ => $text{$_} =~ s/^\s*--.*$//mgr } @sql});

# ---- the same noun all the way
my $stmts = join '', map { $text{$_} } grep { m{^fcgi/db/\w+\.c\z} } @c;
my %called = map { $_ => 1 } $stmts =~ /vault\.(\w+)\s*\(/g;
is_deeply [grep { !$function{$_} } sort keys %called], [],
    'every statement calls a function that there is';
for (grep { $text{$_} =~ /^-- caller:\s+vault\.fcgi\b/m } @functions) {
	my $name = basename($_, '.sql');
	ok $called{$name}, "vault.$name is called by a statement";
}
for my $path (sort keys %VaultTest::Client::ROUTES) {
	my ($noun, $verb) = split m{/}, $path;
	my $name = $noun =~ s/s\z//r . '_' . $verb =~ tr/-/_/r;
	ok $function{$name}, "$path is vault.$name()";
}
done_testing;
