/* SPDX-License-Identifier: MIT */
/* project-log.c: the entries of the log of project.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "project.h"

/* As the client does: cuts and wraps by the policy; then as the server does. */
bool
p_append(struct project *p, struct entry *e, const struct device *author,
    const struct vault_key *key)
{
	struct env_head heads[P_ENVS];
	struct env_key wraps[P_ENVS];
	const size_t n_heads = p_heads(p, heads);
	struct blob text, bytes;
	size_t n_wraps = 0;
	int r;

	blob_init(&text, SIZE_MAX);
	blob_init(&bytes, SIZE_MAX);
	p_must(policy_cuts(&p->log, e, heads, n_heads, &e->cuts) == 0,
	    "policy_cuts");
	for (size_t i = 0; i < n_heads; i++) {
		if (!policy_gives(&p->log, e, heads[i].env))
			continue;
		memcpy(wraps[n_wraps].env, heads[i].env,
		    sizeof(wraps[n_wraps].env));
		memcpy(wraps[n_wraps].key_id, heads[i].key_id, HASH_LEN);
		n_wraps++;
	}
	p_must(entry_sign(&text, e, author, key) == 0, "entry_sign");
	p->entries[p->log.n_steps] = p_copy(&text);
	p_must(entry_read(e, &bytes, p_text(p->entries[p->log.n_steps])) == 0,
	    "entry_read");
	r = append_check(&p->log, e, heads, n_heads, wraps, n_wraps);
	if (r == 0)
		p_must(members_apply(&p->log, e, true) == 0, "members_apply");
	else
		free(p->entries[p->log.n_steps]);
	p_must(r == 0 || r == CODE_LOG_LAST_ADMIN, "an entry was refused");
	blob_reset(&text);
	blob_reset(&bytes);
	return r == 0;
}

void
p_scope(struct project *p, struct entry *e, enum role role)
{
	struct env_list *envs = &e->scope.envs;

	e->scope.role = role;
	e->scope.cache_s = 604800;
	envs->n = 0;
	for (size_t i = 0; role != ROLE_ADMIN && i < P_ENVS; i++)
		if (project_choose(p, 3) > 0)
			memcpy(envs->at[envs->n++], p->envs[i].name,
			    strlen(p->envs[i].name) + 1);
	if (envs->n == 0) {
		memcpy(envs->at[0], "*", 2);
		envs->n = 1;
	}
}

struct entry *
p_begin(struct project *p, enum entry_kind kind, const struct device *author)
{
	static struct entry e;

	entry_begin(&e, &p->log, kind, author->id, P_NOW - 1000);
	return &e;
}

void
p_describe(struct entry *e, const struct device *d)
{
	memcpy(e->device, d->id, sizeof(e->device));
	snprintf(e->name, sizeof(e->name), "device %.8s", d->id);
	memcpy(e->sign, d->sign, PUBLIC_KEY_LEN);
	memcpy(e->box, d->box, PUBLIC_KEY_LEN);
}

bool
p_admit(struct project *p, const struct device *admin, const struct device *d)
{
	struct entry *e = p_begin(p, ENTRY_ADMIT, admin);
	const struct member *member;

	p_describe(e, d);
	p_scope(p, e, (enum role)(1 + project_choose(p, 3)));
	if (!p_append(p, e, admin, &p->keys[p->n_keys - 1]))
		return false;
	member = members_find(&p->log, d->id);
	/* Of all versions, as an approval without --no-history gives them. */
	for (size_t i = 0; i < P_ENVS; i++) {
		const struct p_env *env = &p->envs[i];

		for (size_t v = 0; v < env->n; v++)
			if (grant_reads(member_now(member), env->name) &&
			    (v == 0 || memcmp(env->versions[v].data_key,
					   env->versions[v - 1].data_key,
					   KEY_LEN) != 0))
				p_wrap(
				    p, env, env->versions[v].data_key, member);
	}
	return true;
}

/* Only takes: what a change gives would bring wraps that may be there. */
bool
p_narrow(
    struct project *p, const struct device *admin, const struct member *member)
{
	struct entry *e = p_begin(p, ENTRY_CHANGE, admin);
	const struct grant *grant = member_now(member);

	if (grant->role == ROLE_ADMIN)
		return false;
	memcpy(e->device, member->id, sizeof(e->device));
	e->scope.role = ROLE_READER;
	e->scope.cache_s = 60;
	e->scope.envs.n = 1;
	snprintf(e->scope.envs.at[0], sizeof(e->scope.envs.at[0]), "%s",
	    strcmp(grant->envs[0], "*") == 0 ? p->envs[0].name
					     : grant->envs[0]);
	return p_append(p, e, admin, &p->keys[p->n_keys - 1]);
}

bool
p_rotate(struct project *p, const struct device *admin)
{
	struct entry *e = p_begin(p, ENTRY_ROTATE, admin);
	struct vault_key *next = &p->keys[p->n_keys];

	if (p->n_keys == P_KEYS)
		return false;
	p_must(vault_key_make(next, p->log.project) == 0, "vault_key_make");
	p_must(chain_seal(e->old_psk, next, next - 1) == 0, "chain_seal");
	memcpy(e->join, next->join, PUBLIC_KEY_LEN);
	if (!p_append(p, e, admin, next - 1))
		return false;
	memcpy(next->anchor, p->log.steps[p->log.n_steps - 1].hash, HASH_LEN);
	p->n_keys++;
	return true;
}

bool
p_revoke(
    struct project *p, const struct device *admin, const struct member *member)
{
	struct entry *e = p_begin(p, ENTRY_REVOKE, admin);

	memcpy(e->device, member->id, sizeof(e->device));
	return p_append(p, e, admin, &p->keys[p->n_keys - 1]);
}
