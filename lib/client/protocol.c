/* SPDX-License-Identifier: MIT */
/*
 * protocol.c: which protocol a project speaks, and the public calls that both
 * have. The form of VAULT_KEY decides, for ever: no answer of a server, no file
 * and no option does, so nobody can talk a client down to v1.
 */
#include "config.h"

#include "client/client.h"
#include "vault/identity.h"

const struct protocol *
protocol_of(const char *vault_key)
{
	return vault_key_is_v2(vault_key) ? &protocol_v2 : &protocol_v1;
}

int
vaultenv_client_protocol(const struct vaultenv_client *client)
{
	return client->project_id[0] == '\0' ? 0 : client->protocol->number;
}

int
vaultenv_client_require_v2(
    const struct vaultenv_client *client, struct vaultenv_error *err)
{
	if (client->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY, "Open it with a key",
		    "This call needs a VAULT_KEY, and the client was opened "
		    "without one");
	if (client->protocol == &protocol_v2)
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID, "Run: vault-env upgrade",
	    "Project %s is of protocol v1, which cannot do this",
	    client->project_id);
}

int
vaultenv_secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version,
    struct vaultenv_error *err)
{
	struct version v;
	int r;

	version_init(&v);
	r = client->protocol->pull(client, version, false, &v, err);
	if ((r == 0 || r == VAULTENV_ERR_DECRYPT) && out_version != NULL)
		*out_version = v.number;
	if (r == 0) {
		*out = v.list;
		v.list = NULL;
	}
	version_reset(&v);
	return r;
}

int
vaultenv_secrets_push(struct vaultenv_client *client,
    const struct vaultenv_list *list, int64_t base_version,
    const struct vaultenv_change *changes, size_t n_changes,
    int64_t *out_version, struct vaultenv_error *err)
{
	const struct next_version next = { .list = list,
		.base_version = base_version,
		.changes = changes,
		.n_changes = n_changes };

	return client->protocol->push(client, &next, out_version, err);
}

int
vaultenv_secrets_current_version(struct vaultenv_client *client,
    int64_t *out_version, char **updated_at, struct vaultenv_error *err)
{
	return client->protocol->current_version(
	    client, out_version, updated_at, err);
}

int
vaultenv_secrets_versions(struct vaultenv_client *client,
    struct vaultenv_versions **out, struct vaultenv_error *err)
{
	return client->protocol->versions(client, out, err);
}

int
vaultenv_secrets_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err)
{
	int r;

	if ((r = version_is_real(version, err)) != 0)
		return r;
	return client->protocol->rollback(client, version, out_version, err);
}

int
vaultenv_client_check(
    struct vaultenv_client *client, struct vaultenv_error *err)
{
	return client->protocol->check(client, err);
}

int
vaultenv_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	return client->protocol->device_register(client, name, device, err);
}

int
vaultenv_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err)
{
	return client->protocol->device_list(client, out, err);
}

int
vaultenv_device_approve(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return client->protocol->device_approve(client, id, err);
}

int
vaultenv_device_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return client->protocol->device_revoke(client, id, err);
}
