/* SPDX-License-Identifier: MIT */
/*
 * projects.c: projects: made on the server, then given the auth key of a vault
 * key. Both calls are unsigned, since the server has no key to check them with
 * yet.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define TOKEN_MAX  512
#define TOKEN_NAME "X-Vault-Create-Token: "

/* It becomes part of a header, so no line break may be in it. */
static bool
token_is_valid(const char *token)
{
	size_t len = strlen(token);

	return len > 0 && len <= TOKEN_MAX &&
	       strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
			     "xyz0123456789"
			     "!#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\") == len;
}

int
vaultenv_project_create(struct vaultenv_client *client, const char *name,
    const char *token, char project_id[VAULTENV_PROJECT_ID_LEN + 1],
    struct vaultenv_error *err)
{
	static const struct member want[] = {
		MEMBER("project_id", take_uuid, 0), MEMBERS_END
	};
	char header[sizeof(TOKEN_NAME) + TOKEN_MAX], *id = NULL;
	struct call call;
	int r;

	if (token != NULL && !token_is_valid(token))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it again from the server's operator",
		    "The token is not one line of printable characters without "
		    "blanks, of %d at most",
		    TOKEN_MAX);
	call_begin(&call, client, "project/create");
	call.body_is_bad = "The name of the project is not UTF-8 text";
	json_put_text(&call.body, "project_name", name);
	snprintf(header, sizeof(header), TOKEN_NAME "%s",
	    token != NULL ? token : "");
	if (token != NULL)
		call.header = header;
	if ((r = call_perform(&call, want, &id, err)) == 0)
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
	static const struct member want[] = { MEMBER("ok", take_true, 0),
		MEMBERS_END };
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
	r = call_perform(&call, want, NULL, err);
	call_end(&call);
	mem_wipe(hex, sizeof(hex));
	return r;
}
