/* SPDX-License-Identifier: MIT */
/*
 * restore-env.c: the environments of a project that is restored. What files
 * brought goes before what is stored, if it hangs together with version 1 or
 * with the last cut; stored versions stay as far as both agree.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operator/chain.h"
#include "operator/restore.h"

#define NOT_ANY_MORE                                                           \
	"one of them is by a device that may not write there any more"

/* An environment at work. */
struct place {
	const char *env;
	const struct mark *cut; /* NULL: it was never cut */
	struct chain chain;     /* of the files; empty if it links to nothing */
	int64_t first, last;    /* of what is there and stays; 0: none */
	bool has_content;       /* the newest one has */
	bool has_any;           /* ... or one before it */
	bool has_same;          /* ... or one before it of the same content */
	int64_t back_first, back_last; /* of what files added; 0: nothing */
};

#define RANGE_SIZE 64
/* "Version 3", "Versions 3 to 5" */
static const char *
range(char out[RANGE_SIZE], int64_t first, int64_t last)
{
	if (first == last)
		snprintf(out, RANGE_SIZE, "Version %" PRId64, last);
	else
		snprintf(out, RANGE_SIZE, "Versions %" PRId64 " to %" PRId64,
		    first, last);
	return out;
}

static int64_t
cut_version(const struct place *at)
{
	return at->cut == NULL ? 0 : at->cut->version;
}

/* content NULL: nobody brought it. keep: the stored one is its own. */
static int
write_record(struct restore *t, const struct record *record,
    const struct blob *content, bool keep)
{
	const struct record *r = record;
	struct db_params p = { .n = 0 };
	struct db_result res;
	int result;

	db_text(&p, t->members.project);
	db_text(&p, r->env);
	db_int(&p, r->version);
	db_bytes(&p, r->raw.bytes, r->raw.len + SIGNATURE_LEN);
	db_bytes(&p, r->raw.hash, HASH_LEN);
	db_bytes(&p, r->key_id, HASH_LEN);
	db_int(&p, r->op);
	db_int(&p, r->log_seq);
	db_text(&p, r->author);
	db_bytes(&p, content != NULL ? content->data : NULL,
	    content != NULL ? content->len : 0);
	db_text(&p, keep ? "true" : "false");
	result = session_exec(&t->session, RECORD_RESTORE, &p, &res);
	db_result_free(&res);
	return result;
}

/* ---- what is stored ---- */

static void
tell_replaced(struct restore *t, const struct place *at,
    const struct rows *rows, int64_t version)
{
	char who[WHO_SIZE];

	if (rows_record(rows, &t->record) != 0) {
		restore_tell(t,
		    "Version %" PRId64 " of %s could not be read, and is "
		    "discarded",
		    version, at->env);
		return;
	}
	restore_who(t, who, t->record.author, t->record.at_ms);
	restore_tell(t,
	    "Version %" PRId64 " of %s was made since, and is discarded: by %s",
	    version, at->env, who);
}

static void
tell_content(struct restore *t, const struct place *at, int64_t version)
{
	restore_tell(t, "The content of version %" PRId64 " of %s came back",
	    version, at->env);
}

/* A stored version that has no content may be so for a reason: contents are
 * removed from the oldest on, and a confirm's where an older version has it. */
static bool
is_wanting(const struct place *at, const struct record *r)
{
	return at->has_any && !(r->op == OP_CONFIRM && at->has_same);
}

static bool
has_own_content(const struct rows *rows, const struct record *r)
{
	return rows_has_bytes(
	    &rows->page, rows->row, "blob_hash", r->blob, HASH_LEN);
}

/* A stored version stays, as it was signed, or -1. content: that came for it,
 * or NULL. */
static int
put_right(struct restore *t, struct place *at, const struct rows *rows,
    const struct record *r, const struct blob *content)
{
	const bool own = has_own_content(rows, r);
	const bool is_wrong =
	    !own && !db_is_null(&rows->page, rows->row, "blob_hash");

	at->has_content = own || content != NULL;
	if (content == NULL && !is_wrong && rows_fit_record(rows, r))
		return 1;
	if (write_record(t, r, content, own) != 0)
		return -1;
	if (content != NULL)
		tell_content(t, at, r->version);
	else if (is_wrong)
		restore_tell(t,
		    "The content of version %" PRId64 " of %s is not the one "
		    "that was signed, and is removed",
		    r->version, at->env);
	else
		restore_tell(t, "Version %" PRId64 " of %s is put right",
		    r->version, at->env);
	return 1;
}

/* One that the files have as well. */
static int
keep_known(struct restore *t, struct place *at, const struct rows *rows,
    const struct record *known)
{
	const struct blob *content = NULL;

	if (!has_own_content(rows, known) &&
	    (!db_is_null(&rows->page, rows->row, "blob_hash") ||
		is_wanting(at, known)))
		content = chain_content(t->backup, known);
	return put_right(t, at, rows, known, content);
}

/* One that they do not have. */
static int
keep_own(struct restore *t, struct place *at, const struct rows *rows)
{
	const struct record *r = &t->record;
	int code, refused;

	if ((code = rows_record(rows, &t->record)) == 0)
		code = record_check_next(&t->members,
		    at->last == 0 ? NULL : &t->before, r, at->env, &refused);
	if (code_is_of_log(code))
		return 0;
	if (code == 0 && at->last == 0 && r->version > 1 &&
	    r->version > cut_version(at))
		code = CODE_RECORD_LINK;
	if (code != 0) {
		snprintf(t->session.said, WHY_MAX,
		    "Version %" PRId64 " of %s in project %s is stored as "
		    "nobody signed it (%s): a file that has this version is "
		    "needed",
		    rows->next - 1, at->env, t->members.project,
		    code > 0 ? code_name(code) : "cannot be verified");
		return -1;
	}
	return put_right(t, at, rows, r, NULL);
}

/* The files' versions stay away. */
static void
leave_chain(struct restore *t, struct place *at, const char *why)
{
	struct chain *c = &at->chain;
	char text[RANGE_SIZE];

	restore_tell(t, "%s of %s could not be taken from %s: %s",
	    range(text, c->first, c->last), at->env,
	    c->down[c->n - 1].part->file, why);
	chain_reset(c);
}

/* The files' versions link to the stored one before them, or need none, or are
 * not taken. */
static void
settle_chain(struct restore *t, struct place *at)
{
	struct chain *c = &at->chain;
	const struct record *oldest = c->n == 0 ? NULL : chain_at(c, c->first);
	char text[RANGE_SIZE];

	if (oldest == NULL || c->first == 1)
		return;
	if (at->last == c->first - 1 &&
	    memcmp(t->before.raw.hash, oldest->prev, HASH_LEN) == 0)
		return;
	if (c->first <= cut_version(at) && !(c->refused && at->last != 0)) {
		if (at->last != 0)
			restore_tell(t,
			    "%s of %s had to go: what came back does not "
			    "reach back to that",
			    range(text, at->first, at->last), at->env);
		at->first = at->last = 0;
		return;
	}
	leave_chain(t, at,
	    c->first <= cut_version(at)
		? NOT_ANY_MORE
		: "nobody brought those between them and what is stored, or "
		  "the last removal of a device");
}

/* Versions of the files that are not stored. */
static int
write_range(struct restore *t, struct place *at, int64_t from, int64_t to)
{
	const struct record *record;
	const struct blob *content;

	for (int64_t v = from; v <= to; v++) {
		record = chain_at(&at->chain, v);
		content = chain_content(t->backup, record);
		if (write_record(t, record, content, false) != 0)
			return -1;
		if (v == at->chain.last)
			at->has_content = content != NULL;
		if (at->back_first == 0)
			at->back_first = v;
		at->back_last = v;
	}
	return 0;
}

/* What becomes of a stored version: 1 it stays, 0 another, -1. */
static int
keep(struct restore *t, struct place *at, const struct rows *rows,
    int64_t version)
{
	const struct record *known;
	bool same;

	/* What is stored begins behind the files' versions. */
	if (at->last == 0 && version > at->chain.last)
		chain_reset(&at->chain);
	if ((known = chain_at(&at->chain, version)) == NULL)
		return keep_own(t, at, rows);
	same = rows_record(rows, &t->record) == 0 &&
	       memcmp(t->record.raw.hash, known->raw.hash, HASH_LEN) == 0;
	if (!same && at->chain.refused) {
		leave_chain(t, at, NOT_ANY_MORE);
		return keep_own(t, at, rows);
	}
	if (at->last != 0 && write_range(t, at, at->last + 1, version - 1) != 0)
		return -1;
	return same ? keep_known(t, at, rows, known) : 0;
}

/* How far the stored versions stay: at->first, at->last. */
static int
compare_records(struct restore *t, struct place *at)
{
	struct rows rows = { .session = &t->session,
		.project = t->members.project,
		.env = at->env };
	bool settled = false, differs = false;
	int64_t version;
	int r, kept;

	while ((r = rows_next(&rows, &version)) > 0) {
		if (!settled && version >= at->chain.first) {
			settle_chain(t, at);
			settled = true;
		}
		kept = differs ? 0 : keep(t, at, &rows, version);
		if ((r = kept) < 0)
			break;
		differs = differs || kept == 0;
		if (differs) {
			tell_replaced(t, at, &rows, version);
			continue;
		}
		if (at->last == 0)
			at->first = version;
		at->last = version;
		at->has_any = at->has_any || at->has_content;
		at->has_same = at->has_content ||
			       (t->record.op == OP_CONFIRM && at->has_same);
		t->before = t->record;
	}
	rows_reset(&rows);
	if (!settled)
		settle_chain(t, at);
	return r;
}

/* ---- what the files add ---- */

/* Of the newest version, if that is stored without it. */
static int
write_content(struct restore *t, struct place *at)
{
	const struct record *record = chain_at(&at->chain, at->last);
	const struct blob *content =
	    record == NULL ? NULL : chain_content(t->backup, record);

	if (at->has_content || content == NULL)
		return 0;
	at->has_content = true;
	tell_content(t, at, at->last);
	return write_record(t, record, content, false);
}

/* Around what stays. */
static int
write_chain(struct restore *t, struct place *at)
{
	const struct chain *c = &at->chain;
	char text[RANGE_SIZE];

	if (c->n == 0)
		return 0;
	if (write_content(t, at) != 0)
		return -1;
	if (at->last == 0) {
		at->first = c->first;
		at->last = c->first - 1;
	}
	if (write_range(t, at, c->first, at->first - 1) != 0 ||
	    write_range(t, at, at->last + 1, c->last) != 0)
		return -1;
	if (c->first < at->first)
		at->first = c->first;
	if (c->last > at->last)
		at->last = c->last;
	if (at->back_last != 0)
		restore_tell(t, "%s of %s came back",
		    range(text, at->back_first, at->back_last), at->env);
	return 0;
}

static int
write_head(struct restore *t, const struct place *at)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	int result;

	db_text(&p, t->members.project);
	db_text(&p, at->env);
	db_int(&p, at->first);
	db_int(&p, at->last);
	db_int(&p, at->cut == NULL ? 0 : at->cut->seq);
	db_int(&p, cut_version(at));
	result = session_exec(&t->session, HEAD_RESTORE, &p, &r);
	db_result_free(&r);
	return result;
}

static void
tell_wanting(struct restore *t, const struct place *at)
{
	if (at->last < cut_version(at))
		restore_tell(t,
		    "%s stood at version %" PRId64 " when a device was "
		    "removed, and nobody brought that version: unless a file "
		    "with it turns up, go on under another name",
		    at->env, cut_version(at));
	else if (at->last > 0 && !at->has_content)
		restore_tell(t,
		    "Version %" PRId64 " of %s came without its content: a "
		    "writer has to run vault-env push --replace --env %s",
		    at->last, at->env, at->env);
}

static void
tell_left_out(struct restore *t, const struct place *at)
{
	const struct left_out *l = at->chain.left_out;

	for (size_t i = 0; i < at->chain.n_left_out; i++)
		restore_tell(t,
		    "Version %" PRId64 " of %s in %s does not go with the log "
		    "(%s): it is left out, with those behind it",
		    l[i].version, at->env, l[i].part->file,
		    code_name(l[i].code));
}

int
restore_environment(struct restore *t, const char *env)
{
	struct place at = { .env = env, .cut = members_cut(&t->members, env) };
	int r;

	r = chain_make(&at.chain, &t->members, t->backup, env, t->session.said);
	if (r == 0)
		tell_left_out(t, &at);
	if (r == 0 && (r = compare_records(t, &at)) == 0 &&
	    (r = write_chain(t, &at)) == 0 && (r = write_head(t, &at)) == 0 &&
	    (r = restore_wraps(t, env)) == 0)
		tell_wanting(t, &at);
	chain_reset(&at.chain);
	return r;
}
