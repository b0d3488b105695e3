/* SPDX-License-Identifier: MIT */
/*
 * v2-give.c: the data keys of older versions, wrapped for a device that was
 * just given an environment; that of the newest version came with the entry of
 * the log. Must not replace a wrap: nobody can.
 */
#include "config.h"

#include <stdlib.h>

#include "client/v2-members.h"

#define WRAPS_A_REQUEST 5000

static int
wraps_add(struct vaultenv_client *c, const char *env, const struct wrap *wraps,
    size_t n, struct vaultenv_error *err)
{
	char hex[2 * HASH_LEN + 1];
	struct call call;
	int r;

	v2_call_begin_environment(&call, c, "keys/add", env);
	json_put_name(&call.body, "wraps");
	json_begin(&call.body, '[');
	for (size_t i = 0; i < n; i++) {
		hex_encode(hex, wraps[i].key_id, HASH_LEN);
		json_begin(&call.body, '{');
		json_put_text(&call.body, "key_id", hex);
		json_put_text(&call.body, "device_id", wraps[i].device);
		json_put_base64(&call.body, "wrap", wraps[i].bytes, WRAP_LEN);
		json_end(&call.body, '}');
	}
	json_end(&call.body, ']');
	v2_put_log_have(&call);
	r = v2_call_perform(&call, v2_nothing, NULL, err);
	call_end(&call);
	return r;
}

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
	size_t n;
	int r;

	if ((r = team_wraps(c, env, false, &own, err)) != 0)
		return r;
	if (own.n > 1 &&
	    (r = wraps_turn(c, env, &own, device, box, &given)) != 0)
		err_general(err, r);
	for (size_t i = 0; r == 0 && i < given.n; i += n) {
		n = given.n - i < WRAPS_A_REQUEST ? given.n - i
						  : WRAPS_A_REQUEST;
		r = wraps_add(c, env, given.at + i, n, err);
	}
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
