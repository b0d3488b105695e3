/* SPDX-License-Identifier: MIT */
/*
 * history.c: see history.h. The order of the checks is the protocol's, for the
 * first that fails names the code. Must not know where records come from, nor
 * open anything.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "trust/history.h"

int
records_read(struct records *records, const struct text *base64, size_t n)
{
	size_t len = 0;
	int r;

	*records = (struct records){ .n = 0 };
	blob_init(&records->bytes, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		len += base64[i].len / 4 * 3;
	/* The records borrow these bytes, which must not move any more. */
	if ((r = blob_reserve(&records->bytes, len)) != 0)
		return r;
	records->at = calloc(n + 1, sizeof(*records->at));
	r = records->at == NULL ? VAULTENV_ERR_NOMEM : 0;
	for (; r == 0 && records->n < n; records->n++)
		r = record_read(&records->at[records->n], &records->bytes,
		    base64[records->n]);
	if (r != 0)
		records_reset(records);
	return r;
}

void
records_reset(struct records *records)
{
	free(records->at);
	blob_reset(&records->bytes);
	records->at = NULL;
	records->n = 0;
}

void
record_begin(struct record *r, const struct members *m, const char *env,
    const struct record *before, const char *author, int64_t now_ms)
{
	memset(r, 0, sizeof(*r));
	r->suite = SUITE_1;
	r->version = before == NULL ? 1 : before->version + 1;
	r->log_seq = (int64_t)m->n_steps - 1;
	r->at_ms = now_ms;
	memcpy(r->project, m->project, sizeof(r->project));
	memcpy(r->env, env, strlen(env));
	memcpy(r->author, author, sizeof(r->author));
	memcpy(r->log_hash, m->steps[r->log_seq].hash, HASH_LEN);
	if (before != NULL)
		memcpy(r->prev, before->raw.hash, HASH_LEN);
}

/* The state in which its author had to be a writer: NULL of `cut` means today;
 * else right before that cut, which ended the record's stretch of versions. */
static int
check_cuts(
    const struct marks *marks, const struct record *r, const struct mark **cut)
{
	*cut = NULL;
	for (size_t i = 0; marks != NULL && i < marks->n; i++) {
		const struct mark *mark = &marks->at[i];

		if (r->version > mark->version) {
			if (r->log_seq < mark->seq)
				return CODE_RECORD_CUT;
			continue;
		}
		if (r->log_seq >= mark->seq ||
		    (r->version == mark->version &&
			memcmp(r->raw.hash, mark->hash, HASH_LEN) != 0))
			return CODE_RECORD_CUT;
		if (*cut == NULL)
			*cut = mark;
	}
	return 0;
}

int
record_check(const struct members *m, const struct record *r, const char *env)
{
	const struct member *author;
	const struct grant *grant;
	const struct mark *cut;

	if (strcmp(r->project, m->project) != 0)
		return CODE_WRONG_PROJECT;
	if (strcmp(r->env, env) != 0)
		return CODE_WRONG_ENVIRONMENT;
	if (r->log_seq >= (int64_t)m->n_steps ||
	    memcmp(r->log_hash, m->steps[r->log_seq].hash, HASH_LEN) != 0)
		return CODE_RECORD_LOG;
	if (check_cuts(members_marks(m, env), r, &cut) != 0)
		return CODE_RECORD_CUT;
	if ((author = members_find(m, r->author)) == NULL)
		return CODE_RECORD_AUTHOR;
	if (!statement_verify(&r->raw, 0, author->sign))
		return CODE_RECORD_SIGNATURE;
	grant =
	    cut == NULL ? member_now(author) : member_before(author, cut->seq);
	return grant_writes(grant, env) ? 0 : CODE_RECORD_AUTHOR;
}

int
record_check_past(const struct members *m, const struct record *record,
    const char *env, int *refused)
{
	const struct member *author = members_find(m, record->author);
	int r;

	*refused = 0;
	r = record_check(m, record, env);
	if (r != CODE_RECORD_AUTHOR || author == NULL ||
	    !grant_writes(member_before(author, record->log_seq + 1), env))
		return r;
	*refused = r;
	return 0;
}

/* At a cut's version, the cut's hash. Marks ascend by version; of several with
 * one version all have one hash. */
static bool
fits_marks(const struct marks *marks, const struct record *r)
{
	size_t low = 0, high = marks == NULL ? 0 : marks->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const struct mark *mark = &marks->at[mid];

		if (mark->version == r->version)
			return memcmp(mark->hash, r->raw.hash, HASH_LEN) == 0;
		if (mark->version < r->version)
			low = mid + 1;
		else
			high = mid;
	}
	return true;
}

static int
check_link(const struct members *m, const struct marks *marks,
    const struct record *before, const struct record *r, const char *env)
{
	if (strcmp(r->project, m->project) != 0)
		return CODE_WRONG_PROJECT;
	if (strcmp(r->env, env) != 0)
		return CODE_WRONG_ENVIRONMENT;
	if (!fits_marks(marks, r))
		return CODE_RECORD_CUT;
	if (before != NULL &&
	    (r->version != before->version + 1 ||
		memcmp(r->prev, before->raw.hash, HASH_LEN) != 0))
		return CODE_RECORD_LINK;
	return 0;
}

int
record_check_next(const struct members *m, const struct record *before,
    const struct record *record, const char *env, int *refused)
{
	int r = check_link(m, members_marks(m, env), before, record, env);

	*refused = 0;
	return r != 0 ? r : record_check_past(m, record, env, refused);
}

static int
refuse(struct finding *why, const struct record *r, int64_t other, int code)
{
	why->version = r->version;
	why->other_version = other;
	why->at_ms = r->at_ms;
	memcpy(why->device, r->author, sizeof(r->author));
	memcpy(why->env, r->env, sizeof(r->env));
	return code;
}

/* Not below the pin, which must be among them. */
static int
check_pin(
    const struct records *records, const struct pin *pin, struct finding *why)
{
	const struct record *first = &records->at[0];
	const struct record *last = &records->at[records->n - 1];
	const struct record *pinned;

	if (pin == NULL)
		return 0;
	if (last->version < pin->version)
		return refuse(why, last, pin->version, CODE_RECORD_ROLLBACK);
	if (first->version > pin->version)
		return refuse(why, first, pin->version, CODE_RECORD_LINK);
	pinned = first + (pin->version - first->version);
	if (memcmp(pinned->raw.hash, pin->hash, HASH_LEN) != 0)
		return refuse(why, pinned, 0, CODE_RECORD_FORK);
	return 0;
}

/* How the records hang together, and on what is known. *cut: the version of
 * the environment's last one, 0 without. */
static int
check_links(const struct members *m, const struct records *records,
    const struct history_query *q, int64_t *cut, struct finding *why)
{
	const struct marks *marks = members_marks(m, q->env);
	int r;

	*cut = marks == NULL ? 0 : marks->at[marks->n - 1].version;
	if (records->n == 0) {
		why->version = 1;
		why->other_version = q->pin == NULL ? *cut : q->pin->version;
		return CODE_RECORD_MISSING;
	}
	for (size_t i = 0; i < records->n; i++) {
		const struct record *at = &records->at[i];

		r = check_link(m, marks, i == 0 ? NULL : at - 1, at, q->env);
		if (r != 0)
			return refuse(why, at, i == 0 ? 0 : at[-1].version, r);
	}
	if (q->cached)
		return 0;
	if (records->at[records->n - 1].version < *cut)
		return refuse(why, &records->at[records->n - 1], *cut,
		    CODE_RECORD_ROLLBACK);
	if ((r = check_pin(records, q->pin, why)) != 0)
		return r;
	if ((r = check_pin(records, q->own, why)) != 0)
		why->is_own = true;
	return r;
}

/* Above the last cut with a data key from below it: removed devices have it. */
static bool
key_is_old(const struct records *records, int64_t cut)
{
	const struct record *last = &records->at[records->n - 1];

	if (last->version <= cut)
		return false;
	for (size_t i = 0; i < records->n && records->at[i].version <= cut; i++)
		if (memcmp(records->at[i].key_id, last->key_id, HASH_LEN) == 0)
			return true;
	return false;
}

/* The records follow each other by version: that was checked. */
static int
find_version(const struct members *m, const struct records *records,
    const struct history_query *q, struct history *out, struct finding *why)
{
	const int64_t first = records->at[0].version;
	int r;

	if (q->version == 0)
		return 0;
	if (q->version < first || q->version > out->newest->version) {
		why->version = why->other_version = q->version;
		return CODE_RECORD_MISSING;
	}
	out->wanted = &records->at[q->version - first];
	r = record_check(m, out->wanted, q->env);
	return r == 0 ? 0 : refuse(why, out->wanted, 0, r);
}

int
history_check(const struct members *m, const struct records *records,
    const struct history_query *q, struct history *out, struct finding *why)
{
	const struct record *newest;
	int64_t cut;
	int r;

	if ((r = check_links(m, records, q, &cut, why)) != 0)
		return r;
	newest = &records->at[records->n - 1];
	if (key_is_old(records, cut))
		return refuse(why, newest, cut, CODE_RECORD_KEY);
	/* One signature: what is before hangs on it by hash. */
	if ((r = record_check(m, newest, q->env)) != 0)
		return refuse(why, newest, cut, r);
	/* Nothing links it to the cut, so its author counts as of today; only
	 * a cache comes so far. */
	if (newest->version < cut &&
	    !grant_writes(member_now(members_find(m, newest->author)), q->env))
		return refuse(why, newest, cut, CODE_RECORD_AUTHOR);
	out->newest = out->wanted = newest;
	return find_version(m, records, q, out, why);
}

int
history_head(const struct members *m, const struct records *records,
    const struct history_query *q, struct head *out, struct finding *why)
{
	const struct record *last;
	int64_t cut;
	int r;

	if ((r = check_links(m, records, q, &cut, why)) != 0)
		return r;
	if (q->own == NULL && records->at[0].version > (cut > 0 ? cut : 1))
		return refuse(
		    why, &records->at[0], cut > 0 ? cut : 1, CODE_RECORD_LINK);
	last = &records->at[records->n - 1];
	out->record = last;
	if ((r = record_check_past(m, last, q->env, &out->refused)) != 0)
		return refuse(why, last, cut, r);
	if (key_is_old(records, cut))
		out->refused = CODE_RECORD_KEY;
	return 0;
}
