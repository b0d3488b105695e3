/* SPDX-License-Identifier: MIT */
/*
 * projects.c: projects: made on the server, then given the auth key of a vault
 * key. Both calls are unsigned, since the server has no key to check them with
 * yet.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v1/v1.h"

int
vaultenv_project_create(struct vaultenv_client *client, const char *name,
    const char *token, char project_id[VAULTENV_PROJECT_ID_LEN + 1],
    struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("project_id", take_uuid, 0),
		WANT_END };
	char header[TOKEN_LINE], *id = NULL;
	struct call call;
	int r;

	if ((r = token_header(header, token, err)) != 0)
		return r;
	call_begin(&call, client, "project/create");
	call.body_is_bad = "The name of the project is not UTF-8 text";
	json_put_text(&call.body, "project_name", name);
	if (token != NULL)
		call.header = header;
	if ((r = v1_call_perform(&call, want, &id, err)) == 0)
		memcpy(project_id, id, VAULTENV_PROJECT_ID_LEN + 1);
	free(id);
	call_end(&call);
	mem_wipe(header, sizeof(header));
	return r;
}

int
vaultenv_project_set_key(
    struct vaultenv_client *client, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("ok", take_true, 0),
		WANT_END };
	char hex[2 * KEY_LEN + 1];
	struct call call;
	int r;

	if (client->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY, "Set one first",
		    "The client has no VAULT_KEY whose auth key the server "
		    "could be given");
	hex_encode(hex, client->keys->auth, KEY_LEN);
	call_begin(&call, client, "project/set-key");
	json_put_text(&call.body, "project_id", client->project_id);
	json_put_text(&call.body, "auth_key_hash", hex);
	r = v1_call_perform(&call, want, NULL, err);
	call_end(&call);
	mem_wipe(hex, sizeof(hex));
	return r;
}
