#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Protocol v2, versions: push with every refusal, pull and poll, alone and many at
# once, lists, wraps, how long blobs stay, and what happens at the same time.
use strict;
use warnings;
use lib "$ENV{TOP_SRCDIR}/tests/sql";
use SqlTest;
use Test::More;
use V2;

my $c = SqlTest->start;
my $db = $c->database('t');
my $t = V2->new($db);
my $nobody = '00000000-0000-4000-8000-000000000000';
$t->admit('writer', 2, '{dev,test}');
$t->admit('reader', 1, '{dev}');

sub audit
{
	my ($action) = @_;
	return $db->ok("select outcome, device_id, environment, version from
		vault.audit_log where project_id = '$t->{id}' and
		action = '$action' order by at, outcome");
}

# --- push -----------------------------------------------------------------------
my @all = qw(admin writer reader);
is $t->pull('reader'), 'VE042||||||||', 'nothing stored yet';
is $t->push_('reader', data => 'k1', readers => \@all), 'VE032||',
	'a reader does not push';
is $t->push_('writer', env => 'prod', data => 'k1', readers => ['admin']),
	'VE033||', 'nor a writer beyond its scope';
is $t->push_('writer', data => 'k1', readers => []), 'VE000|record_key|0',
	'a first version needs wraps';
is $t->push_('writer', data => 'k1', readers => [qw(admin writer)]),
	'VE098||0', '... for all who can read';
is $t->push_('writer', data => 'k1', readers => [@all, 'stranger']),
	'VE098||0', '... and nobody else';
is $t->push_('writer', data => 'k1', readers => \@all, version => 2),
	'VE092||0', '... and number one';
is $t->push_('writer', data => 'k1', readers => \@all, log_seq => 1,
	log_hash => hash('x')), 'VE000|record_log|0', '... a log that is there';
is $t->push_('writer', data => 'k1', readers => \@all, log_seq => 0,
	log_hash => hash($t->{root})), 'VE096||0', '... and the newest';
is $t->push_('writer', data => 'k1', readers => \@all, max_environments => 0),
	'VE094||0', '... and room for one more';
is $t->push_('writer', data => 'k1', readers => \@all,
	flaw => 'record_signature'), 'VE000|record_signature|0', '... a signature';
is $t->push_('writer', data => 'k1', readers => \@all,
	author => $t->device('admin')), 'VE000|record_author|0', '... of its own';
is $db->ok("select count(*) from vault.requests where path = 'secrets/push'"),
	0, 'refusals keep no MAC';
is $db->ok('select (select count(*) from vault.records) + (select count(*) from
	vault.wraps) + (select count(*) from vault.heads)'), 0, '... and store nothing';

my %first = $t->push_args('writer', data => 'k1', readers => \@all);
is V2::call($db, 'outcome, version', 'record_push', %first), '00000|1',
	'the first version';
$t->{env}{dev} = $t->{pushed};
is V2::call($db, 'outcome, version', 'record_push', %first), '00000|1',
	'... sent again: the first answer';
is $t->push_('admin', blob => bytes(28, 'b2')), '00000||2',
	'the second keeps the data key';
is $t->push_('admin', readers => \@all), 'VE000|record_key|2',
	'... and then brings no wraps';
is $t->push_('admin', prev => hash('x')), 'VE092||2', '... upon the first';
is $t->push_('admin', data => 'k2', readers => \@all, op => 2,
	blob => bytes(28, 'b3')), '00000||3', 'a new data key';
is $t->push_('admin', data => 'k1', readers => \@all), 'VE000|record_key|3',
	'... is never an old one';
is $t->push_('admin', data => 'k3'), 'VE000|record_key|3', '... without wraps';
is $t->push_('admin', blob => bytes(28, 'b4')), '00000||4', 'a fourth';
is audit('secrets/push') =~ s/\|.*//gmr, join("\n", 'VE032', 'VE033',
	'record_key', 'VE098', 'VE098', 'VE092', 'record_log', 'VE096', 'VE094',
	'record_signature', 'record_author', '00000', '00000', 'record_key',
	'VE092', '00000', 'record_key', 'record_key', '00000'),
	'all of it is audited, by its code';

# --- pull -----------------------------------------------------------------------------
my $L = $t->{count};
is $t->pull('reader'), "00000|4|f||$L|1|f|b4|0", 'the newest';
is $t->pull('reader', from => 2), "00000|4|f||$L|3|f|b4|0",
	'... with records from the pinned one on';
is $t->pull('reader', log_have => 1), "00000|4|f|2|$L|1|f|b4|0",
	'... with what is new of the log';
is $t->pull('reader', have => $t->{env}{dev}{hash}), "00000|4|t||$L||f||",
	'unchanged: no blob, no record';
{
	package Counting;
	sub as_server
	{
		return $_[0]{db}->ok("set track_functions = 'all'; begin; $_[1];
			select coalesce(sum(calls), 0) from
			pg_stat_xact_user_functions where funcname = 'log_page';
			select idx_scan from pg_stat_xact_user_tables
			where relname = 'records'");
	}
}
{
	local $t->{db} = bless { db => $db }, 'Counting';
	like $t->pull('reader', have => $t->{env}{dev}{hash}), qr/\n0\n[01]\z/,
		'... nor is a page looked for';
	like $t->pull('reader'), qr/\n0\n1\z/,
		'... and else its row is looked up once, for record and blob';
}
is $t->pull('reader', version => 2), "00000|2|f||$L|3|f|b2|0", 'an older one';
is $t->pull('reader', version => 2, from => 4), "00000|2|f||$L|3|f|b2|0",
	'... with the records from it on';
is $t->pull('reader', version => 4, have => $t->{env}{dev}{hash}),
	"00000|4|f||$L|1|f|b4|0", 'a version that is named is given';
is $t->pull('reader', version => 5), 'VE043||||||||', 'one to come';
is $t->pull('reader', version => 3), 'VE045||||||||',
	'a confirm that is not the newest';
is $t->pull('writer', env => 'test'), 'VE042||||||||', 'an environment unknown';
is $t->pull('nobody'), 'VE010||||||||', 'an unknown key';
is $t->pull('admin', project => $nobody), 'VE040||||||||', 'an unknown project';
my $v1 = $db->project('old');
is $t->pull('admin', project => $v1), 'VE09C||||||||', 'a project of v1';
is $t->poll('reader'), "00000|4|$L", 'a poll';
is $t->poll('admin', project => $v1), 'VE09C||', '... of v1';
is $t->poll('admin', project => $nobody), 'VE040||', '... of none';
is audit('secrets/pull') =~ s/\|.*\|/|/gmr, join("\n", map { "$_" } 'VE042|',
	('00000|4') x 4, ('00000|2') x 2, '00000|4', 'VE043|', 'VE045|',
	'VE042|'), 'pulls are audited, by what was given';

# --- many at once --------------------------------------------------------------------------
my $u = V2->new($db);
$u->push_('admin', data => 'k', readers => ['admin'], blob => bytes(28, 'ff'));
my @pulls = ([$t, 'reader', 'dev'], [$u, 'admin', 'dev'], [$t, 'stranger', 'dev'],
	[$t, 'reader', 'test'], [$u, 'admin', 'none'], [$t, 'writer', 'dev'],
	[$t, 'reader', 'dev']);
$db->ok('delete from vault.audit_log; update vault.members set
	last_seen_at = null');
my %many = (project => array('uuid', map { $_->[0]{id} } @pulls),
	key => array('bytea', map { $_->[0]->key($_->[1]) } @pulls),
	environment => array('text', map { $_->[2] } @pulls));
is V2::call($db, 'outcome, version, left(encode(blob, \'hex\'), 2), generation',
	'record_pull', %many, remote => array('text', map { "10.0.1.$_" } 1 .. 7),
	log_have => array('bigint', (9) x 7), record_have => array('bytea',
	(undef) x 7), records_from => array('bigint', (undef) x 7),
	version => array('bigint', (undef) x 7)),
	join("\n", '00000|4|b4|0', '00000|1|ff|0', 'VE010|||', 'VE033|||',
	'VE042|||', '00000|4|b4|0', '00000|4|b4|0'), 'seven pulls in one statement';
is $db->ok("select outcome, remote from vault.audit_log order by remote"),
	join("\n", map { "$_" } '00000|10.0.1.1', '00000|10.0.1.2',
	'VE033|10.0.1.4', 'VE042|10.0.1.5', '00000|10.0.1.6', '00000|10.0.1.7'),
	'... a row of the audit log for each device';
is $db->ok("select name from vault.members where last_seen_at is not null
	order by name, project_id"), "admin\nreader\nwriter", '... which were seen';
is V2::call($db, 'outcome, version', 'record_poll', %many), join("\n",
	'00000|4', '00000|1', 'VE010|', 'VE033|', 'VE042|', '00000|4', '00000|4'),
	'seven polls in one statement';

# --- lists and wraps ------------------------------------------------------------------------
sub heads
{
	my ($who) = @_;
	return V2::call($db, 'outcome, cardinality(records), log_count',
		'record_heads', project => $t->{id}, key => $t->key($who),
		remote => '');
}
is heads('reader'), "00000|1|$L", 'the heads that a reader may see';
is $t->push_('writer', env => 'test', data => 'kt', readers => [qw(admin writer)]),
	'00000||1', 'another environment';
is heads('reader'), "00000|1|$L", '... is not among them';
is heads('admin'), "00000|2|$L", '... an admin sees both';
is heads('stranger'), 'VE010||', '... a stranger none';
sub records
{
	my ($who, $from, $to, $blobs) = @_;
	return V2::call($db, "outcome, last, version, left(encode(blob, 'hex'), 2)",
		'record_list', project => $t->{id}, key => $t->key($who),
		remote => '', environment => 'dev', from => $from, to => $to,
		blobs => $blobs);
}
is records('reader', 2, undef, 'true'), "00000|4|2|b2\n00000|4|3|\n00000|4|4|b4",
	'records with their blobs';
is records('reader', 2, 3, 'false'), "00000|3|2|\n00000|3|3|", '... without';
is records('reader', 9, undef, 'false'), '00000|4||', '... none';
is audit('secrets/records') =~ s/\|.*//gmr, '00000', 'blobs are audited';
sub wraps
{
	my ($who, $all, @after) = @_;
	return V2::call($db, 'count(key_id), min(outcome)', 'wrap_read',
		project => $t->{id}, key => $t->key($who), remote => '',
		environment => 'dev', all => $all, after_key => $after[0],
		after_member => $after[1]);
}
is wraps('reader', 'false'), '2|00000', 'wraps of its own';
is wraps('reader', 'true'), '0|VE032', '... not of all';
is wraps('admin', 'true'), '6|00000', '... but for an admin';
my ($key, $member) = split /\|/, $db->ok("select key_id, member_id from
	vault.wraps where environment = 'dev' order by 1, 2 offset 2 limit 1");
is wraps('admin', 'true', "decode('" . substr($key, 2) . "', 'hex')", $member),
	'3|00000', '... from a row on';
sub add
{
	my ($who, $data, $for, %o) = @_;
	return V2::call($db, 'outcome, code, added', 'wrap_add',
		project => $t->{id}, key => $t->key($who), remote => '',
		digest => hash('w' . $V2::n++), environment => 'dev',
		data_key => array('bytea', map { hash($_) } @$data),
		member => array('uuid', map { $t->device($_) } @$for),
		wrap => array('bytea', (bytes(80, '78')) x @$for), %o);
}
$db->ok("delete from vault.wraps where member_id = '" . $t->device('reader')
	. "'");
is add('reader', ['k1'], ['reader']), 'VE032||', 'a reader adds no wrap';
is add('writer', ['other'], ['reader']), 'VE000|record_key|',
	'... nobody one of an unknown key';
is add('writer', ['k1'], ['stranger']), 'VE000|device_unknown|',
	'... nor for who reads nothing';
is add('writer', [qw(k1 k2 k1)], [qw(reader reader writer)], digest => hash('same')),
	'00000||2', 'two that were missing';
is add('writer', [qw(k1 k2 k1)], [qw(reader reader writer)], digest => hash('same')),
	'00000||2', '... sent again: the first answer';
is $db->ok("select count(distinct wrap) from vault.wraps where
	environment = 'dev'"), 2, '... and nothing is overwritten';

# --- a cut ------------------------------------------------------------------------------------
is $t->append('admin', kind => 4, of => 'reader', cuts => [$t->cut('dev')]),
	'00000||4', 'a reader is removed';
is $t->push_('writer'), 'VE000|record_key|4', 'its data key serves no more';
is $t->push_('writer', data => 'k5', readers => [qw(admin writer)],
	log_seq => 2, log_hash => hash($t->{root})), 'VE000|record_log|4',
	'... a log that never was';
my $before = $db->ok("select encode(hash, 'hex') from vault.log where
	project_id = '$t->{id}' and seq = 2");
is $t->push_('writer', data => 'k5', readers => [qw(admin writer)],
	log_seq => 2, log_hash => "decode('$before', 'hex')"),
	'VE000|record_cut|4', '... one from before the removal';
is $t->push_('writer', data => 'k5', readers => [qw(admin writer)]), '00000||5',
	'a new data key for who is left';

# --- how long blobs stay --------------------------------------------------------------------------
sub kept
{
	my ($env) = (@_, 'old');

	return $db->ok("select string_agg(version::text, ' ' order by version),
		(select count(distinct key_id) from vault.wraps w where
		w.project_id = r.project_id and w.environment = '$env')
		from vault.records r where project_id = '$u->{id}' and
		environment = '$env' and blob is not null group by project_id");
}
$u->push_('admin', env => 'old', data => "o$_", readers => ['admin'],
	keep_versions => 0) for 1 .. 12;
is kept(), join(' ', 1 .. 12) . '|12', 'all, if nothing is said';
$u->push_('admin', env => 'old', keep_versions => 1);
is kept(), join(' ', 4 .. 13) . '|9', 'ten at least, with the keys they need';
$u->push_('admin', env => 'old', op => 2, data => 'c', readers => ['admin'],
	keep_versions => 11);
is kept(), join(' ', 4 .. 14) . '|10', 'a confirm does not count';
$u->push_('admin', env => 'old', data => 'd', readers => ['admin'],
	keep_versions => 11);
is kept(), join(' ', 4 .. 13, 15) . '|10',
	'... and goes with its key when it is the newest no more';
$u->push_('admin', env => 'old', keep_versions => 11);
is kept(), join(' ', 5 .. 13, 15, 16) . '|9', 'the oldest goes';
is $db->ok("select count(*) from vault.records where project_id = '$u->{id}'
	and environment = 'old'"), 16, 'records stay';

# ... as --restore leaves one of which nobody brought what was pushed
my @sole = ('admin', env => 'sole', keep_versions => 10);
$u->push_(@sole, data => 's', readers => ['admin']);
$u->push_(@sole, op => 2, data => 's2', readers => ['admin']);
$db->ok("update vault.records set blob = null where project_id = '$u->{id}' and
	environment = 'sole' and version = 1; update vault.heads set blobs = 0,
	bytes = bytes - 28 where project_id = '$u->{id}' and environment = 'sole'");
$u->push_(@sole, op => 2);
is kept('sole'), '2 3|2', 'a confirm stays if nothing else has what it confirms';
$u->push_(@sole, data => 's4', readers => ['admin']);
is kept('sole'), '2 4|3', '... and the next one of the same goes';
like $u->pull('admin', env => 'sole', version => 2), qr/^00000\|2\|/, '... it is read';
my $counted = "select h.blobs = c.has_blobs, h.bytes = c.has_bytes from vault.heads h,
	vault.head_count(h.project_id, h.environment) c where h.environment = 'sole'";
is $db->ok($counted), 't|t', '... and counted';
$u->push_(@sole) for 5 .. 12;
is kept('sole'), join(' ', 2, 4 .. 12) . '|3', '... as one of those that are kept';
$u->push_(@sole);
is kept('sole'), join(' ', 4 .. 13) . '|2', '... until it is the oldest';
is $db->ok($counted), 't|t', '... which is counted, too';

# --- what a project may store -------------------------------------------------------------------------
is $db->ok("select sum(h.bytes) = (select sum(octet_length(r.record) +
	coalesce(octet_length(r.blob), 0)) from vault.records r
	where r.project_id = '$u->{id}') from vault.heads h
	where h.project_id = '$u->{id}'"), 't', 'records and blobs are counted';
my $has = $db->ok("select sum(bytes) from vault.heads where project_id = '$u->{id}'");
my @next = ('outcome, code, version', 'record_push');
my %args = $u->push_args('admin', env => 'old');
my $one = $db->ok('select octet_length(' . $args{record} . ') + 28');
is V2::call($db, @next, %args, max_bytes => $has + $one - 1), 'VE09F||16',
	'one byte too many';
is V2::call($db, @next, %args, max_bytes => $has + $one), '00000||17',
	'sent again when there is room';

# --- at the same time -------------------------------------------------------------------------------
sub sql { my ($columns, $function, %arg) = @_;
	return "select $columns from vault.$function(" . join(', ', map {
		"p_$_ => " . V2::quote($arg{$_}) } sort keys %arg) . ')' }
sub tally
{
	my %count;
	$count{$_}++ for @_;
	return join ', ', map { "$count{$_} x $_" } sort keys %count;
}
my $p = 'outcome, code, version';
for my $round (1 .. 3) {
	my $r = V2->new($db);
	$r->admit('w', 2, '{*}');
	my @a = $db->at_once(map { sql($p, 'record_push', $r->push_args('w',
		data => "k$_", readers => [qw(admin w)])) } 1 .. 12);
	is tally(@a), '1 x 00000||1, 11 x VE092||1',
		"round $round: twelve first versions, one wins";
	@a = $db->at_once(map { sql($p, 'record_push', $r->push_args('w',
		env => "e$_", data => 'k', readers => [qw(admin w)],
		max_environments => 6)) } 1 .. 12);
	is tally(@a), '5 x 00000||1, 7 x VE094||0',
		"round $round: the bound on environments holds";
	$r->{env} = {};
	my %same = $r->push_args('w', env => 'same', data => 'k',
		readers => [qw(admin w)]);
	@a = $db->at_once((sql($p, 'record_push', %same)) x 12);
	is tally(@a), '12 x 00000||1', "round $round: one push twelve times";
	$r->{env}{same} = { version => 1, data => 'k', hash => $same{hash} };
	@a = $db->at_once(map { sql('outcome, code, log_count', 'log_append',
		$r->append_args('admin', kind => 2, of => "d$_", role => 1,
		environments => '{none}')) } 1 .. 12);
	is tally(@a), '1 x 00000||3, 11 x VE096||3',
		"round $round: twelve entries, one wins";

	# Pushes with and without a new data key against a removal.
	$r = V2->new($db);
	$r->admit($_, 2, '{*}') for qw(w gone);
	$r->push_('w', env => $_, data => 'k', readers => [qw(admin w gone)])
		for qw(a b);
	my @cuts = map { $r->cut($_) } qw(a b);
	@a = $db->at_once(
		sql($p, 'record_push', $r->push_args('gone', env => 'a')),
		sql($p, 'record_push', $r->push_args('gone', env => 'b',
			data => 'n', readers => [qw(admin w gone)])),
		sql($p, 'record_push', $r->push_args('gone', env => 'c',
			data => 'n', readers => [qw(admin w gone)])),
		sql('outcome, code', 'log_append', $r->append_args('admin',
			kind => 4, of => 'gone', cuts => \@cuts)));
	my $removed = $a[3] =~ /^00000/;
	like $a[3], qr/^(?:00000|VE097)\|$/, "round $round: a removal ($a[3])";
	is $db->ok("select count(*) from vault.heads h where
		h.project_id = '$r->{id}' and h.environment in ('a', 'b') and
		h.version > 1"), 0, '... then nothing is behind its cut'
		if $removed;
	is $db->ok("select count(*) from vault.wraps w join vault.heads h using
		(project_id, environment, key_id) where w.project_id =
		'$r->{id}' and w.member_id = '" . $r->device('gone') . "' and
		h.cut_version < h.version and exists (select from vault.members
		m where m.id = w.member_id and m.status = 'revoked') and
		h.environment in ('a', 'b')"), 0, '... and no key is the removed one\'s';
}

# Everything at once on one project: nobody deadlocks.
my $r = V2->new($db);
$r->admit('w', 2, '{*}');
$r->push_('w', env => $_, data => 'k', readers => [qw(admin w)]) for qw(a b);
for my $round (1 .. 5) {
	$db->ok("update vault.members set last_seen_at = null; update
		vault.member_keys set used_at = now() - interval '2 days'");
	my @a = $db->at_once(
		(map { sql('outcome', 'record_push', $r->push_args('w',
			env => $_)) } qw(a b a b)),
		(map { sql('outcome', 'record_push', $r->push_args('w',
			env => $_, data => "n$round", readers => [qw(admin w)]))
			} qw(a b), "new$round"),
		(map { sql('outcome', 'log_append', $r->append_args('admin',
			kind => 2, of => "d$round$_", role => 1,
			environments => '{none}')) } 1 .. 2),
		(map { sql('outcome', 'member_register',
			$r->register_args("m$round$_")) } 1 .. 2),
		(map { sql('outcome', 'wrap_add', project => $r->{id},
			key => $r->key('w'), digest => hash("wa$round$_"),
			remote => '', environment => 'a', data_key =>
			array('bytea', hash('k')), member => array('uuid',
			$r->device('admin')), wrap => array('bytea',
			bytes(80, '79'))) } 1 .. 2),
		'select * from vault.housekeep(15)');
	is scalar(grep { !/^(?:00000|VE\w{3}|\d+\|\d+)$/ } @a), 0,
		"mixed round $round: everything has an answer" or diag tally(@a);
	for my $env (qw(a b)) {
		my ($version, $hash, $data) = split /\|/, $db->ok("select
			version, encode(hash, 'hex'), key_id from vault.heads
			where project_id = '$r->{id}' and environment = '$env'");
		$r->{env}{$env} = { version => $version,
			hash => "decode('$hash', 'hex')",
			data => $data eq $db->ok("select " . hash('k')) ? 'k'
				: "n$round" };
	}
	my ($count, $head) = split /\|/, $db->ok("select log_count,
		encode(log_hash, 'hex') from vault.projects where
		id = '$r->{id}'");
	@$r{qw(count head)} = ($count, "decode('$head', 'hex')");
}
is $db->ok("select count(*) from vault.projects p where protocol = 2 and
	deleted_at is null and log_count <> (select count(*) from vault.log l
	where l.project_id = p.id)"), 0, 'every log is as long as its project says';
is $db->ok("select count(*) from vault.heads h where version <> (select
	max(version) from vault.records r where r.project_id = h.project_id and
	r.environment = h.environment) or version <> (select count(*) from
	vault.records r where r.project_id = h.project_id and r.environment =
	h.environment)"), 0, 'every environment has its versions without a gap';

done_testing;
