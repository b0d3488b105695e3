/* SPDX-License-Identifier: MIT */
/*
 * rules.c: the rules of the log, in the order in which they name a code. The
 * form of an entry is settled (wire/statement.h); what it leads to is added by
 * members.c. Must not change a thing.
 */
#include "config.h"

#include <string.h>

#include "trust/rules.h"
#include "wire/identity.h"

static bool
is_all(const struct env_list *envs)
{
	return envs->n == 1 && strcmp(envs->at[0], "*") == 0;
}

/* Its place in this log: project, number, and the entry before it. */
static int
check_place(const struct members *m, const struct entry *e)
{
	static const uint8_t zero[HASH_LEN];
	const uint8_t *prev =
	    m->n_steps == 0 ? zero : m->steps[m->n_steps - 1].hash;

	if (strcmp(e->project, m->project) != 0)
		return CODE_WRONG_PROJECT;
	if (e->seq != (int64_t)m->n_steps)
		return CODE_LOG_GAP;
	if (memcmp(e->prev, prev, HASH_LEN) != 0)
		return CODE_LOG_LINK;
	return 0;
}

/* sign and join: the keys that have to sign. */
static int
check_author(const struct members *m, const struct entry *e,
    const uint8_t **sign, const uint8_t **join)
{
	const struct member *author;
	const struct grant *grant;

	if ((e->kind == ENTRY_ROOT) != (e->seq == 0))
		return CODE_LOG_ROOT;
	if (e->kind == ENTRY_ROOT) {
		if (strcmp(e->author, e->device) != 0 ||
		    e->scope.role != ROLE_ADMIN || !is_all(&e->scope.envs))
			return CODE_LOG_ROOT;
		*sign = e->sign;
		*join = e->join;
		return 0;
	}
	if ((author = members_find(m, e->author)) == NULL)
		return CODE_LOG_AUTHOR;
	grant = member_now(author);
	if (grant->revoked || grant->role != ROLE_ADMIN)
		return CODE_LOG_AUTHOR;
	*sign = author->sign;
	*join = m->generations[m->n_generations - 1].join;
	return 0;
}

/* Both factors. */
static int
check_signatures(const struct signed_bytes *raw,
    const uint8_t sign[PUBLIC_KEY_LEN], const uint8_t join[PUBLIC_KEY_LEN])
{
	if (!statement_verify(raw, 0, sign))
		return CODE_LOG_SIGNATURE;
	if (!statement_verify(raw, 1, join))
		return CODE_LOG_JOIN;
	return 0;
}

static int
check_scope(const struct scope *s)
{
	if (s->role < ROLE_READER || s->role > ROLE_ADMIN)
		return CODE_LOG_SCOPE;
	if (s->role == ROLE_ADMIN && (!is_all(&s->envs) || s->expires_ms != 0))
		return CODE_LOG_SCOPE;
	return 0;
}

/* The box key of a device that was admitted was looked at then. */
static int
check_new_device(const struct members *m, const struct entry *e, bool verify)
{
	char id[ID_LEN + 1];
	int r;

	if ((r = device_id_make(id, m->project, e->sign, e->box)) != 0)
		return r;
	if (strcmp(id, e->device) != 0)
		return CODE_LOG_DEVICE_ID;
	if (members_find(m, e->device) != NULL)
		return CODE_LOG_DEVICE_KNOWN;
	return verify ? box_key_check(e->box) : 0;
}

/* What the kind wants. *was_admin, *is_admin: the device before and behind. */
static int
check_kind(const struct members *m, const struct entry *e, bool verify,
    bool *was_admin, bool *is_admin)
{
	const struct member *member;
	int r;

	*was_admin = *is_admin = false;
	if (e->kind == ENTRY_ROTATE)
		return members_generation(m, e->join) < 0 ? 0 : CODE_LOG_ROTATE;
	if (e->kind != ENTRY_REVOKE) {
		if ((r = check_scope(&e->scope)) != 0)
			return r;
		*is_admin = e->scope.role == ROLE_ADMIN;
	}
	if (e->kind == ENTRY_ROOT || e->kind == ENTRY_ADMIT)
		return check_new_device(m, e, verify);
	if ((member = members_find(m, e->device)) == NULL ||
	    member_now(member)->revoked)
		return CODE_LOG_DEVICE_UNKNOWN;
	*was_admin = member_now(member)->role == ROLE_ADMIN;
	return 0;
}

/* A cut never lies before an earlier one, nor beside it. */
static int
check_cuts(const struct members *m, const struct cut_list *cuts)
{
	const struct mark *last;

	for (size_t i = 0; i < cuts->n; i++) {
		last = members_cut(m, cuts->at[i].env);
		if (last == NULL || cuts->at[i].version > last->version)
			continue;
		if (cuts->at[i].version < last->version ||
		    memcmp(cuts->at[i].hash, last->hash, HASH_LEN) != 0)
			return CODE_LOG_CUT;
	}
	return 0;
}

int
rules_check(const struct members *m, const struct entry *e, bool verify,
    size_t *n_admins)
{
	const uint8_t *sign = NULL, *join = NULL;
	bool was_admin, is_admin;
	int r;

	if ((r = check_place(m, e)) != 0 ||
	    (r = check_author(m, e, &sign, &join)) != 0)
		return r;
	if (verify && (r = check_signatures(&e->raw, sign, join)) != 0)
		return r;
	if ((r = check_kind(m, e, verify, &was_admin, &is_admin)) != 0)
		return r;
	*n_admins = m->n_admins - was_admin + is_admin;
	if (*n_admins == 0)
		return CODE_LOG_LAST_ADMIN;
	return check_cuts(m, &e->cuts);
}
