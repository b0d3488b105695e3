#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# get, set, delete: one name at a time; where a value comes from; that no change
# of two who work at once is lost. VAULT_ROUNDS: how often (20).
# protocol 1 2
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests", "$ENV{TOP_SRCDIR}/tests/cli";
use CliTest;
use JSON::PP;
use Test::More;
use VaultTest;

VaultTest->needs('fcgi/vault.fcgi', 'cli/vault-env', 'nginx', 'node', 'script');
my $s = VaultTest->server(web => 'nginx');
my $url = $s->{url} =~ s{/+$}{}r;
my $p = CliTest->new(url => $url);
$p->must('init');

sub secrets { return $p->json('pull')->{secrets} }

# ---- get
$p->gives(['get', 'A'], 1, '', "vault-env: No secrets stored yet in environment " .
    "development. Run: vault-env push --env development\n", 'nothing there yet');
$p->gives(['delete', 'A'], 1, '', "vault-env: No secrets stored yet in environment " .
    "development. Run: vault-env push --env development\n", 'nothing to delete yet');
$p->gives(['set', 'A', {stdin => "first\n"}], 0, "+ A\nPushed version 1 to development\n",
    '', 'the first value of all, from stdin');
$p->gives(['get', 'A'], 0, "first\n", '');
is_deeply($p->json('get', 'A'), {environment => 'development', version => 1,
    secrets => {A => 'first'}}, 'get --json');
$p->gives(['get', 'NONE'], 1, '', "vault-env: development has no NONE. See: vault-env " .
    "pull --env development\n");
$p->other_push('odd', {A => '1', VAULT_KEY => 'vk_evil'});
$p->gives(['get', '--env', 'odd', 'VAULT_KEY'], 1, '', "vault-env: odd has no VAULT_KEY. See: vault-env pull --env odd\n", 'a reserved name is not there');

# ---- set
my $warning = 'vault-env: warning: Others on this machine can see the value of A in ' .
    'the list of processes, and your shell remembers it. Leave it out, to be asked ' .
    "for it\n";
$p->gives(['set', 'A=second'], 0, "~ A\nPushed version 2 to development\n", $warning,
    'a value in argv is warned about');
$p->gives(['set', 'A=a=b', '--quiet'], 0, '', $warning);
$p->gives(['get', 'A'], 0, "a=b\n", '', 'a value with =');
$p->gives(['set', 'EMPTY='], 0, "+ EMPTY\nPushed version 4 to development\n", '');
$p->gives(['set', 'EMPTY='], 0, "Nothing changed: development is at version 4\n", '',
    'the same value again makes no version');
for my $nothing ('', "\n") {
	$p->gives(['set', 'A', {stdin => $nothing}], 1, '', 'vault-env: No value for A ' .
	    'arrived on standard input. To store an empty value, run: vault-env set A=' . "\n",
	    'input that did not arrive is no empty value');
}
$p->gives(['get', 'A'], 0, "a=b\n", '', 'and the old one stays');
for my $case (["x\n\n", "x\n"], ["a\nb", "a\nb"], ["'\"`\$(x)\\\n", "'\"`\$(x)\\"],
    ["\xc3\xa9\t\r\n", "\xc3\xa9\t\r"], ['x' x 200_000, 'x' x 200_000]) {
	my ($stdin, $value) = @$case;
	my $r = $p->run('set', 'B', {stdin => $stdin});
	is($r->{status}, 0, 'set from stdin') or diag($r->{stderr});
	ok($p->run('get', 'B')->{stdout} eq "$value\n", 'less one newline');
}
is_deeply([sort keys %{secrets()}], [qw(A B EMPTY)], 'the other names stay');
$p->gives(['set', 'B', {stdin => "\xe9"}], 1, '', qr/\Avault-env: B cannot be pushed: it is /,
    'a value that is no UTF-8');
$p->gives(['set', 'B', {stdin => "a\0b"}], 1, '', qr/\Avault-env: B cannot be pushed: it is /,
    'nor one with a NUL');
for my $name ('VAULT_KEY', 'VAULT_URL', 'VAULT_DEVICE_SECRET') {
	$p->gives(['set', "$name=x"], 2, '', "vault-env: $name is never stored on the " .
	    "server\n");
}
for my $name ('', 'a b', "\xc3\xa9", '$x') {
	$p->gives(['set', "$name=x"], 2, '', "vault-env: \"$name\" cannot be the name of a variable. Use letters, digits, '_', '.' and '-'\n");
}
sub set_json { return decode_json($p->run('set', $_[0], '--json', {stdin => $_[1]})->{stdout}) }
my $json = set_json('C', 'c');
is_deeply($json, {environment => 'development', version => $json->{version}, pushed =>
    JSON::PP::true, changes => [{mark => '+', name => 'C'}]}, 'set --json');
is_deeply(set_json('C', 'c'), {%$json, pushed => JSON::PP::false,
    changes => []}, 'set --json, nothing changed');
is_deeply($p->json('versions')->{versions}[0]{changed_keys}, ['+C'],
    'the history names it');

# ---- delete
$p->gives(['delete', 'NONE'], 1, '', "vault-env: development has no NONE. See: vault-env " .
    "pull --env development\n");
$p->gives(['delete', 'C'], 0, "- C\nPushed version @{[$json->{version} + 1]} to " .
    "development\n", '');
is_deeply([sort keys %{secrets()}], [qw(A B EMPTY)], 'only that one is gone');
$p->gives(['delete', 'C'], 1, '', qr/has no C/, 'deleted already');
my $evil = $p->run('delete', '--env', 'odd', 'A');
is($evil->{stdout}, "- A\nPushed version 2 to odd\n", 'reserved names go by the way');
like($evil->{stderr}, $CliTest::PROTOCOL == 1 ?
    qr/warning: The secrets hold VAULT_KEY, which was left out/ : qr/\A\z/, 'with a warning');

# ---- the terminal
sub terminal
{
	my ($keys, @args) = @_;

	return $p->terminal("sh -c 'stty -a | grep -o .echo\\ ; $CliTest::BIN --url $url @args; " .
	    "code=\$?; stty -a | grep -o .echo\\ ; exit \$code'", ready => qr/Value of/, keys => $keys);
}
my ($text, $code) = terminal("s3cret\n", 'set', 'TTY');
is($code, 0, 'a value from the terminal');
unlike($text, qr/s3cret/, 'is not shown');
like($text, qr/^Value of TTY: \n/m, "is asked for");
is($p->run('get', 'TTY')->{stdout}, "s3cret\n", 'and stored');
my @echo = $text =~ /(.echo) /g;
is_deeply(\@echo, [' echo', ' echo'], 'then the terminal echoes again');
($text, $code) = terminal("half\x03", 'set', 'TTY2');
is($code, 130, 'Ctrl-C ends it');
@echo = $text =~ /(.echo) /g;
is($echo[-1], ' echo', 'with the echo on');
ok(!exists secrets()->{TTY2}, 'and nothing stored');

# ---- somebody else is faster
my $plan = VaultTest::tmpdir() . '/plan';
my $slow = $p->proxied($s, $plan);
my $other = "cd $p->{dir} && env HOME=$p->{home} $CliTest::BIN --url $url --quiet";
VaultTest::spew($plan, "secrets/push 1 run echo theirs | { $other set THEIRS; }");
my $before = $p->json('versions')->{versions}[0]{version};
$p->gives(['set', 'MINE', {url => $slow, stdin => 'mine'}], 0, "+ MINE\nPushed version " .
    "@{[$before + 2]} to development\n", '', 'a conflict: set tries again');
is_deeply([@{secrets()}{qw(MINE THEIRS)}], [qw(mine theirs)], 'and both are there');
VaultTest::spew($plan, "secrets/push 1 run $other delete THEIRS");
$p->gives(['delete', 'MINE', {url => $slow}], 0, "- MINE\nPushed version @{[$before + 4]} to " .
    "development\n", '', 'a conflict: delete too');
is_deeply([grep { /MINE|THEIRS/ } keys %{secrets()}], [], 'and both are gone');
VaultTest::spew($plan, "secrets/push 1 run echo new | { $other set MINE; }");
$p->gives(['set', 'MINE', {url => $slow, stdin => 'new'}], 0, "Nothing changed: development is " .
    "at version @{[$before + 5]}\n", '', 'the other one did the same');
VaultTest::spew($plan, "secrets/push 1 run $other delete MINE");
$p->gives(['delete', 'MINE', {url => $slow}], 1, '', "vault-env: development has no MINE. See: vault-env pull --env development\n", 'the other one deleted it');

my $rounds = $ENV{VAULT_ROUNDS} // 20;
my ($survived, @failed) = (0);
for my $round (1 .. $rounds) {
	my @r = VaultTest::parallel(2, sub { $p->run('set', "R${round}_$_[0]", {stdin =>
	    "v$round.$_[0]"}) });
	push @failed, grep { $_->{status} != 0 } @r;
	my $now = secrets();
	$survived++ if 2 == grep { ($now->{"R${round}_$_"} // '') eq "v$round.$_" } 0, 1;
}
is($survived, $rounds, "two set at once: both survive, $rounds times") or
    diag(explain \@failed);
my @r = VaultTest::parallel(5, sub { $p->run('set', "MANY$_[0]", {stdin => $_[0]}) });
is_deeply([map { $_->{status} } @r], [(0) x 5], 'five at once');
is(scalar(grep { /^MANY/ } keys %{secrets()}), 5, 'all survive');

# ---- a version that this device cannot read is never replaced: of v2 it can
my $q = CliTest->new(url => $url, dir => $p->{dir});
$q->joins($p);
$q->must('set', 'A=1') if $CliTest::PROTOCOL == 2;
for my $args ($CliTest::PROTOCOL == 1 ? (['set', 'A=1'], ['delete', 'A']) : ()) {
	$q->gives($args, 1, '', qr/vault-env: The current version of development cannot be read with this device secret, and a change would lose it. Run: vault-env status\n\z/);
}

done_testing();
