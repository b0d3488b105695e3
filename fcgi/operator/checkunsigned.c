/* SPDX-License-Identifier: MIT */
/*
 * checkunsigned.c: what no device signs: request keys, wraps, and the counts of
 * what is stored. The server cannot open a wrap: whom it is for, and of which
 * key, is all that can be checked. Must not change a thing.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "operator/checklog.h"

/* ---- request keys ---- */

static void
check_request_key(struct check *c, const struct db_result *r, int row)
{
	const int64_t newest = (int64_t)c->members.n_generations - 1;
	const int64_t generation = db_get_int(r, row, "generation");
	const bool retired = db_get_bool(r, row, "retired");
	char id[ID_LEN + 1];

	db_get_uuid(r, row, "member_id", id);
	if (!db_get_bool(r, row, "known"))
		check_wrong(c,
		    "a request key is of device %s, which is not in the table",
		    id);
	if (generation < 0 || generation > newest)
		check_wrong(c,
		    "a request key of device %s is of a VAULT_KEY that the log "
		    "does not have",
		    id);
	else if (retired != (generation < newest))
		check_wrong(c,
		    "a request key of device %s is of %s VAULT_KEY, and the "
		    "table %s it",
		    id, retired ? "the newest" : "an older",
		    retired ? "refuses" : "accepts");
}

/* A device without one is nothing wrong: it registers another by itself. */
int
check_request_keys(struct check *c)
{
	struct db_params p = { .n = 0 };
	struct db_result r;

	db_text(&p, c->members.project);
	if (session_exec(&c->session, MEMBER_KEY_DUMP, &p, &r) != 0)
		return -1;
	for (int row = 0; row < db_rows(&r); row++)
		check_request_key(c, &r, row);
	db_result_free(&r);
	return 0;
}

/* ---- wraps ---- */

/* The wraps of an environment at work. */
struct wrapped {
	struct check *check;
	const char *env;
	const struct record *newest;
	bool *has_newest; /* of each member, in the order of the log */
};

static void
check_wrap(struct wrapped *w, const struct db_result *r, int row)
{
	struct check *c = w->check;
	const struct member *member;
	const int64_t generation = db_get_int(r, row, "generation");
	char id[ID_LEN + 1];

	db_get_uuid(r, row, "member_id", id);
	if ((member = members_find(&c->members, id)) == NULL)
		check_wrong(c,
		    "a key of %s is for device %s, which is not in the log",
		    w->env, id);
	else if (!member_could_read(member, w->env))
		check_wrong(c,
		    "a key of %s is for device %s, which could never read it",
		    w->env, id);
	else if (rows_has_bytes(r, row, "key_id", w->newest->key_id, HASH_LEN))
		w->has_newest[member - c->members.members] = true;
	if (generation < 0 || generation >= (int64_t)c->members.n_generations)
		check_wrong(c,
		    "a key of %s for device %s is of a VAULT_KEY that the log "
		    "does not have",
		    w->env, id);
	if (!db_get_bool(r, row, "named"))
		check_wrong(c,
		    "a key of %s for device %s is of no version of it", w->env,
		    id);
}

/* after: the page before, NULL: there is none. */
static int
fetch(struct wrapped *w, const struct db_result *after, struct db_result *r)
{
	const int last = after == NULL ? 0 : db_rows(after) - 1;
	struct db_params p = { .n = 0 };
	const uint8_t *key = NULL;
	char id[ID_LEN + 1];
	size_t len = 0;

	if (after != NULL) {
		key = db_get_bytes(after, last, "key_id", &len);
		db_get_uuid(after, last, "member_id", id);
	}
	db_text(&p, w->check->members.project);
	db_text(&p, w->env);
	db_bytes(&p, key, len);
	db_text(&p, after == NULL ? NULL : id);
	return session_exec(&w->check->session, WRAP_DUMP, &p, r);
}

static int
check_those_there(struct wrapped *w)
{
	struct db_result page, next;
	int r;

	if ((r = fetch(w, NULL, &page)) != 0)
		return r;
	while (r == 0 && db_rows(&page) > 0) {
		for (int row = 0; row < db_rows(&page); row++)
			check_wrap(w, &page, row);
		r = fetch(w, &page, &next);
		db_result_free(&page);
		page = next;
	}
	db_result_free(&page);
	return r;
}

/* Those of older versions a device may lack: it was admitted later. */
static void
check_missing(struct wrapped *w)
{
	const struct members *m = &w->check->members;

	for (size_t i = 0; i < m->n_members; i++)
		if (!w->has_newest[i] &&
		    grant_reads(member_now(&m->members[i]), w->env))
			check_wrong(w->check,
			    "device %s may read %s, and has no key of its "
			    "version %" PRId64
			    ": a writer runs vault-env share --env %s",
			    m->members[i].id, w->env, w->newest->version,
			    w->env);
}

int
check_wraps(struct check *c, const char *env, const struct record *newest)
{
	struct wrapped w = { c, env, newest,
		calloc(c->members.n_members + 1, sizeof(bool)) };
	int r;

	if (w.has_newest == NULL)
		return session_fail(&c->session, env, "no memory");
	if ((r = check_those_there(&w)) == 0)
		check_missing(&w);
	free(w.has_newest);
	return r;
}

/* ---- counts ---- */

int
check_counts(struct check *c, const char *env)
{
	struct db_params p = { .n = 0 };
	struct db_result r;

	db_text(&p, c->members.project);
	db_text(&p, env);
	if (session_exec(&c->session, HEAD_COUNT, &p, &r) != 0)
		return -1;
	if (!db_is_null(&r, 0, "blobs") &&
	    db_get_int(&r, 0, "blobs") != db_get_int(&r, 0, "has_blobs"))
		check_wrong(c,
		    "%s keeps the content of %" PRId64
		    " pushes, the table says %" PRId64,
		    env, db_get_int(&r, 0, "has_blobs"),
		    db_get_int(&r, 0, "blobs"));
	if (!db_is_null(&r, 0, "bytes") &&
	    db_get_int(&r, 0, "bytes") != db_get_int(&r, 0, "has_bytes"))
		check_wrong(c,
		    "%s takes %" PRId64 " bytes, the table says %" PRId64, env,
		    db_get_int(&r, 0, "has_bytes"), db_get_int(&r, 0, "bytes"));
	db_result_free(&r);
	return 0;
}
