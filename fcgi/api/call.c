/* SPDX-License-Identifier: MIT */
/*
 * call.c: what several handlers do alike.
 */
#include "config.h"

#include <string.h>

#include "api/auth.h"
#include "api/call.h"
#include "key/keycache.h"

void
call_begin_params(const struct call *c, struct db_params *p)
{
	p->n = 0;
	db_text(p, c->in.text[FIELD_PROJECT_ID]);
	db_bytes(p, c->sealed, SEALED_LEN);
	db_bytes(p, c->digest, MAC_LEN);
}

void
call_device_param(const struct call *c, struct db_params *p)
{
	if ((c->in.given & FIELD_BIT(FIELD_DEVICE_HASH)) != 0)
		db_bytes(p, c->in.device_hash, HASH_LEN);
	else
		db_text(p, NULL);
}

/* A refusal with the member that the function gave it, if it did. */
static void
refuse(struct call *c, const struct db_result *r)
{
	const char *member = refusals[r->refusal].member;

	if (member != NULL && !db_is_null(r, 0, member))
		reply_refuse_int(
		    c->reply, r->refusal, db_get_int(r, 0, member));
	else
		reply_refuse(c->reply, r->refusal);
}

/* Where the function says which device it was, the log says it too. */
static void
note_device(struct call *c, const struct db_result *r)
{
	char id[37];

	if (db_get_uuid(r, 0, "device_id", id))
		memcpy(c->device, id, sizeof(id));
}

int
call_exec(struct call *c, enum stmt stmt, const struct db_params *p,
    struct db_result *r)
{
	int refused = db_exec(c->server->db, stmt, p, r);

	/* The key that we had in memory is not the project's any more. */
	if (r->refusal == REFUSAL_AUTH_KEY_REPLACED) {
		db_result_free(r);
		if (auth_renew(c) != 0)
			return -1;
		refused = db_exec(c->server->db, stmt, p, r);
	}
	if (r->refusal == REFUSAL_PROJECT_NOT_FOUND)
		keycache_drop(c->server->keys, c->in.text[FIELD_PROJECT_ID]);
	note_device(c, r);
	if (refused == 0)
		return 0;
	refuse(c, r);
	return -1;
}
