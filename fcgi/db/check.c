/* SPDX-License-Identifier: MIT */
/*
 * check.c: holds a connected database against this program: the schema's
 * version and the server key's fingerprint. Writes nothing but the fingerprint
 * of the first key, on a database that has none.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "db/check.h"
#include "db/exec.h"
#include "db/result.h"

#define INSTALL "psql -X -v ON_ERROR_STOP=1 -d %s -f " SQLDIR "/install.sql"

static int
check_schema(struct dbconn *c, int64_t deadline_ms, char why[WHY_MAX])
{
	struct db_result r = { .pg = NULL };
	const char *state;
	int64_t version;
	int result = -1;

	if (dbconn_exec(c, SCHEMA_VERSION, false, NULL, deadline_ms, &r.pg) !=
	    0) {
		snprintf(why, WHY_MAX, "no answer in time");
		return 1;
	}
	if (PQresultStatus(r.pg) != PGRES_TUPLES_OK) {
		state = PQresultErrorField(r.pg, PG_DIAG_SQLSTATE);
		if (state != NULL && (strcmp(state, "3F000") == 0 ||
					 strcmp(state, "42883") == 0)) {
			snprintf(why, WHY_MAX,
			    "database \"%.64s\" has no "
			    "vault-env schema; run: " INSTALL,
			    PQdb(c->pg), PQdb(c->pg));
		} else if (state != NULL && strcmp(state, "42501") == 0) {
			snprintf(why, WHY_MAX,
			    "role \"%.64s\" may not "
			    "use the vault-env schema; connect as vault_server"
			    ", or run: " INSTALL,
			    PQuser(c->pg), PQdb(c->pg));
		} else {
			snprintf(why, WHY_MAX,
			    "the schema's version "
			    "cannot be read: SQLSTATE %s",
			    state != NULL ? state : "unknown");
			result = 1;
		}
		goto out;
	}
	version = db_get_int(&r, 0, "version");
	if (version < DB_SCHEMA_VERSION) {
		snprintf(why, WHY_MAX,
		    "database \"%.64s\" has schema "
		    "version %d, this program needs %d; run: " INSTALL,
		    PQdb(c->pg), (int)version, DB_SCHEMA_VERSION, PQdb(c->pg));
		goto out;
	}
	if (version > DB_SCHEMA_VERSION) {
		snprintf(why, WHY_MAX,
		    "database \"%.64s\" has schema "
		    "version %d, this program knows %d; install the "
		    "vault.fcgi of the release that upgraded it",
		    PQdb(c->pg), (int)version, DB_SCHEMA_VERSION);
		goto out;
	}
	result = 0;
out:
	db_result_free(&r);
	return result;
}

/* The fingerprint in force, if there is one. */
static int
read_key(struct dbconn *c, enum stmt stmt, const struct db_params *p,
    int64_t deadline_ms, struct db_result *r)
{
	if (dbconn_exec(c, stmt, false, p, deadline_ms, &r->pg) != 0)
		return -1;
	return PQresultStatus(r->pg) == PGRES_TUPLES_OK ? 0 : -1;
}

static int
check_key(struct dbconn *c, const uint8_t key_id[DB_KEY_ID_LEN], bool read_only,
    int64_t deadline_ms, char why[WHY_MAX])
{
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	const uint8_t *id;
	size_t len = 0;
	int result = 1;

	if (read_key(c, SERVER_KEY_GET, NULL, deadline_ms, &r) != 0)
		goto unreadable;
	if (db_rows(&r) == 0) {
		if (read_only) {
			result = 0;
			goto out;
		}
		db_result_free(&r);
		db_bytes(&p, key_id, DB_KEY_ID_LEN);
		if (read_key(c, SERVER_KEY_INIT, &p, deadline_ms, &r) != 0 ||
		    db_rows(&r) == 0)
			goto unreadable;
	}
	id = db_get_bytes(&r, 0, "key_id", &len);
	if (id == NULL || len != DB_KEY_ID_LEN ||
	    memcmp(id, key_id, DB_KEY_ID_LEN) != 0) {
		snprintf(why, WHY_MAX,
		    "server_key_file does not hold the "
		    "key that the auth keys in database \"%.64s\" are sealed "
		    "with; put the right file back (after an interrupted key "
		    "change, run vault.fcgi --rekey again)",
		    PQdb(c->pg));
		result = -1;
		goto out;
	}
	result = 0;
	goto out;
unreadable:
	snprintf(why, WHY_MAX, "the server key's fingerprint cannot be read");
out:
	db_result_free(&r);
	return result;
}

int
dbcheck(struct dbconn *c, const uint8_t key_id[DB_KEY_ID_LEN], bool read_only,
    int64_t deadline_ms, char why[WHY_MAX])
{
	int r;

	if ((r = check_schema(c, deadline_ms, why)) != 0)
		return r;
	return check_key(c, key_id, read_only, deadline_ms, why);
}
