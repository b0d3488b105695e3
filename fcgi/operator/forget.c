/* SPDX-License-Identifier: MIT */
/*
 * forget.c: another server key after the old one was lost. What lay sealed
 * under the old one cannot be sealed anew: request keys are removed, for their
 * devices send them again; auth keys of protocol v1 stay, useless unless the
 * old file turns up after all.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/settings.h"
#include "key/serverkey.h"
#include "operator/operator.h"
#include "operator/session.h"

/* The key in force becomes `key`. *lost: it was another; *auth_keys: how many
 * lie under that one. */
static int
replace_key(
    struct session *s, const struct serverkey *key, bool *lost, int *auth_keys)
{
	struct db_params p = { .n = 0 };
	struct db_result in_force = { .pg = NULL }, r = { .pg = NULL };
	const uint8_t *id;
	size_t len;
	int result = -1;

	*lost = false;
	*auth_keys = 0;
	if (session_exec(s, SERVER_KEY_LOCK, NULL, &in_force) != 0)
		return -1;
	id = db_get_bytes(&in_force, 0, "key_id", &len);
	if (id == NULL || memcmp(id, key->id, SERVERKEY_ID_LEN) == 0) {
		result = 0;
		goto out;
	}
	db_bytes(&p, id, len);
	db_bytes(&p, key->id, SERVERKEY_ID_LEN);
	if (session_exec(s, SERVER_KEY_REPLACE, &p, &r) != 0)
		goto out;
	db_result_free(&r);
	if (session_exec(s, AUTH_KEY_LIST, NULL, &r) != 0)
		goto out;
	*lost = true;
	*auth_keys = db_rows(&r);
	result = 0;
out:
	db_result_free(&r);
	db_result_free(&in_force);
	return result;
}

static void
report(int64_t forgotten, bool lost, int auth_keys, char said[WHY_MAX])
{
	int n = snprintf(said, WHY_MAX,
	    "%" PRId64 " request keys are forgotten. Devices of protocol v2 "
	    "register theirs again by themselves, and nobody has to be "
	    "approved anew.",
	    forgotten);

	if (lost)
		n += snprintf(said + n, WHY_MAX - (size_t)n,
		    " The key of server_key_file is in force from now on. "
		    "Restart every vault.fcgi.");
	if (auth_keys > 0)
		snprintf(said + n, WHY_MAX - (size_t)n,
		    " %d projects of protocol v1 lie under the lost key and "
		    "have to be made anew; if its file turns up, put it back "
		    "and run vault.fcgi --forget-keys again.",
		    auth_keys);
}

int
forget_keys(const struct settings *settings, char said[WHY_MAX])
{
	struct serverkey *key = serverkey_load(settings->server_key_file, said);
	struct session s = { .said = said };
	struct db_result r = { .pg = NULL };
	int auth_keys, result = -1;
	bool lost;

	if (key == NULL)
		return -1;
	if (session_open(&s, settings) != 0 ||
	    session_begin(&s, "begin") != 0 ||
	    replace_key(&s, key, &lost, &auth_keys) != 0 ||
	    session_exec(&s, MEMBER_KEYS_FORGET, NULL, &r) != 0 ||
	    session_commit(&s) != 0)
		goto out;
	report(db_get_int(&r, 0, "forgotten"), lost, auth_keys, said);
	result = 0;
out:
	db_result_free(&r);
	session_close(&s);
	serverkey_free(&key);
	return result;
}
