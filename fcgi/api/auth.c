/* SPDX-License-Identifier: MIT */
/*
 * auth.c: project -> auth key -> signature. The device is checked in
 * the SQL function, in the transaction that it guards. All refusals of a
 * signature look alike outside; the log's guard tells them apart.
 */
#include "config.h"

#include <string.h>

#include "api/auth.h"
#include "api/call.h"
#include "common/clock.h"
#include "common/log.h"
#include "key/keycache.h"
#include "key/serverkey.h"
#include "wire/wire.h"

/* How long a key from memory is taken for the present one. */
#define KEY_TRUSTED_MS 1000

bool
auth_time_is_fresh(int64_t time_ms, int64_t now_ms)
{
	return time_ms <= now_ms + SIGNATURE_MAX_AHEAD_MS &&
	       time_ms >= now_ms - SIGNATURE_MAX_AGE_MS;
}

/* The project's key as it is in the database. */
static enum refusal
read_key(struct call *c, struct auth_key *key)
{
	const char *project = c->in.text[FIELD_PROJECT_ID];
	const struct key_owner owner = { .project = project };
	enum refusal refusal = REFUSAL_SERVER_KEY_REPLACED;
	struct db_params p = { .n = 0 };
	struct db_result r;
	const uint8_t *sealed;
	size_t len;

	db_text(&p, project);
	if (db_exec(c->server->db, PROJECT_AUTH, &p, &r) != 0) {
		refusal = r.refusal;
		goto out;
	}
	/* It may be gone, or of another server key by now. */
	keycache_drop(c->server->keys, project);
	sealed = db_get_bytes(&r, 0, "auth_key", &len);
	if (sealed == NULL) {
		refusal = db_rows(&r) == 0 ? REFUSAL_PROJECT_NOT_FOUND
					   : REFUSAL_NO_AUTH_KEY;
		goto out;
	}
	if (serverkey_open(c->server->key, key->key, sealed, len, &owner) !=
	    0) {
		log_error("the auth key of project %s does not open under "
			  "this server key: restart vault.fcgi if the key was "
			  "changed",
		    project);
		goto out;
	}
	memcpy(key->sealed, sealed, SEALED_LEN);
	keycache_put(c->server->keys, project, key, clock_mono_ms());
	refusal = REFUSAL_NONE;
out:
	db_result_free(&r);
	return refusal;
}

/* Is the signature of this key? */
static enum refusal
verify(struct call *c, const struct auth_key *key)
{
	const char *header = c->req.signature;
	uint8_t digest[MAC_LEN];
	int64_t time_ms;

	if (header == NULL)
		return REFUSAL_SIGNATURE_MISSING;
	if (signature_parse(header, strlen(header), &time_ms, digest) != 0)
		return REFUSAL_SIGNATURE_FORM;
	if (!auth_time_is_fresh(time_ms, clock_unix_ms()))
		return REFUSAL_SIGNATURE_TIME;
	if (!signature_verify(
		key->key, c->req.body.data, c->req.body.len, time_ms, digest))
		return REFUSAL_SIGNATURE;
	memcpy(c->digest, digest, MAC_LEN);
	memcpy(c->sealed, key->sealed, SEALED_LEN);
	return REFUSAL_NONE;
}

/* By the key as it is in the database now. */
static enum refusal
verify_anew(struct call *c, struct auth_key *key)
{
	const enum refusal refusal = read_key(c, key);

	return refusal == REFUSAL_NONE ? verify(c, key) : refusal;
}

/*
 * By a key from memory if there is one. A signature that does not fit it may
 * fit the one that has replaced it: the database is asked, at most once a
 * second and project.
 */
static enum refusal
verify_by_any(struct call *c, struct auth_key *key)
{
	enum refusal refusal;
	int64_t read_ms;

	if (!keycache_get(
		c->server->keys, c->in.text[FIELD_PROJECT_ID], key, &read_ms))
		return verify_anew(c, key);
	refusal = verify(c, key);
	if (refusal != REFUSAL_NONE &&
	    clock_mono_ms() - read_ms >= KEY_TRUSTED_MS)
		refusal = verify_anew(c, key);
	return refusal;
}

static int
settle(struct call *c, enum refusal refusal)
{
	if (refusal == REFUSAL_NONE)
		return 0;
	reply_refuse(c->reply, refusal);
	return -1;
}

int
auth_check(struct call *c)
{
	struct auth_key key;
	const enum refusal refusal = verify_by_any(c, &key);

	mem_wipe(&key, sizeof(key));
	return settle(c, refusal);
}

int
auth_renew(struct call *c)
{
	struct auth_key key;
	const enum refusal refusal = verify_anew(c, &key);

	mem_wipe(&key, sizeof(key));
	return settle(c, refusal);
}
