/* SPDX-License-Identifier: MIT */
/*
 * restore-log.c: the log of a project that is restored: the one that reaches
 * furthest, verified from its root, in place of what is stored.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "operator/restore.h"

/* ---- what the files have ---- */

/* Entry number seq is refused, or is another than in t->log. */
static int
refuse_log(struct restore *t, const struct part *part, size_t seq, int code)
{
	char *said = t->session.said;

	if (code < 0)
		return part_fail(part, said, "cannot be verified");
	if (code == CODE_LOG_FORK)
		return part_fail(part, said,
		    "entry %zu of the log is another than in %.300s "
		    "(log_fork): give one of the two files",
		    seq, t->log->file);
	return part_fail(part, said, "entry %zu of the log is refused (%s)",
	    seq, code_name(code));
}

int
restore_find_log(struct restore *t)
{
	const struct part *part;
	size_t n, n_good;
	int code;

	for (size_t i = 0; i < t->backup->n; i++) {
		part = &t->backup->parts[i];
		if (part->bundle.n_log == 0 ||
		    strcmp(part->project, t->members.project) != 0)
			continue;
		n = part->bundle.n_log;
		code = members_continue(
		    &t->members, 0, part->bundle.log, n, true, &n_good);
		if (code != 0)
			return refuse_log(t, part, n_good, code);
		if (t->log == NULL || n > t->log->bundle.n_log)
			t->log = part;
	}
	return 0;
}

/* ---- the log ---- */

static int
write_entry(struct restore *t, const struct entry *e)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	int result;

	db_text(&p, t->members.project);
	db_int(&p, e->seq);
	db_bytes(&p, e->raw.bytes, e->raw.len + 2 * SIGNATURE_LEN);
	db_bytes(&p, e->raw.hash, HASH_LEN);
	db_int(&p, e->kind);
	db_text(&p, e->kind == ENTRY_ROTATE ? NULL : e->device);
	result = session_exec(&t->session, LOG_RESTORE, &p, &r);
	db_result_free(&r);
	return result;
}

/* The entry of that number in the files, decoded into t->entry; its bytes are
 * in `bytes`. It was read before, so that only memory can be wanting. */
static int
file_entry(struct restore *t, struct blob *bytes, int64_t seq)
{
	bytes->len = 0;
	if (entry_read(&t->entry, bytes, t->log->bundle.log[seq]) != 0)
		return session_fail(
		    &t->session, t->members.project, "out of memory");
	return 0;
}

/* Made by somebody since the old state was put in place. */
static void
tell_replaced(struct restore *t, int64_t seq, bool readable)
{
	static const char *const kinds[] = { "", "the root", "admits",
		"changes", "revokes", "replaces VAULT_KEY" };
	const struct entry *e = &t->stored;
	char who[WHO_SIZE];

	if (!readable) {
		restore_tell(t,
		    "Entry %" PRId64 " of the log could not be read, and is "
		    "discarded",
		    seq);
		return;
	}
	restore_who(t, who, e->author, e->at_ms);
	restore_tell(t,
	    "Entry %" PRId64 " of the log was made since, and is discarded: it "
	    "%s%s%s, by %s",
	    seq, kinds[e->kind], e->kind == ENTRY_ROTATE ? "" : " ",
	    e->kind == ENTRY_ROTATE ? "" : e->device, who);
}

/* What a stored entry is worth: 1 it stays, 0 it does not, -1. Put right where
 * its row is not what it should be. */
static int
keep_entry(struct restore *t, const struct rows *rows, struct blob *bytes)
{
	const struct entry *e = &t->stored;
	const size_t n_files = t->log == NULL ? 0 : t->log->bundle.n_log;
	int code;

	if ((size_t)e->seq >= n_files) {
		code = members_apply(&t->members, e, true);
		if (code < 0)
			return session_fail(&t->session, t->members.project,
			    "cannot be verified");
		if (code > 0)
			return 0;
	} else {
		if (file_entry(t, bytes, e->seq) != 0)
			return -1;
		if (memcmp(t->entry.raw.hash, e->raw.hash, HASH_LEN) != 0)
			return 0;
		e = &t->entry;
	}
	if (rows_fit_entry(rows, e))
		return 1;
	restore_tell(t, "Entry %" PRId64 " of the log is put right", e->seq);
	return write_entry(t, e) == 0 ? 1 : -1;
}

/* Holds what is stored against the files. *same: how many entries stay. */
static int
compare_log(struct restore *t, struct blob *bytes, size_t *same)
{
	struct rows rows = { .session = &t->session,
		.project = t->members.project };
	bool readable, differs = false;
	int64_t seq;
	int r, kept;

	*same = 0;
	while ((r = rows_next(&rows, &seq)) > 0) {
		readable = rows_entry(&rows, &t->stored) == 0;
		kept = 0;
		if (!differs && readable && seq == (int64_t)*same &&
		    t->stored.seq == seq)
			kept = keep_entry(t, &rows, bytes);
		if ((r = kept) < 0)
			break;
		differs = differs || kept == 0;
		if (differs)
			tell_replaced(t, seq, readable);
		*same += !differs;
	}
	rows_reset(&rows);
	if (r == 0 && t->log == NULL && differs) {
		snprintf(t->session.said, WHY_MAX,
		    "The log of project %s is not good from entry %zu on: a "
		    "file with its log is needed",
		    t->members.project, *same);
		return -1;
	}
	return r;
}

int
restore_log(struct restore *t, bool is_new, int *kept)
{
	const struct members *m = &t->members;
	struct blob bytes;
	size_t same, n_joins = 0;
	int r;

	blob_init(&bytes, ENTRY_SIZE_MAX);
	r = compare_log(t, &bytes, &same);
	for (size_t i = same; r == 0 && i < m->n_steps; i++)
		if ((r = file_entry(t, &bytes, (int64_t)i)) == 0)
			r = write_entry(t, &t->entry);
	blob_reset(&bytes);
	if (r != 0)
		return -1;
	if (m->n_steps == 0) {
		snprintf(t->session.said, WHY_MAX,
		    "No file has the log of project %s, nor has the database",
		    m->project);
		return -1;
	}
	/* Anybody can sign a root; clients know theirs by VAULT_KEY, and here
	 * the one that is stored decides. */
	if (!is_new && same == 0) {
		snprintf(t->session.said, WHY_MAX,
		    "The log of project %s in %.300s begins with another root "
		    "than in the database (log_root): it is of another project",
		    m->project, t->log->file);
		return -1;
	}
	while (n_joins < m->n_generations &&
	       m->generations[n_joins].seq < (int64_t)same)
		n_joins++;
	*kept = (int)n_joins;
	if (is_new)
		restore_tell(t,
		    "The database did not have it: it is made from its root, "
		    "with %zu entries in its log",
		    m->n_steps);
	else if (same < m->n_steps)
		restore_tell(t, "%zu entries of its log came back, %zu to %zu",
		    m->n_steps - same, same, m->n_steps - 1);
	if (!is_new && n_joins < m->n_generations)
		restore_tell(t,
		    "VAULT_KEY was replaced by one of them: all request keys "
		    "are retired, and devices that have the new VAULT_KEY "
		    "register theirs by themselves");
	return 0;
}
