/* SPDX-License-Identifier: MIT */
/* server-rules.c: see server-rules.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "server-rules.h"
#include "trust/rules.h"

static bool
cuts_are_equal(const struct cut_list *a, const struct cut_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i].env, b->at[i].env) != 0 ||
		    a->at[i].version != b->at[i].version ||
		    memcmp(a->at[i].hash, b->at[i].hash, HASH_LEN) != 0)
			return false;
	return true;
}

static bool
has_wrap(const struct env_key *wraps, size_t n, const struct env_head *head)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(wraps[i].env, head->env) == 0 &&
		    memcmp(wraps[i].key_id, head->key_id, HASH_LEN) == 0)
			return true;
	return false;
}

/* Exactly one for each environment that it gives. */
static int
check_wraps(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n_heads, const struct env_key *wraps,
    size_t n_wraps)
{
	size_t n = 0;

	for (size_t i = 0; i < n_heads; i++) {
		if (!policy_gives(m, e, heads[i].env))
			continue;
		if (!has_wrap(wraps, n_wraps, &heads[i]))
			return CODE_WRAPS_MISSING;
		n++;
	}
	return n == n_wraps ? 0 : CODE_WRAPS_MISSING;
}

int
append_check(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n_heads, const struct env_key *wraps,
    size_t n_wraps)
{
	struct cut_list *cuts;
	size_t n_admins;
	int r;

	if (e->seq != (int64_t)m->n_steps ||
	    (m->n_steps > 0 &&
		memcmp(e->prev, m->steps[m->n_steps - 1].hash, HASH_LEN) != 0))
		return CODE_LOG_CHANGED;
	if ((r = rules_check(m, e, true, &n_admins)) != 0)
		return r;
	if ((cuts = malloc(sizeof(*cuts))) == NULL)
		return VAULTENV_ERR_NOMEM;
	if ((r = policy_cuts(m, e, heads, n_heads, cuts)) == 0 &&
	    !cuts_are_equal(cuts, &e->cuts))
		r = CODE_HEADS_CHANGED;
	free(cuts);
	if (r != 0)
		return r;
	return check_wraps(m, e, heads, n_heads, wraps, n_wraps);
}

/* For each who can read by the newest log, neither more nor fewer. */
static int
check_readers(const struct members *m, const struct push *p)
{
	bool *seen = calloc(m->n_members + 1, sizeof(*seen));
	const struct member *member;
	size_t n = 0;
	int r = 0;

	if (seen == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; i < m->n_members; i++)
		n += grant_reads(member_now(&m->members[i]), p->env);
	for (size_t i = 0; r == 0 && i < p->n_wraps; i++) {
		member = members_find(m, p->wraps[i]);
		if (member == NULL || seen[member - m->members] ||
		    !grant_reads(member_now(member), p->env))
			r = CODE_READERS_CHANGED;
		else
			seen[member - m->members] = true;
	}
	free(seen);
	return r == 0 && n != p->n_wraps ? CODE_READERS_CHANGED : r;
}

/* The newest data key where no cut lies at its version, and no wraps; or one
 * that was never used, by the newest log, with wraps for the readers. */
static int
check_key(const struct members *m, const struct push *p)
{
	const struct mark *cut = members_cut(m, p->env);

	if (p->head != NULL &&
	    memcmp(p->record->key_id, p->head->key_id, HASH_LEN) == 0)
		return p->n_wraps == 0 &&
			       (cut == NULL || cut->version < p->head->version)
			   ? 0
			   : CODE_RECORD_KEY;
	if (p->key_used)
		return CODE_RECORD_KEY;
	if (p->record->log_seq + 1 != (int64_t)m->n_steps)
		return CODE_LOG_CHANGED;
	return check_readers(m, p);
}

int
push_check(const struct members *m, const struct push *p)
{
	static const uint8_t zero[HASH_LEN];
	uint8_t hash[HASH_LEN];
	int r;

	if ((r = record_check(m, p->record, p->env)) != 0)
		return r;
	if (strcmp(p->record->author, p->requester) != 0)
		return CODE_RECORD_AUTHOR;
	if ((r = sha256(hash, p->blob, p->blob_len)) != 0)
		return r;
	if (memcmp(hash, p->record->blob, HASH_LEN) != 0)
		return CODE_BLOB_HASH;
	if (p->record->version !=
		(p->head == NULL ? 0 : p->head->version) + 1 ||
	    memcmp(p->record->prev, p->head == NULL ? zero : p->head->hash,
		HASH_LEN) != 0)
		return CODE_VERSION_CONFLICT;
	return check_key(m, p);
}
