/* SPDX-License-Identifier: MIT */
/*
 * members.c: a log read entry by entry: rules.c judges each, and what it says
 * is added here. Nothing that was is forgotten: a member keeps every grant with
 * the entry that made it. Must not judge.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "trust/members.h"
#include "trust/rules.h"

#define ROOM_MIN 4

void
members_init(struct members *m, const char *project)
{
	*m = (struct members){ .n_steps = 0 };
	memcpy(m->project, project, sizeof(m->project));
}

void
members_reset(struct members *m)
{
	char project[ID_LEN + 1];

	for (size_t i = 0; i < m->n_members; i++) {
		for (size_t j = 0; j < m->members[i].n_grants; j++)
			free(m->members[i].grants[j].envs);
		free(m->members[i].grants);
	}
	for (size_t i = 0; i < m->n_marks; i++)
		free(m->marks[i].at);
	free(m->steps);
	free(m->members);
	free(m->by_id);
	free(m->marks);
	free(m->generations);
	memcpy(project, m->project, sizeof(project));
	members_init(m, project);
}

/* The array with room for one more: it has room for n rounded up to a power
 * of two. NULL when out of memory. */
static void *
room(void *array, size_t n, size_t size)
{
	if (n == 0)
		return reallocarray(array, ROOM_MIN, size);
	if (n < ROOM_MIN || (n & (n - 1)) != 0)
		return array;
	return reallocarray(array, 2 * n, size);
}

/* The first of by_id that is not below id. */
static size_t
place_of(const struct members *m, const char *id)
{
	size_t low = 0, high = m->n_members;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(m->members[m->by_id[mid]].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct member *
members_find(const struct members *m, const char *id)
{
	const size_t i = place_of(m, id);
	const struct member *member;

	if (i == m->n_members)
		return NULL;
	member = &m->members[m->by_id[i]];
	return strcmp(member->id, id) == 0 ? member : NULL;
}

const struct grant *
member_now(const struct member *member)
{
	return &member->grants[member->n_grants - 1];
}

const struct grant *
member_before(const struct member *member, int64_t seq)
{
	for (size_t i = member->n_grants; i-- > 0;)
		if (member->grants[i].seq < seq)
			return &member->grants[i];
	return NULL;
}

bool
grant_has_env(const struct grant *grant, const char *env)
{
	return grant != NULL &&
	       scope_has_env(grant->n_envs,
		   (const char(*)[ENV_LEN_MAX + 1]) grant->envs, env);
}

bool
grant_reads(const struct grant *grant, const char *env)
{
	return grant != NULL && !grant->revoked && grant_has_env(grant, env);
}

bool
grant_writes(const struct grant *grant, const char *env)
{
	return grant_reads(grant, env) && grant->role >= ROLE_WRITER;
}

bool
member_could_read(const struct member *member, const char *env)
{
	for (size_t i = 0; i < member->n_grants; i++)
		if (grant_reads(&member->grants[i], env))
			return true;
	return false;
}

static size_t
place_of_marks(const struct members *m, const char *env)
{
	size_t low = 0, high = m->n_marks;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(m->marks[mid].env, env) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct marks *
members_marks(const struct members *m, const char *env)
{
	const size_t i = place_of_marks(m, env);

	if (i == m->n_marks || strcmp(m->marks[i].env, env) != 0)
		return NULL;
	return &m->marks[i];
}

const struct mark *
members_cut(const struct members *m, const char *env)
{
	const struct marks *marks = members_marks(m, env);

	return marks == NULL ? NULL : &marks->at[marks->n - 1];
}

int64_t
members_generation(const struct members *m, const uint8_t join[PUBLIC_KEY_LEN])
{
	for (size_t i = 0; i < m->n_generations; i++)
		if (memcmp(m->generations[i].join, join, PUBLIC_KEY_LEN) == 0)
			return (int64_t)i;
	return -1;
}

bool
members_have_entry(const struct members *m, const uint8_t hash[HASH_LEN])
{
	for (size_t i = m->n_steps; i-- > 0;)
		if (memcmp(m->steps[i].hash, hash, HASH_LEN) == 0)
			return true;
	return false;
}

void
entry_begin(struct entry *e, const struct members *m, enum entry_kind kind,
    const char *author, int64_t now_ms)
{
	memset(e, 0, sizeof(*e));
	e->suite = SUITE_1;
	e->kind = kind;
	e->seq = (int64_t)m->n_steps;
	e->at_ms = now_ms;
	memcpy(e->project, m->project, sizeof(e->project));
	memcpy(e->author, author, sizeof(e->author));
	if (m->n_steps > 0)
		memcpy(e->prev, m->steps[m->n_steps - 1].hash, HASH_LEN);
}

static int
add_step(struct members *m, const struct entry *e)
{
	struct step *steps = room(m->steps, m->n_steps, sizeof(*steps));
	struct step *step;

	if (steps == NULL)
		return VAULTENV_ERR_NOMEM;
	m->steps = steps;
	step = &steps[m->n_steps++];
	memcpy(step->hash, e->raw.hash, HASH_LEN);
	memcpy(step->author, e->author, sizeof(step->author));
	step->at_ms = e->at_ms;
	return 0;
}

/* The new one owns a copy of envs, of which there are grant.n_envs. */
static int
add_grant(struct member *member, struct grant grant,
    const char (*envs)[ENV_LEN_MAX + 1])
{
	struct grant *grants =
	    room(member->grants, member->n_grants, sizeof(*grants));

	if (grants == NULL)
		return VAULTENV_ERR_NOMEM;
	member->grants = grants;
	grant.envs = reallocarray(NULL, grant.n_envs, sizeof(*grant.envs));
	if (grant.envs == NULL)
		return VAULTENV_ERR_NOMEM;
	memcpy(grant.envs, envs, grant.n_envs * sizeof(*grant.envs));
	grants[member->n_grants++] = grant;
	return 0;
}

static int
add_scope(struct member *member, const struct entry *e)
{
	const struct scope *s = &e->scope;

	return add_grant(member,
	    (struct grant){ .seq = e->seq,
		.role = s->role,
		.expires_ms = s->expires_ms,
		.cache_s = s->cache_s,
		.fresh_s = s->fresh_s,
		.n_envs = s->envs.n },
	    s->envs.at);
}

static int
add_revocation(struct member *member, const struct entry *e)
{
	struct grant grant = *member_now(member);

	grant.seq = e->seq;
	grant.revoked = true;
	return add_grant(
	    member, grant, (const char(*)[ENV_LEN_MAX + 1]) grant.envs);
}

static int
add_member(struct members *m, const struct entry *e)
{
	const size_t place = place_of(m, e->device);
	struct member *members, *member;
	uint32_t *by_id;

	members = room(m->members, m->n_members, sizeof(*members));
	if (members == NULL)
		return VAULTENV_ERR_NOMEM;
	m->members = members;
	if ((by_id = room(m->by_id, m->n_members, sizeof(*by_id))) == NULL)
		return VAULTENV_ERR_NOMEM;
	m->by_id = by_id;
	memmove(by_id + place + 1, by_id + place,
	    (m->n_members - place) * sizeof(*by_id));
	by_id[place] = (uint32_t)m->n_members;
	member = &members[m->n_members++];
	*member = (struct member){ .n_grants = 0 };
	memcpy(member->id, e->device, sizeof(member->id));
	memcpy(member->name, e->name, sizeof(member->name));
	memcpy(member->sign, e->sign, PUBLIC_KEY_LEN);
	memcpy(member->box, e->box, PUBLIC_KEY_LEN);
	return add_scope(member, e);
}

static int
add_generation(struct members *m, const struct entry *e)
{
	struct generation *all, *last;

	all = room(m->generations, m->n_generations, sizeof(*all));
	if (all == NULL)
		return VAULTENV_ERR_NOMEM;
	m->generations = all;
	last = &all[m->n_generations++];
	*last = (struct generation){ .seq = e->seq };
	memcpy(last->join, e->join, PUBLIC_KEY_LEN);
	if (e->kind == ENTRY_ROTATE)
		memcpy(last->old_psk, e->old_psk, OLD_PSK_LEN);
	return 0;
}

/* NULL when out of memory. */
static struct marks *
marks_for(struct members *m, const char *env)
{
	const size_t place = place_of_marks(m, env);
	struct marks *marks;

	if (place < m->n_marks && strcmp(m->marks[place].env, env) == 0)
		return &m->marks[place];
	marks = room(m->marks, m->n_marks, sizeof(*marks));
	if (marks == NULL)
		return NULL;
	m->marks = marks;
	memmove(marks + place + 1, marks + place,
	    (m->n_marks - place) * sizeof(*marks));
	m->n_marks++;
	marks[place] = (struct marks){ .n = 0 };
	memcpy(marks[place].env, env, strlen(env));
	return &marks[place];
}

static int
add_cut(struct members *m, int64_t seq, const struct cut *cut)
{
	struct marks *marks;
	struct mark *at;

	if ((marks = marks_for(m, cut->env)) == NULL ||
	    (at = room(marks->at, marks->n, sizeof(*at))) == NULL)
		return VAULTENV_ERR_NOMEM;
	marks->at = at;
	at[marks->n] = (struct mark){ .seq = seq, .version = cut->version };
	memcpy(at[marks->n].hash, cut->hash, HASH_LEN);
	marks->n++;
	return 0;
}

static int
add_entry(struct members *m, const struct entry *e)
{
	struct member *member;
	int r = 0;

	switch (e->kind) {
	case ENTRY_ROOT:
		if ((r = add_member(m, e)) == 0)
			r = add_generation(m, e);
		break;
	case ENTRY_ADMIT:
		r = add_member(m, e);
		break;
	case ENTRY_CHANGE:
	case ENTRY_REVOKE:
		member = &m->members[m->by_id[place_of(m, e->device)]];
		r = e->kind == ENTRY_CHANGE ? add_scope(member, e)
					    : add_revocation(member, e);
		break;
	case ENTRY_ROTATE:
		r = add_generation(m, e);
	}
	for (size_t i = 0; r == 0 && i < e->cuts.n; i++)
		r = add_cut(m, e->seq, &e->cuts.at[i]);
	return r == 0 ? add_step(m, e) : r;
}

int
members_apply(struct members *m, const struct entry *e, bool verify)
{
	size_t n_admins;
	int r;

	if ((r = rules_check(m, e, verify, &n_admins)) != 0)
		return r;
	m->n_admins = n_admins;
	return add_entry(m, e);
}

static int
continue_with(struct members *m, size_t seq, struct entry *e,
    struct blob *bytes, struct text text, bool verify)
{
	int r;

	bytes->len = 0;
	if ((r = entry_read(e, bytes, text)) != 0)
		return r;
	if (seq == m->n_steps)
		return members_apply(m, e, verify);
	return memcmp(e->raw.hash, m->steps[seq].hash, HASH_LEN) == 0
		   ? 0
		   : CODE_LOG_FORK;
}

int
members_continue(struct members *m, size_t from, const struct text *entries,
    size_t n, bool verify, size_t *n_good)
{
	struct entry *e;
	struct blob bytes;
	int r = 0;

	*n_good = 0;
	if (from > m->n_steps)
		return CODE_LOG_GAP;
	if ((e = malloc(sizeof(*e))) == NULL)
		return VAULTENV_ERR_NOMEM;
	blob_init(&bytes, ENTRY_SIZE_MAX);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = continue_with(m, from + i, e, &bytes, entries[i], verify);
		*n_good += r == 0;
	}
	blob_reset(&bytes);
	free(e);
	return r;
}
