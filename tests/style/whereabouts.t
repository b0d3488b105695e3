#!/usr/bin/perl
# Comments name files that are there, and a header's sections name the file that
# each function below them is in.
use strict;
use warnings;
use lib ($ENV{TOP_SRCDIR} // '.') . '/tests';
use File::Basename qw(basename dirname);
use File::Find;
use Test::More;
use VaultTest;

chdir $VaultTest::SRC or die;
my %text;
find({no_chdir => 1, wanted => sub {
	$text{$_} = VaultTest::slurp($_) if /\.(?:[ch]|t|pm|pl|py|js|sql|inc)\z/ && -f &&
	    !m{/(?:node_modules|build)/};
}}, qw(lib cli fcgi sql tests etc));
my %is_name = map { basename($_) => 1 } keys %text;
my @c = sort grep { /\.[ch]\z/ && !m{^tests/} } keys %text;
cmp_ok scalar @c, '>', 200, 'the sources were read';

# By a path from the top or from some folder, or by its name alone.
sub is_there
{
	my ($name) = @_;

	return $is_name{$name} if $name !~ m{/};
	return exists $text{$name} || grep { m{/\Q$name\E\z} } keys %text;
}

# ---- what comments name
my @gone;
for my $file (@c) {
	for my $comment ($text{$file} =~ m{/\*(.*?)\*/}gs) {
		while ($comment =~ m{(?<![\w<>*/.-])((?:[\w-]+/)*[\w-]+\.(?:[cht]|py|sql))\b(?![\w(.])}g) {
			push @gone, "$file: $1" if $1 ne 'cli/cmd-NAME.c' && !is_there($1);
		}
	}
}
is join("\n", @gone), "", 'comments name no file that is gone';

# ---- what stands below "---- name.c" in a header
my %defined;
for my $file (grep { /\.c\z/ } @c) {
	push @{$defined{$1}}, $file while $text{$file} =~ /^(\w+)\([^;{}]*\)\n\{/mg;
}
my @elsewhere;
for my $header (grep { /\.h\z/ } @c) {
	my ($folder, @files) = dirname($header);

	for (split /\n/, $text{$header}) {
		if (m{^/\* -+ (.*)}) {
			@files = map { "$folder/$_" } $1 =~ /([\w-]+\.c)\b/g;
			push @elsewhere, "$header: no $_" for grep { !exists $text{$_} } @files;
		} elsif (@files && /^(?:[a-z][\w *]*[ *])?(\w+)\(/ && $defined{$1}) {
			my ($name, %here) = ($1, map { $_ => 1 } @files);

			push @elsewhere, "$header: $name is in @{$defined{$name}}, not in @files"
			    unless grep { $here{$_} } @{$defined{$name}};
		}
	}
}
is join("\n", @elsewhere), "", 'sections of headers name the file that a function is in';

done_testing;
