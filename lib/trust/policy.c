/* SPDX-License-Identifier: MIT */
/*
 * policy.c: see policy.h. Must not know requests or tables: what is stored is
 * told to it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "trust/policy.h"
#include "trust/rules.h"
#include "wire/mac.h"

/* The device's grant before the entry; NULL for a new one. */
static const struct grant *
grant_of(const struct members *m, const struct entry *e)
{
	const struct member *member;

	if (e->kind != ENTRY_CHANGE && e->kind != ENTRY_REVOKE)
		return NULL;
	member = members_find(m, e->device);
	return member == NULL ? NULL : member_now(member);
}

static bool
scope_has(const struct scope *s, const char *env)
{
	return scope_has_env(
	    s->envs.n, (const char(*)[ENV_LEN_MAX + 1]) s->envs.at, env);
}

/* A revocation, a lower role, or an environment less. "*" is above any list. */
static bool
takes(const struct grant *old, const struct entry *e)
{
	if (e->kind != ENTRY_CHANGE)
		return e->kind == ENTRY_REVOKE;
	if (old == NULL || e->scope.role < old->role)
		return old != NULL;
	for (size_t i = 0; i < old->n_envs; i++)
		if (!scope_has(&e->scope, old->envs[i]))
			return true;
	return false;
}

int
policy_cuts(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n, struct cut_list *out)
{
	const struct grant *old = grant_of(m, e);
	const bool rotates = e->kind == ENTRY_ROTATE;
	const bool removes = takes(old, e);

	out->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct cut *cut = &out->at[out->n];

		if (!rotates && !(removes && grant_reads(old, heads[i].env)))
			continue;
		if (out->n == LIST_MAX)
			return CODE_HEADS_CHANGED;
		memcpy(cut->env, heads[i].env, sizeof(cut->env));
		cut->version = heads[i].version;
		memcpy(cut->hash, heads[i].hash, HASH_LEN);
		out->n++;
	}
	return 0;
}

bool
policy_gives(const struct members *m, const struct entry *e, const char *env)
{
	if (e->kind != ENTRY_ADMIT && e->kind != ENTRY_CHANGE)
		return false;
	return scope_has(&e->scope, env) && !grant_reads(grant_of(m, e), env);
}

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

int
deletion_check(const struct members *m, const struct deletion *d,
    const char *requester, int64_t now_ms)
{
	const struct member *author = members_find(m, d->author);
	const struct grant *grant;

	if (strcmp(d->project, m->project) != 0)
		return CODE_WRONG_PROJECT;
	if (d->log_count != (int64_t)m->n_steps || m->n_steps == 0 ||
	    memcmp(d->log_hash, m->steps[m->n_steps - 1].hash, HASH_LEN) != 0)
		return CODE_LOG_CHANGED;
	grant = author == NULL ? NULL : member_now(author);
	if (grant == NULL || grant->revoked || grant->role != ROLE_ADMIN ||
	    strcmp(d->author, requester) != 0)
		return CODE_LOG_AUTHOR;
	if (!request_time_is_near(d->at_ms, now_ms))
		return CODE_REQUEST_TIME;
	return signatures_check(
	    &d->raw, author->sign, m->generations[m->n_generations - 1].join);
}

bool
policy_keeps_key(const struct members *m, const struct record *newest)
{
	const struct mark *cut = members_cut(m, newest->env);

	if (cut != NULL && cut->version == newest->version)
		return false;
	/* Each device that could read then still can: a removal whose cut was
	 * prevented shows here. */
	for (size_t i = 0; i < m->n_members; i++) {
		const struct member *member = &m->members[i];

		if (grant_reads(member_before(member, newest->log_seq + 1),
			newest->env) &&
		    !grant_reads(member_now(member), newest->env))
			return false;
	}
	return true;
}
