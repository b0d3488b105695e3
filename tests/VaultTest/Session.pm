# SPDX-License-Identifier: MIT
# Sessions of the papers, played: each command that README or a manual shows is
# run, and what it prints is held against what stands below it. A session is
#
#	laptop$ cat x |			the machine ($ alone is the laptop), the command
#	> vault-env set X		the rest of the command
#	~ X				what it prints, stdout and stderr as they come
#	...				anything, also within a line
#
# What differs from one run to the next (UUIDs, keys, times, the server's URL) is
# learnt from the first place where it stands, and meant from there on. This
# machine's own name is the laptop's.
package VaultTest::Session;
use strict;
use warnings;
use File::Path qw(make_path);
use Sys::Hostname qw(hostname);
use Test::More ();
use VaultTest;

# What a paper shows, and what it may be. The names of the groups are kept.
my $UUID = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $HEX = qr/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/;
my $GROUPS = qr/^(?:[0-9a-f]{4} ){3}[0-9a-f]{4}$/m; # digits on paper
my $DATE = qr/\d{4}-\d\d-\d\d \d\d:\d\d/;
my $AGO = qr/just now|\d+ (?:second|minute)s? (?:ago|old)|\d+s old/;

# Options: url (of the server), shown_url (as the papers have it), machines
# ({name => {env}}), path (folders before $PATH), root (what /etc and /var of the
# papers are).
sub new
{
	my ($class, %opt) = @_;
	my $self = bless {known => {}, %opt}, $class;

	$self->{known}{$self->{shown_url}} = $self->{url};
	for my $machine (keys %{$self->{machines}}) {
		my $home = VaultTest::tmpdir() . "/$machine";
		make_path($home, {mode => 0700});
		$self->{home}{$machine} = $home;
	}
	return $self;
}

sub home { my ($self, $machine) = @_; return $self->{home}{$machine} }

# The displays of a manual page as text, one string for each.
sub of_mdoc
{
	my ($page) = @_;
	my @text = $page =~ /^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/msg;

	s/^\.\\"[^\n]*\n//mg, s/\\\n//g, s/\\\(aq/'/g, s/\\[&]//g, s/\\e/\\/g
	    for @text;
	return @text;
}

# [machine, command, what it prints] ... of a display; none if it is no session.
sub commands
{
	my ($self, $text) = @_;
	my $names = join '|', map { quotemeta } keys %{$self->{machines}};
	my @commands;

	for my $line (split /^/, $text) {
		if ($line =~ /^(?:($names)?[\$#]) (.*)$/s) {
			push @commands, [$1 // 'laptop', $2, ''];
		} elsif (@commands && !length $commands[-1][2] &&
		    $line =~ /^> (.*)$/s) {
			$commands[-1][1] .= $1;
		} elsif (@commands) {
			$commands[-1][2] .= $line;
		}
	}
	return @commands;
}

# The text with what is known by now in its place.
sub meant
{
	my ($self, $text) = @_;

	for my $shown (sort { length $b <=> length $a } keys %{$self->{known}}) {
		$text =~ s/\Q$shown\E/$self->{known}{$shown}/g;
	}
	return $text;
}

# A pattern for the output that is shown, and what its groups stand for.
sub pattern
{
	my ($self, $shown) = @_;
	my ($pattern, @new, %group) = ('');

	for ($shown =~ /\G($UUID|$HEX|$GROUPS|$DATE|$AGO|\.\.\.| +|.)/msg) {
		if (/^(?:$UUID|$HEX)\z/ && exists $self->{known}{$_}) {
			$pattern .= quotemeta $self->{known}{$_};
		} elsif (/^(?:$UUID|$HEX)\z/ && $group{$_}) {
			$pattern .= "\\g{$group{$_}}";
		} elsif (/^(?:$UUID|$HEX)\z/) {
			push @new, $_;
			$group{$_} = @new;
			$pattern .= length $_ == 36 ? "($UUID)" : "($HEX)";
		} elsif (/^$GROUPS\z/) {
			$pattern .= $GROUPS;
		} elsif (/^$DATE\z/) {
			$pattern .= $DATE;
		} elsif (/^(?:$AGO)\z/) {
			$pattern .= "(?:$AGO)";
		} elsif ($_ eq '...') {
			$pattern .= '(?s:.*?)';
		} elsif (/^ +\z/) {
			$pattern .= ' +';
		} else {
			$pattern .= quotemeta;
		}
	}
	return (qr/\A$pattern\z/, @new);
}

# Runs one command where the one before it on this machine left off.
sub run
{
	my ($self, $machine, $command) = @_;
	my $home = $self->{home}{$machine};
	my $script = "exec 2>&1\n[ ! -f ~/.session ] || . ~/.session\n" .
	    "$command\nstatus=\$?\n" .
	    "{ export -p; printf 'cd %q\\n' \"\$PWD\"; } >~/.session\n" .
	    "exit \$status\n";

	if (defined $self->{root}) {
		$script =~ s{(?<![\w/.])/(?=(?:etc|var|usr/(?:local|share))/)}{$self->{root}/}g;
	}
	return VaultTest::run(['bash', '-c', $script], cwd => $home, env => {
	    (map { $_ => undef } grep { /^(?:VAULT_|NODE_|ENVIRONMENT$)/ }
	    keys %ENV), HOME => $home, TZ => 'UTC', LC_ALL => 'C.UTF-8',
	    PATH => join(':', @{$self->{path} // []}, $ENV{PATH}),
	    %{$self->{machines}{$machine}}});
}

# Plays one display; true if it was a session.
sub play
{
	my ($self, $text) = @_;
	my @commands = $self->commands($text);

	for (@commands) {
		my ($machine, $command, $shown) = @$_;
		my $r = $self->run($machine, $self->meant($command));
		my $got = $r->{stdout};
		$got =~ s{\Q$self->{root}\E/}{/}g if defined $self->{root};
		$got =~ s/\b\Q@{[hostname()]}\E\b/laptop/g;
		my ($pattern, @new) = $self->pattern($self->meant($shown));
		my @learnt = $got =~ $pattern;

		chomp $command;
		Test::More::ok(scalar @learnt, "$machine: $command") ?
		    (@new and @{$self->{known}}{@new} = @learnt) :
		    Test::More::diag("printed:\n$got" . "shown:\n$shown");
	}
	return scalar @commands;
}

1;
