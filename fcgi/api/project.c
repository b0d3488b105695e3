/* SPDX-License-Identifier: MIT */
/*
 * project.c: projects and their auth keys: the two calls that no signature
 * protects, and the one by which a project goes on in another.
 */
#include "config.h"

#include <string.h>

#include "api/call.h"
#include "api/handlers.h"
#include "common/settings.h"
#include "key/serverkey.h"

/* Hashes are compared, so that the token's length does not show either. */
static bool
token_is_good(const struct call *c)
{
	const char *token = c->req.create_token;
	uint8_t hash[HASH_LEN];

	return token != NULL && sha256(hash, token, strlen(token)) == 0 &&
	       mem_equal(hash, c->server->create_token_hash, HASH_LEN);
}

int
project_may_be_created(struct call *c)
{
	switch ((enum creation)c->server->settings->project_creation) {
	case CREATION_OPEN:
		return 0;
	case CREATION_TOKEN:
		if (token_is_good(c))
			return 0;
		reply_refuse(c->reply, REFUSAL_CREATION_TOKEN);
		return -1;
	case CREATION_CLOSED:
		break;
	}
	reply_refuse(c->reply, REFUSAL_CREATION_CLOSED);
	return -1;
}

void
project_create(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	char id[ID_LEN + 1];

	if (project_may_be_created(c) != 0)
		return;
	db_text(&p, c->in.text[FIELD_PROJECT_NAME]);
	db_text(&p, c->req.remote);
	db_int(&p, c->server->settings->project_daily_limit);
	if (call_exec(c, PROJECT_CREATE, &p, &r) != 0)
		goto out;
	if (!db_get_uuid(&r, 0, "project_id", id)) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		goto out;
	}
	json_begin(body, '{');
	json_put_text(body, "project_id", id);
	json_put_name(body, "environments");
	json_put_raw(body, "[\"development\",\"staging\",\"production\"]");
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
project_set_key(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	const char *project = c->in.text[FIELD_PROJECT_ID];
	const char *hex = c->in.text[FIELD_AUTH_KEY_HASH];
	const struct key_owner owner = { .project = project };
	uint8_t auth_key[KEY_LEN], sealed[SEALED_LEN];
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };

	if (hex_decode(auth_key, KEY_LEN, hex, strlen(hex)) != 0 ||
	    serverkey_seal(c->server->key, sealed, auth_key, &owner) != 0) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		goto out;
	}
	db_text(&p, project);
	db_bytes(&p, sealed, SEALED_LEN);
	db_bytes(&p, c->server->key->id, SERVERKEY_ID_LEN);
	db_text(&p, c->req.remote);
	if (call_exec(c, PROJECT_SET_KEY, &p, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "ok");
	json_put_raw(body, "true");
	json_end(body, '}');
out:
	mem_wipe(auth_key, sizeof(auth_key));
	db_result_free(&r);
}

void
project_freeze(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_result r = { .pg = NULL };
	struct db_params p;
	char id[ID_LEN + 1];

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_MOVED_TO]);
	db_text(&p, c->in.number[FIELD_FROZEN] != 0 ? "true" : "false");
	if (call_exec(c, PROJECT_FREEZE, &p, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_text(
	    body, "moved_to", db_get_uuid(&r, 0, "moved_to", id) ? id : NULL);
	json_put_name(body, "frozen");
	json_put_raw(body, db_get_bool(&r, 0, "frozen") ? "true" : "false");
	json_end(body, '}');
out:
	db_result_free(&r);
}
