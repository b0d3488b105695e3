/* SPDX-License-Identifier: MIT */
/*
 * mac.c: header -> project -> request key -> MAC -> time. The device is checked
 * in the SQL function, in the transaction that it guards.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/mac.h"
#include "api/routes.h"
#include "common/clock.h"
#include "common/log.h"

static void
name_key(const struct call *c, char name[KEYCACHE_NAME_MAX + 1])
{
	char hex[2 * REQUEST_ID_LEN + 1];

	hex_encode(hex, c->auth.id, REQUEST_ID_LEN);
	snprintf(name, KEYCACHE_NAME_MAX + 1, "%s %s",
	    c->in.text[FIELD_PROJECT_ID], hex);
}

/* The key as it is in the database. */
static enum refusal
read_key(struct call *c, struct auth_key *key)
{
	struct key_owner owner = { .project = c->in.text[FIELD_PROJECT_ID],
		.device = key->device,
		.request_id = c->auth.id };
	enum refusal refusal = REFUSAL_SERVER_KEY_REPLACED;
	struct db_params p = { .n = 0 };
	const uint8_t *sealed, *public_key;
	size_t sealed_len, public_len;
	struct db_result r;

	db_text(&p, owner.project);
	db_bytes(&p, c->auth.id, REQUEST_ID_LEN);
	if (db_exec(c->server->db, MEMBER_KEY, &p, &r) != 0) {
		refusal = r.refusal;
		goto out;
	}
	sealed = db_get_bytes(&r, 0, "sealed", &sealed_len);
	public_key = db_get_bytes(&r, 0, "sign_public", &public_len);
	if (!db_get_uuid(&r, 0, "device_id", key->device) ||
	    public_len != PUBLIC_KEY_LEN ||
	    serverkey_open(
		c->server->key, key->key, sealed, sealed_len, &owner) != 0) {
		log_error("a request key of project %s does not open under "
			  "this server key: restart vault.fcgi if the key was "
			  "changed",
		    owner.project);
		goto out;
	}
	memcpy(key->sign_public, public_key, PUBLIC_KEY_LEN);
	refusal = REFUSAL_NONE;
out:
	db_result_free(&r);
	return refusal;
}

static enum refusal
find_key(struct call *c, struct auth_key *key)
{
	char name[KEYCACHE_NAME_MAX + 1];
	enum refusal refusal;
	int64_t read_ms;

	name_key(c, name);
	if (keycache_get(c->server->keys, name, key, &read_ms))
		return REFUSAL_NONE;
	if ((refusal = read_key(c, key)) == REFUSAL_NONE)
		keycache_put(c->server->keys, name, key, clock_mono_ms());
	return refusal;
}

/* The key that the body brings; who it is of is not known yet. */
static enum refusal
given_key(struct call *c, struct auth_key *key)
{
	const char *hex = c->in.text[FIELD_REQUEST_KEY];
	uint8_t id[REQUEST_ID_LEN];

	if (hex_decode(key->key, KEY_LEN, hex, strlen(hex)) != 0 ||
	    request_id(id, key->key) != 0)
		return REFUSAL_INTERNAL;
	return mem_equal(id, c->auth.id, REQUEST_ID_LEN) ? REFUSAL_NONE
							 : REFUSAL_REQUEST_MAC;
}

static int
refuse(struct call *c, enum refusal refusal)
{
	if (refusal == REFUSAL_REQUEST_TIME)
		reply_refuse_int(c->reply, refusal, clock_unix_ms());
	else
		reply_refuse(c->reply, refusal);
	return -1;
}

static int
check(
    struct call *c, enum refusal (*find)(struct call *c, struct auth_key *key))
{
	const struct request_text text = { .method = c->req.method,
		.path = c->route->path,
		.body = c->req.body.data,
		.len = c->req.body.len };
	enum refusal refusal;

	if (c->req.auth == NULL || request_header_read(&c->auth, c->req.auth,
				       strlen(c->req.auth)) != 0)
		return refuse(c, REFUSAL_REQUEST_FORM);
	if ((c->key = calloc(1, sizeof(*c->key))) == NULL)
		return refuse(c, REFUSAL_MEMORY);
	if ((refusal = find(c, c->key)) != REFUSAL_NONE) {
		mac_reset(c);
		return refuse(c, refusal);
	}
	memcpy(c->digest, c->auth.mac, MAC_LEN);
	switch (request_verify(&c->auth, c->key->key, &text, clock_unix_ms())) {
	case 0:
		return 0;
	case CODE_REQUEST_MAC:
		return refuse(c, REFUSAL_REQUEST_MAC);
	case CODE_REQUEST_TIME:
		return refuse(c, REFUSAL_REQUEST_TIME);
	default:
		return refuse(c, REFUSAL_INTERNAL);
	}
}

int
mac_check(struct call *c)
{
	return check(c, find_key);
}

int
mac_check_new(struct call *c)
{
	return check(c, given_key);
}

/* That there is no such project is never authenticated, though its key may be
 * in memory still: what machines have in their caches serves on. */
void
mac_reply(struct call *c)
{
	const struct blob *body = &c->reply->body.text;

	if (c->key != NULL && c->reply->refusal != REFUSAL_PROJECT_NOT_FOUND &&
	    reply_header_write(c->reply->auth, c->key->key, c->auth.mac,
		c->reply->status, body->data, body->len) != 0)
		c->reply->auth[0] = '\0';
}

void
mac_forget(struct call *c)
{
	char name[KEYCACHE_NAME_MAX + 1];

	name_key(c, name);
	keycache_drop(c->server->keys, name);
}

void
mac_reset(struct call *c)
{
	if (c->key != NULL)
		mem_wipe_free(c->key, sizeof(*c->key));
	c->key = NULL;
}
