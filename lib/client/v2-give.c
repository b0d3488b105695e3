/* SPDX-License-Identifier: MIT */
/*
 * v2-give.c: the data keys of older versions, wrapped for a device that was
 * just given an environment; that of the newest version came with the entry of
 * the log. Must not replace a wrap: nobody can.
 */
#include "config.h"

#include <stdlib.h>

#include "client/v2-members.h"

/* Turns this device's wraps into the other's; one that does not open is
 * nobody's to give. */
static int
wraps_turn(const struct vaultenv_client *c, const char *env,
    const struct wraps *own, const char *device, const uint8_t *box,
    struct wraps *out)
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
		r = team_wrap(
		    c, env, key_id, data_key, device, box, &out->at[out->n++]);
	}
	mem_wipe(data_key, sizeof(data_key));
	return r;
}

static int
history_of(struct vaultenv_client *c, const char *env, const char *device,
    const uint8_t *box, struct vaultenv_error *err)
{
	struct wraps own, given = { .n = 0 };
	int64_t n_added;
	int r;

	if ((r = team_wraps(c, env, false, &own, err)) != 0)
		return r;
	if (own.n > 1 &&
	    (r = wraps_turn(c, env, &own, device, box, &given)) != 0)
		err_general(err, r);
	if (r == 0)
		r = wraps_send(c, env, &given, &n_added, err);
	wraps_reset(&own);
	wraps_reset(&given);
	return r;
}

/* True if the newest scope has an environment that the one before had not. */
static bool
gives(const struct grant *before, const struct grant *now)
{
	for (size_t i = 0; i < now->n_envs; i++)
		if (!grant_reads(before, now->envs[i]))
			return true;
	return false;
}

void
history_give(struct vaultenv_client *c, const char *device, const uint8_t *box)
{
	const struct member *m = members_find(&c->team->log, device);
	const struct grant *now = m == NULL ? NULL : member_now(m);
	const struct grant *before =
	    m == NULL || m->n_grants == 1 ? NULL : now - 1;
	struct heads_v2 *heads = NULL;
	struct vaultenv_error err;
	int r = 0;

	if (m == NULL || !gives(before, now))
		return;
	if ((heads = calloc(1, sizeof(*heads))) == NULL)
		r = err_general(&err, VAULTENV_ERR_NOMEM);
	else
		r = team_heads(c, heads, &err);
	for (size_t i = 0; r == 0 && i < heads->n; i++) {
		const char *env = heads->at[i].head.env;

		if (grant_reads(now, env) && !grant_reads(before, env))
			r = history_of(c, env, device, box, &err);
	}
	if (r != 0) {
		err_hint(&err, "The device cannot read older versions until "
			       "somebody runs: vault-env share");
		notice_give_error(&c->notice, &err);
	}
	free(heads);
}
