/* SPDX-License-Identifier: MIT */
/*
 * give.c: the data keys of older versions, wrapped for a device that was just
 * given an environment; that of the newest version came with the entry of the
 * log. Must not replace a wrap: nobody can.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/devices.h"

/* Turns this device's wraps into the other's; one that does not open is
 * nobody's to give. */
static int
wraps_turn(const struct vaultenv_client *c, const char *env,
    const struct wraps *own, const struct member *m, struct wraps *out)
{
	uint8_t data_key[KEY_LEN];
	int r = 0;

	out->n = 0;
	out->at = calloc(own->n, sizeof(*out->at));
	if (out->at == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; r == 0 && i < own->n; i++) {
		const uint8_t *key_id = own->at[i].key_id;

		if (team_data_key(c, env, own, key_id, data_key) != 0)
			continue;
		r = team_wrap(c, env, key_id, data_key, m->id, m->box,
		    &out->at[out->n++]);
	}
	mem_wipe(data_key, sizeof(data_key));
	return r;
}

static int
give(struct vaultenv_client *c, const struct given *g, const char *device,
    struct vaultenv_error *err)
{
	const struct member *m = members_find(&c->team->log, device);
	struct wraps older = { .n = 0 };
	int64_t n_added;
	int r;

	if (m == NULL || g->own.n <= 1)
		return 0;
	if ((r = wraps_turn(c, g->env, &g->own, m, &older)) != 0)
		err_general(err, r);
	else
		r = wraps_send(c, g->env, &older, &n_added, err);
	wraps_reset(&older);
	return r;
}

static void
failure_tell(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	err_hint(err, "The device cannot read older versions until "
		      "somebody runs: vault-env share");
	notice_give_error(&c->notice, err);
}

void
history_give(struct vaultenv_client *c, const char *device,
    const struct given *given, size_t n)
{
	struct vaultenv_error err;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = give(c, &given[i], device, &err);
	if (r != 0)
		failure_tell(c, &err);
}

static bool
reads(const struct vaultenv_client *c, const char *device, const char *env)
{
	const struct member *m = members_find(&c->team->log, device);

	return m != NULL && grant_reads(member_now(m), env);
}

static int
give_anew(struct vaultenv_client *c, const char *device, const char *env,
    struct vaultenv_error *err)
{
	struct given g = { .own.n = 0 };
	int r;

	memcpy(g.env, env, strlen(env) + 1);
	if ((r = team_wraps(c, env, false, &g.own, err)) == 0)
		r = give(c, &g, device, err);
	wraps_reset(&g.own);
	return r;
}

void
history_resume(struct vaultenv_client *c, const char *device)
{
	const struct vaultenv_pair *name;
	struct vaultenv_list *names = NULL;
	struct vaultenv_error err;
	int r;

	r = team_environments(c, &names, &err);
	for (size_t i = 0;
	     r == 0 && (name = vaultenv_list_at(names, i)) != NULL; i++)
		if (reads(c, device, name->name))
			r = give_anew(c, device, name->name, &err);
	if (r != 0)
		failure_tell(c, &err);
	vaultenv_list_free(&names);
}
