/* SPDX-License-Identifier: MIT */
/*
 * v1.c: protocol v1 (lib/PROTOCOL) as a struct protocol.
 */
#include "config.h"

#include "v1/v1.h"

static int
derive(struct client_keys *keys)
{
	const char *secret = keys->device_secret;
	int r;

	if (*secret == '\0')
		secret = NULL;
	if ((r = derive_auth_key(keys->auth, keys->vault_key)) != 0)
		return r;
	return derive_encryption_key(keys->encryption, keys->vault_key, secret);
}

static void
forget(struct vaultenv_client *client)
{
	(void)client;
}

/* A signed call that asks for no device. */
static int
check(struct vaultenv_client *client, struct vaultenv_error *err)
{
	struct vaultenv_devices *devices = NULL;
	int r = v1_device_list(client, &devices, err);

	vaultenv_devices_free(&devices);
	return r;
}

static int
mirror(struct vaultenv_client *client, const char *mirror, struct version *v,
    struct vaultenv_error *err)
{
	(void)mirror;
	(void)v;
	return vaultenv_client_require_v2(client, err);
}

const struct protocol protocol_v1 = {
	.number = 1,
	.derive = derive,
	.forget = forget,
	.pull = v1_pull,
	.is_unusable = v1_is_unusable,
	.push = v1_push,
	.current_version = v1_current_version,
	.versions = v1_versions,
	.rollback = v1_rollback,
	.check = check,
	.device_register = v1_device_register,
	.device_list = v1_device_list,
	.device_approve = v1_device_approve,
	.device_revoke = v1_device_revoke,
	.fetch = v1_fetch,
	.mirror = mirror,
	.cached = v1_cached,
};
