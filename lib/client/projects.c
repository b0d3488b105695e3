/* SPDX-License-Identifier: MIT */
/*
 * Projects: made on the server, then given the auth key of a vault key. Both
 * calls are unsigned, since the server has no key to check them with yet.
 */
#include "config.h"

#include <string.h>

#include "client/client.h"

#define TOKEN_MAX 512

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
	struct blob body, header;
	struct answer reply;
	const char *id;
	int r;

	blob_init(&body, REQUEST_MAX);
	blob_init(&header, 2 * TOKEN_MAX);
	answer_init(&reply);
	if (token != NULL && !token_is_valid(token)) {
		r = err_set(err, VAULTENV_ERR_INVALID,
		    "The token is not one "
		    "line of printable characters without blanks, of %d at "
		    "most. Copy it again from the server's operator",
		    TOKEN_MAX);
		goto out;
	}
	if (token != NULL && (r = blob_printf(&header,
				  "X-Vault-Create-Token: %s", token)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = blob_append_str(&body, "{\"project_name\":")) != 0 ||
	    (r = json_append_string(&body, name, strlen(name))) != 0) {
		if (r == VAULTENV_ERR_INVALID)
			err_set(err, r,
			    "The name of the project is not UTF-8 "
			    "text. Use another name");
		else
			err_general(err, r);
		goto out;
	}
	if ((r = client_call_unsigned(client, "project/create", &body,
		 (const char *)header.data, &reply, err)) != 0)
		goto out;
	id = json_find_text(&reply.json, "project_id");
	if (id == NULL || !uuid_is_canonical(id, strlen(id))) {
		r = answer_error(client, &reply, "project_id", err);
		goto out;
	}
	memcpy(project_id, id, VAULTENV_PROJECT_ID_LEN + 1);
out:
	answer_reset(&reply);
	blob_reset(&header);
	blob_reset(&body);
	return r;
}

int
vaultenv_project_set_key(
    struct vaultenv_client *client, struct vaultenv_error *err)
{
	char hex[2 * KEY_LEN + 1];
	const struct json_value *ok;
	struct answer reply;
	struct blob body;
	int r;

	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if (client->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY,
		    "The client has no "
		    "VAULT_KEY whose auth key the server could be given. Set "
		    "one first");
	hex_encode(hex, client->keys->auth, KEY_LEN);
	if ((r = body_begin(&body, client)) != 0 ||
	    (r = body_add_text(&body, "auth_key_hash", hex)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = client_call_unsigned(
		 client, "project/set-key", &body, NULL, &reply, err)) != 0)
		goto out;
	ok = json_object_find(&reply.json, "ok");
	if (ok == NULL || ok->type != JSON_TRUE)
		r = answer_error(client, &reply, "ok", err);
out:
	mem_wipe(hex, sizeof(hex));
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}
