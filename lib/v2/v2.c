/* SPDX-License-Identifier: MIT */
/*
 * v2.c: protocol v2 (lib/PROTOCOL-v2) as a struct protocol.
 */
#include "config.h"

#include "v2/v2.h"

/* What v1 needs of the keys is never made of a v2 key. */
static int
derive(struct client_keys *keys)
{
	(void)keys;
	return 0;
}

static void
forget(struct vaultenv_client *client)
{
	team_free(&client->team);
}

static int
check(struct vaultenv_client *client, struct vaultenv_error *err)
{
	struct standing standing;
	int r;

	if ((r = team_begin(client, err)) != 0 ||
	    (r = team_sync(client, err)) != 0)
		return r;
	return team_standing(client, NULL, &standing, err);
}

const struct protocol protocol_v2 = {
	.number = 2,
	.derive = derive,
	.forget = forget,
	.pull = v2_pull,
	.is_unusable = v2_is_unusable,
	.push = v2_push,
	.current_version = v2_current_version,
	.versions = v2_versions,
	.rollback = v2_rollback,
	.check = check,
	.device_register = v2_device_register,
	.device_list = v2_device_list,
	.device_approve = v2_device_approve,
	.device_revoke = v2_device_revoke,
	.fetch = v2_fetch,
	.mirror = v2_mirror,
	.cached = v2_cached,
};
