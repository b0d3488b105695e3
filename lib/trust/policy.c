/* SPDX-License-Identifier: MIT */
/*
 * policy.c: see policy.h. Must not know requests or tables: what is stored is
 * told to it.
 */
#include "config.h"

#include <string.h>

#include "trust/policy.h"

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
