/* SPDX-License-Identifier: MIT */
/*
 * session.c: see session.h. Must not know what is asked.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/settings.h"
#include "db/exec.h"
#include "operator/session.h"

#define ROLE     "vault_rekey" /* sql/grants.sql */
#define LIMIT_MS 600000        /* a statement; all keys of a large server */

int
session_fail(struct session *s, const char *what, const char *why)
{
	snprintf(s->said, WHY_MAX, "%.500s: %.400s", what, why);
	return -1;
}

int
session_open(struct session *s, const struct settings *settings)
{
	char why[WHY_MAX];

	if (dbconn_open(&s->conn, settings->database, ROLE, LIMIT_MS,
		clock_mono_ms() + settings->db_timeout_ms, why) != 0)
		return session_fail(s, "cannot connect to the database", why);
	return 0;
}

/* As far as it is known what a person can do. */
static int
fail_stmt(struct session *s, enum stmt stmt, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (state != NULL && strcmp(state, "42883") == 0)
		text = "the database does not know it; run the install.sql of "
		       "this release";
	return session_fail(
	    s, stmts[stmt].name, text != NULL ? text : "no text");
}

int
session_exec(struct session *s, enum stmt stmt, const struct db_params *p,
    struct db_result *r)
{
	*r = (struct db_result){ .pg = NULL };
	if (dbconn_exec(&s->conn, stmt, false, p, clock_mono_ms() + LIMIT_MS,
		&r->pg) != 0)
		return session_fail(
		    s, stmts[stmt].name, "the connection broke");
	if (PQresultStatus(r->pg) == PGRES_TUPLES_OK)
		return 0;
	fail_stmt(s, stmt, r->pg);
	db_result_free(r);
	return -1;
}

static int
command(struct session *s, const char *sql, const char *tag)
{
	PGresult *res = NULL;
	int r = 0;

	/* After an error, COMMIT "works" and says ROLLBACK. */
	if (dbconn_command(&s->conn, sql, clock_mono_ms() + LIMIT_MS, &res) !=
		0 ||
	    strcmp(PQcmdStatus(res), tag) != 0 || s->conn.warned)
		r = session_fail(s, sql,
		    "not confirmed; run the same command again, it will see "
		    "what was done");
	PQclear(res);
	return r;
}

int
session_begin(struct session *s, const char *sql)
{
	return command(s, sql, "BEGIN");
}

int
session_commit(struct session *s)
{
	return command(s, "commit", "COMMIT");
}

int
session_rollback(struct session *s)
{
	return command(s, "rollback", "ROLLBACK");
}

void
session_close(struct session *s)
{
	dbconn_close(&s->conn);
}
