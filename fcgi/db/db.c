/* SPDX-License-Identifier: MIT */
/*
 * db.c: where a statement runs, in a group or on a connection of its own, and
 * what to do when it does not succeed: again on the same connection
 * (serialisation), again on a fresh one (lost), or an answer.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "db/db.h"
#include "db/exec.h"
#include "db/group.h"
#include "db/sqlstate.h"

#define TRIES_MAX 3

struct db {
	const struct settings *settings;
	struct dbpool *pool;
	struct dbgroup *groups[N_STMTS]; /* NULL: it runs singly */
	void (*on_wrong)(void);
};

/* What no SQLSTATE tells. */
static const struct sqlstate done = { "", REFUSAL_NONE, SQLSTATE_ANSWER },
			     lost_connection = { "", REFUSAL_UNAVAILABLE,
				     SQLSTATE_RECONNECT },
			     unconfirmed = { "", REFUSAL_UNAVAILABLE,
				     SQLSTATE_FAULT };

struct db *
db_new(const struct settings *settings, const uint8_t key_id[DB_KEY_ID_LEN],
    bool read_only)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->settings = settings;
	db->pool = dbpool_new(settings, key_id, read_only);
	if (db->pool == NULL)
		goto fail;
	if (settings->db_group == 1)
		return db;
	for (int i = 0; i < N_STMTS; i++) {
		if (stmts[i].way == STMT_SINGLY)
			continue;
		db->groups[i] = dbgroup_new(db->pool, settings->db_group);
		if (db->groups[i] == NULL)
			goto fail;
	}
	return db;
fail:
	db_free(&db);
	return NULL;
}

void
db_free(struct db **db)
{
	if (db == NULL || *db == NULL)
		return;
	for (int i = 0; i < N_STMTS; i++)
		dbgroup_free(&(*db)->groups[i]);
	dbpool_free(&(*db)->pool);
	free(*db);
	*db = NULL;
}

void
db_on_wrong(struct db *db, void (*on_wrong)(void))
{
	db->on_wrong = on_wrong;
}

int
db_check(struct db *db, char why[WHY_MAX])
{
	const int64_t deadline = clock_mono_ms() + db->settings->db_timeout_ms;
	struct dbconn *c = dbpool_take(db->pool, NULL, deadline);
	int r;

	if (c == NULL) {
		snprintf(why, WHY_MAX, "all connections are in use");
		return 1;
	}
	r = dbpool_ready(db->pool, c, deadline, why);
	dbpool_give(db->pool, c);
	return r;
}

/* Text of errors of class 22 and 23 can hold what the client sent. */
static void
report(enum stmt stmt, const char *state, const PGresult *res)
{
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (state[0] == '2' && (state[1] == '2' || state[1] == '3'))
		text = state[1] == '2'
			   ? "a value passed input checks that should not have"
			   : PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	log_error("vault.%s failed with SQLSTATE %s: %s", stmts[stmt].name,
	    state, text != NULL ? text : "no text");
}

/* Sorts a result that came back. */
static const struct sqlstate *
judge(enum stmt stmt, const struct db_result *r, bool warned, bool connected)
{
	const struct sqlstate *row;
	const char *state;

	switch (PQresultStatus(r->pg)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		/* Committed here, perhaps not where it was to be as well. */
		if (warned && stmt != HOUSEKEEP) {
			log_error("vault.%s: its commit was not confirmed by "
				  "the standby",
			    stmts[stmt].name);
			return &unconfirmed;
		}
		if (db_rows(r) == 0 || PQfnumber(r->pg, "outcome") < 0)
			return &done;
		state = db_get_text(r, 0, "outcome");
		return sqlstate_find(state != NULL ? state : "");
	default:
		break;
	}
	state = PQresultErrorField(r->pg, PG_DIAG_SQLSTATE);
	/* libpq's own errors have none: the connection broke. */
	if (state == NULL || state[0] == '\0' || !connected)
		return &lost_connection;
	row = sqlstate_find(state);
	if (row->action == SQLSTATE_INPUT || row->action == SQLSTATE_FAULT)
		report(stmt, state, r->pg);
	return row;
}

/* Once more, with what was learnt? Closes c if it is of no more use. */
static bool
try_again(struct dbconn *c, enum stmt stmt, const struct sqlstate *row,
    int tries, bool *lost)
{
	if (row->action == SQLSTATE_RETRY)
		return tries < TRIES_MAX;
	if (row->action != SQLSTATE_RECONNECT)
		return false;
	dbconn_close(c);
	if (*lost || !stmts[stmt].repeatable)
		return false;
	*lost = true;
	return true;
}

static void
log_no_answer(enum stmt stmt)
{
	log_error(
	    "vault.%s had no answer within its deadline", stmts[stmt].name);
}

static enum refusal
run(struct db *db, struct dbconn *c, enum stmt stmt, const struct db_params *p,
    int64_t deadline_ms, struct db_result *out)
{
	const struct sqlstate *row;
	char why[WHY_MAX];
	bool lost = false;
	int tries = 0, r;

	for (;;) {
		if ((r = dbpool_ready(db->pool, c, deadline_ms, why)) != 0) {
			if (r < 0) {
				log_error("%s", why);
				if (db->on_wrong != NULL)
					db->on_wrong();
			}
			return REFUSAL_UNAVAILABLE;
		}
		tries++;
		if (dbconn_exec(c, stmt, db->settings->db_prepare, p,
			deadline_ms, &out->pg) == 0)
			row = judge(stmt, out, c->warned,
			    PQstatus(c->pg) == CONNECTION_OK);
		else
			row = &lost_connection;
		if (row->refusal == REFUSAL_NONE)
			return REFUSAL_NONE;
		if (clock_mono_ms() >= deadline_ms && out->pg == NULL) {
			log_no_answer(stmt);
			dbconn_close(c);
			return row->refusal;
		}
		if (!try_again(c, stmt, row, tries, &lost))
			return row->refusal;
		db_result_free(out);
	}
}

/* On a connection of its own. */
static enum refusal
run_singly(struct db *db, enum stmt stmt, const struct db_params *p,
    int64_t deadline_ms, struct db_result *out)
{
	/* The first parameter is the project, if there is one yet. */
	const char *project = p == NULL || p->n == 0 || stmt == PROJECT_CREATE
				  ? NULL
				  : p->values[0];
	struct dbconn *c = dbpool_take(db->pool, project, deadline_ms);
	enum refusal refusal;

	if (c == NULL) {
		log_error("no database connection became free for vault.%s",
		    stmts[stmt].name);
		return REFUSAL_UNAVAILABLE;
	}
	refusal = run(db, c, stmt, p, deadline_ms, out);
	dbpool_give(db->pool, c);
	return refusal;
}

int
db_exec_within(struct db *db, enum stmt stmt, const struct db_params *p,
    int timeout_ms, struct db_result *out)
{
	const int64_t deadline = clock_mono_ms() + timeout_ms;
	struct dbgroup *group = db->groups[stmt];
	struct db_item item = { .stmt = stmt, .params = p };

	*out = (struct db_result){ .pg = NULL };
	if (group != NULL && dbgroup_exec(group, &item, deadline)) {
		*out = item.result;
		out->refusal = judge(stmt, out, item.warned, true)->refusal;
	} else if (clock_mono_ms() >= deadline) {
		log_no_answer(stmt);
		out->refusal = REFUSAL_UNAVAILABLE;
	} else {
		out->refusal = run_singly(db, stmt, p, deadline, out);
	}
	if (out->refusal == REFUSAL_NONE)
		return 0;
	if (PQresultStatus(out->pg) != PGRES_TUPLES_OK) {
		PQclear(out->pg);
		out->pg = NULL;
	}
	return -1;
}

int
db_exec(struct db *db, enum stmt stmt, const struct db_params *p,
    struct db_result *out)
{
	return db_exec_within(db, stmt, p, db->settings->db_timeout_ms, out);
}
