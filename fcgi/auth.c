/* SPDX-License-Identifier: MIT */
/*
 * auth.c: project -> auth key -> signature -> path. The device is checked in
 * the SQL function, in the transaction that it guards. All refusals of a
 * signature look alike outside; the log's guard tells them apart.
 */
#include "config.h"

#include <string.h>

#include "auth.h"
#include "call.h"
#include "clock.h"
#include "log.h"
#include "replay.h"
#include "routes.h"
#include "serverkey.h"

static int
refuse(struct call *c, const char *guard)
{
	reply_error(c->reply, 401, "unauthorized", "Unauthorized", guard);
	return -1;
}

bool
auth_time_is_fresh(int64_t time_ms, int64_t now_ms)
{
	return time_ms <= now_ms + SIGNATURE_MAX_AHEAD_MS &&
	       time_ms >= now_ms - SIGNATURE_MAX_AGE_MS;
}

/*
 * The only way to a project's key; a cache of keys would sit here. 0: auth_key
 * is set, the caller wipes it.
 */
static int
find_key(struct call *c, uint8_t auth_key[KEY_LEN])
{
	const char *project = c->in.text[FIELD_PROJECT_ID];
	struct db_params p = { .n = 0 };
	struct db_result r;
	const uint8_t *sealed;
	size_t len;
	int result = -1;

	db_text(&p, project);
	if (call_exec(c, PROJECT_AUTH, &p, &r) != 0)
		goto out;
	if (db_rows(&r) == 0) {
		reply_refused(c->reply, sqlstate_find("VE040"));
		goto out;
	}
	sealed = db_get_bytes(&r, 0, 0, &len);
	if (sealed == NULL) {
		refuse(c, "no_auth_key");
		goto out;
	}
	if (serverkey_open(c->server->key, auth_key, sealed, len, project) !=
	    0) {
		log_error("the auth key of project %s does not open under "
			  "this server key: restart vault.fcgi if the key was "
			  "changed",
		    project);
		reply_refused(c->reply, sqlstate_find("VE053"));
		goto out;
	}
	result = 0;
out:
	db_result_free(&r);
	return result;
}

static int
verify(struct call *c, const uint8_t auth_key[KEY_LEN])
{
	const char *header = c->req.signature;
	uint8_t digest[MAC_LEN];
	int64_t time_ms;

	if (header == NULL)
		return refuse(c, "signature_missing");
	if (signature_parse(header, strlen(header), &time_ms, digest) != 0)
		return refuse(c, "signature_form");
	if (!auth_time_is_fresh(time_ms, clock_unix_ms()))
		return refuse(c, "signature_time");
	if (!signature_verify(
		auth_key, c->req.body.data, c->req.body.len, time_ms, digest))
		return refuse(c, "signature");
	memcpy(c->digest, digest, MAC_LEN);
	return 0;
}

int
auth_check(struct call *c)
{
	uint8_t auth_key[KEY_LEN];
	int r;

	if ((r = find_key(c, auth_key)) == 0)
		r = verify(c, auth_key);
	mem_wipe(auth_key, sizeof(auth_key));
	if (r != 0)
		return r;
	if (!replay_bind(c->server->replay, c->digest, route_number(c->route),
		clock_mono_ms())) {
		reply_refused(c->reply, sqlstate_find("VE091"));
		return -1;
	}
	return 0;
}
