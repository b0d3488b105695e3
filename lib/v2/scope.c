/* SPDX-License-Identifier: MIT */
/*
 * scope.c: who may do what: a device that waits is admitted with a scope, and
 * the scope of an admitted one is changed. An admin's, all of it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/devices.h"

#define DEFAULT_CACHE_S (7 * 86400)

/* ---- a scope as people write it ---- */

static int
role_read(const char *text, int64_t *role, struct vaultenv_error *err)
{
	for (int64_t i = ROLE_READER; i <= ROLE_ADMIN; i++) {
		if (strcmp(text, role_name(i)) != 0)
			continue;
		*role = i;
		return 0;
	}
	return err_set(err, VAULTENV_ERR_INVALID,
	    "Write reader, writer or admin", "There is no such role");
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
envs_read(
    const char *const *names, struct env_list *out, struct vaultenv_error *err)
{
	const size_t size = sizeof(out->at[0]);
	size_t n = 0;

	out->n = 0;
	for (; *names != NULL; names++) {
		if (strcmp(*names, "*") != 0 &&
		    !env_is_valid(*names, strlen(*names)))
			return err_set(err, VAULTENV_ERR_INVALID,
			    "Write letters, digits, '.', '_' and '-', or \"*\"",
			    "That is no name of an environment");
		if (out->n == LIST_MAX)
			return err_set(err, VAULTENV_ERR_INVALID,
			    "Write \"*\" for all",
			    "More than %d environments are given", LIST_MAX);
		memcpy(out->at[out->n++], *names, strlen(*names) + 1);
	}
	if (out->n > 1)
		qsort(out->at, out->n, size, name_compare);
	for (size_t i = 0; i < out->n; i++) {
		if (strcmp(out->at[i], "*") == 0 && out->n > 1)
			return err_set(err, VAULTENV_ERR_INVALID,
			    "Leave the others away",
			    "\"*\" is all environments already");
		if (n == 0 || strcmp(out->at[n - 1], out->at[i]) != 0)
			memmove(out->at[n++], out->at[i], size);
	}
	out->n = n;
	return 0;
}

/* none: the word for "no limit", or "nothing at all". */
static int
span_read(const char *text, const char *none, const char *what, int64_t *s,
    struct vaultenv_error *err)
{
	int r;

	if (strcmp(text, none) == 0) {
		*s = 0;
		return 0;
	}
	if ((r = age_parse(text, strlen(text), what, s, err)) != 0)
		return r;
	if (*s > 0)
		return 0;
	err_set(err, VAULTENV_ERR_INVALID, NULL, "%s cannot be 0", what);
	return err_hint(err, "Write \"%s\" if that is meant", none);
}

int
scope_apply(const struct vaultenv_scope *said, struct scope *scope,
    struct vaultenv_error *err)
{
	int64_t end_s = 0;
	int r;

	if ((said->role != NULL &&
		(r = role_read(said->role, &scope->role, err)) != 0) ||
	    (said->environments != NULL &&
		(r = envs_read(said->environments, &scope->envs, err)) != 0) ||
	    (said->max_cache != NULL &&
		(r = span_read(said->max_cache, "none", "The age of a cache",
		     &scope->cache_s, err)) != 0) ||
	    (said->fresh != NULL &&
		(r = span_read(said->fresh, "none", "The age of a version",
		     &scope->fresh_s, err)) != 0) ||
	    (said->expires != NULL &&
		(r = span_read(said->expires, "never", "The end of the access",
		     &end_s, err)) != 0))
		return r;
	if (said->expires != NULL)
		scope->expires_ms =
		    end_s == 0 ? 0 : clock_now_ms() + end_s * 1000;
	if (scope->role == ROLE_ADMIN &&
	    (scope->expires_ms != 0 || strcmp(scope->envs.at[0], "*") != 0))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Give it \"*\" and no end, or another role",
		    "An admin has all environments and does not expire");
	return 0;
}

struct scope
scope_of_new(void)
{
	struct scope scope = { .role = ROLE_WRITER,
		.cache_s = DEFAULT_CACHE_S };

	scope.envs.n = 1;
	strcpy(scope.envs.at[0], "*");
	return scope;
}

int
vaultenv_scope_check(
    const struct vaultenv_scope *said, struct vaultenv_error *err)
{
	struct scope scope = scope_of_new();

	return scope_apply(said, &scope, err);
}

/* ---- approve ---- */

int
device_id_check(const char *id, struct vaultenv_error *err)
{
	if (uuid_is_canonical(id, strlen(id)))
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID,
	    "Type all of it, as that machine's vault-env register-device "
	    "shows it",
	    "That is not the id of a device");
}

static int
is_revoked(struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_CONFLICT,
	    "Run on that machine: vault-env register-device --force",
	    "Device revoked, and that is final");
}

int
member_check(struct vaultenv_client *c, const char *id,
    const struct member **out, struct vaultenv_error *err)
{
	const struct member *m = members_find(&c->team->log, id);

	if (m == NULL)
		return err_set(err, VAULTENV_ERR_NOT_FOUND,
		    "Run: vault-env list-devices", "Device not found");
	if (member_now(m)->revoked)
		return is_revoked(err);
	*out = m;
	return 0;
}

struct approval {
	const char *id;
	const struct vaultenv_scope *said;
	bool is_done; /* by somebody else */
	struct registration g;
	struct blob bytes; /* that g borrows */
};

/* The registration that waits, and is genuine. */
static int
pending_find(
    struct vaultenv_client *c, struct approval *a, struct vaultenv_error *err)
{
	const struct seen_device *waits;
	struct finding why = { .seq = 0 };
	struct seen_devices seen;
	int r;

	if ((r = seen_read(c, &seen, err)) != 0)
		goto out;
	waits = seen_find(&seen, a->id);
	if (waits == NULL || strcmp(waits->status, "pending") != 0) {
		r = err_set(err, VAULTENV_ERR_NOT_FOUND,
		    "Compare it with the new machine's screen, or run there: "
		    "vault-env register-device",
		    "No device with this id waits for approval");
		goto out;
	}
	blob_reset(&a->bytes);
	if ((r = seen_judge(c, waits, &a->g, &a->bytes)) != 0) {
		memcpy(why.device, a->id, sizeof(why.device));
		r = code_error(c, r, &why, NULL, NULL, err);
	}
out:
	seen_reset(&seen);
	return r;
}

static int
approve_fill(struct vaultenv_client *c, void *arg, struct entry *e,
    struct vaultenv_error *err)
{
	struct approval *a = arg;
	int r;

	a->is_done = members_find(&c->team->log, a->id) != NULL;
	if (a->is_done)
		return err_general(err, VAULTENV_ERR_EXISTS);
	if ((r = pending_find(c, a, err)) != 0)
		return r;
	memcpy(e->device, a->g.device, sizeof(e->device));
	memcpy(e->name, a->g.name, sizeof(e->name));
	memcpy(e->sign, a->g.sign, PUBLIC_KEY_LEN);
	memcpy(e->box, a->g.box, PUBLIC_KEY_LEN);
	e->scope = scope_of_new();
	return scope_apply(a->said, &e->scope, err);
}

/* Somebody has approved it already: what was asked for is so, unless it was
 * more than that. */
static int
approved_again(const struct member *m, const struct vaultenv_scope *said,
    struct vaultenv_error *err)
{
	if (member_now(m)->revoked)
		return is_revoked(err);
	if (said->role == NULL && said->environments == NULL &&
	    said->expires == NULL && said->max_cache == NULL &&
	    said->fresh == NULL)
		return 0;
	err_set(err, VAULTENV_ERR_CONFLICT, NULL,
	    "%s is approved already, and its scope stays", m->name);
	return err_hint(
	    err, "To change it, run: vault-env scope-device --id %s", m->id);
}

int
vaultenv_device_approve_as(struct vaultenv_client *c, const char *id,
    const struct vaultenv_scope *said, struct vaultenv_device **device,
    struct vaultenv_error *err)
{
	struct approval a = { .id = id, .said = said };
	const struct act act = { .kind = ENTRY_ADMIT,
		.fill = approve_fill,
		.arg = &a,
		.has_history = !said->no_history };
	int r;

	if ((r = vaultenv_scope_check(said, err)) != 0 ||
	    (r = device_id_check(id, err)) != 0)
		return r;
	blob_init(&a.bytes, SMALL_SIZE_MAX);
	r = team_append(c, &act, err);
	if (a.is_done)
		r = approved_again(members_find(&c->team->log, id), said, err);
	blob_reset(&a.bytes);
	return r != 0 || device == NULL ? r : device_known(c, id, device, err);
}

int
v2_device_approve(
    struct vaultenv_client *c, const char *id, struct vaultenv_error *err)
{
	static const struct vaultenv_scope nothing;

	return vaultenv_device_approve_as(c, id, &nothing, NULL, err);
}

/* ---- change ---- */

struct change {
	const char *id;
	const struct vaultenv_scope *said;
};

static int
change_fill(struct vaultenv_client *c, void *arg, struct entry *e,
    struct vaultenv_error *err)
{
	const struct change *change = arg;
	const struct member *m;
	const struct grant *g;
	int r;

	if ((r = member_check(c, change->id, &m, err)) != 0)
		return r;
	g = member_now(m);
	memcpy(e->device, m->id, sizeof(e->device));
	e->scope = (struct scope){ .role = g->role,
		.expires_ms = g->expires_ms,
		.cache_s = g->cache_s,
		.fresh_s = g->fresh_s };
	e->scope.envs.n = g->n_envs;
	memcpy(e->scope.envs.at, g->envs, g->n_envs * sizeof(g->envs[0]));
	return scope_apply(change->said, &e->scope, err);
}

int
vaultenv_device_scope(struct vaultenv_client *c, const char *id,
    const struct vaultenv_scope *said, struct vaultenv_device **device,
    struct vaultenv_error *err)
{
	struct change change = { id, said };
	const struct act act = { .kind = ENTRY_CHANGE,
		.fill = change_fill,
		.arg = &change,
		.has_history = !said->no_history };
	int r;

	if ((r = device_id_check(id, err)) != 0 ||
	    (r = team_append(c, &act, err)) != 0)
		return r;
	return device == NULL ? 0 : device_known(c, id, device, err);
}
