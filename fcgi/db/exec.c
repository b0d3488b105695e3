/* SPDX-License-Identifier: MIT */
/*
 * exec.c: a statement, prepared once a connection; many as one transaction, in
 * a pipeline or merged. Must not decide what an error means for who asked; db.c
 * does.
 */
#include "config.h"

#include <stdlib.h>

#include "db/exec.h"
#include "db/merge.h"
#include "db/sqlstate.h"

/* One bit a statement must fit struct dbconn's mask. */
_Static_assert(N_STMTS <= 64, "too many statements");

static int
prepare_once(
    struct dbconn *c, enum stmt stmt, int64_t deadline_ms, PGresult **failure)
{
	PGresult *res = NULL;

	*failure = NULL;
	if ((c->prepared >> stmt & 1) != 0)
		return 0;
	if (PQsendPrepare(c->pg, stmts[stmt].name, stmts[stmt].sql, 0, NULL) !=
		1 ||
	    dbconn_collect(c, deadline_ms, &res) != 0)
		return -1;
	if (PQresultStatus(res) != PGRES_COMMAND_OK) {
		*failure = res;
		return 0;
	}
	PQclear(res);
	c->prepared |= UINT64_C(1) << stmt;
	return 0;
}

static const struct db_params no_params;

static int
send_stmt(
    struct dbconn *c, enum stmt stmt, bool prepare, const struct db_params *p)
{
	if (p == NULL)
		p = &no_params;
	if (prepare)
		return PQsendQueryPrepared(c->pg, stmts[stmt].name, p->n,
		    p->values, p->lengths, p->formats, 1);
	return PQsendQueryParams(c->pg, stmts[stmt].sql, p->n, NULL, p->values,
	    p->lengths, p->formats, 1);
}

static int
exec_one(struct dbconn *c, enum stmt stmt, bool prepare,
    const struct db_params *p, int64_t deadline_ms, PGresult **out)
{
	PGresult *failure = NULL;

	c->warned = false;
	if (prepare && prepare_once(c, stmt, deadline_ms, &failure) != 0)
		return -1;
	if (failure != NULL) {
		*out = failure;
		return 0;
	}
	return send_stmt(c, stmt, prepare, p) == 1
		   ? dbconn_collect(c, deadline_ms, out)
		   : -1;
}

static int
exec_merged(struct dbconn *c, enum stmt stmt, bool prepare,
    struct db_item *const *items, int n, int64_t deadline_ms, PGresult **out)
{
	struct db_array arrays[DB_PARAMS_MAX];
	struct db_params p;
	int r = -1;

	if (dbmerge_params(items, n, &p, arrays) == 0)
		r = exec_one(c, stmt, prepare, &p, deadline_ms, out);
	dbmerge_reset(arrays, items[0]->params->n);
	return r;
}

int
dbconn_exec(struct dbconn *c, enum stmt stmt, bool prepare,
    const struct db_params *p, int64_t deadline_ms, PGresult **out)
{
	struct db_item item = { .stmt = stmt, .params = p };
	struct db_item *items = &item;

	if (stmts[stmt].way >= STMT_MERGED)
		return exec_merged(
		    c, stmt, prepare, &items, 1, deadline_ms, out);
	return exec_one(c, stmt, prepare, p, deadline_ms, out);
}

/* For this transaction alone, as a pooler may give the next one to others. */
#define LOCK_TIMEOUT "select set_config('lock_timeout', '200ms', true)"

/* A statement's own trouble: nothing is wrong with the connection. */
static bool
is_refusal(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	enum sqlstate_action action;

	if (state == NULL)
		return false;
	action = sqlstate_find(state)->action;
	return action == SQLSTATE_ANSWER || action == SQLSTATE_RETRY;
}

/* The one result of a statement in a pipeline, and the NULL after it. */
static int
collect_one(struct dbconn *c, int64_t deadline_ms, PGresult **out)
{
	PGresult *more;

	if (dbconn_next_result(c, deadline_ms, out) != 0 ||
	    dbconn_next_result(c, deadline_ms, &more) != 0)
		return -1;
	PQclear(more);
	return more == NULL ? 0 : -1;
}

/* What collect() is for one statement, for a pipeline of n. As
 * dbconn_exec_group(). */
static int
collect_group(struct dbconn *c, struct db_item *const *items, int n,
    int64_t deadline_ms, int *offender)
{
	ExecStatusType status;
	PGresult *res = NULL;

	*offender = -1;
	if (collect_one(c, deadline_ms, &res) != 0)
		return -1;
	status = PQresultStatus(res); /* of LOCK_TIMEOUT */
	PQclear(res);
	if (status != PGRES_TUPLES_OK)
		return -1;
	for (int i = 0; i < n; i++) {
		if (collect_one(c, deadline_ms, &items[i]->result.pg) != 0)
			return -1;
		status = PQresultStatus(items[i]->result.pg);
		if (status == PGRES_TUPLES_OK ||
		    (*offender >= 0 && status == PGRES_PIPELINE_ABORTED))
			continue;
		if (!is_refusal(items[i]->result.pg))
			return -1;
		*offender = i;
	}
	/* Comes after the commit; an error of the commit comes instead. */
	if (dbconn_next_result(c, deadline_ms, &res) != 0)
		return -1;
	if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
		PQclear(res);
		return -1;
	}
	PQclear(res);
	return PQexitPipelineMode(c->pg) != 1 ? -1 : *offender >= 0 ? 1 : 0;
}

static int
send_group(struct dbconn *c, bool prepare, struct db_item *const *items, int n,
    int64_t deadline_ms)
{
	const enum stmt stmt = items[0]->stmt;
	PGresult *failure = NULL;

	if (prepare && prepare_once(c, stmt, deadline_ms, &failure) != 0)
		return -1;
	if (failure != NULL) {
		PQclear(failure);
		return -1;
	}
	if (PQenterPipelineMode(c->pg) != 1 ||
	    PQsendQueryParams(
		c->pg, LOCK_TIMEOUT, 0, NULL, NULL, NULL, NULL, 0) != 1)
		return -1;
	for (int i = 0; i < n; i++)
		if (send_stmt(c, stmt, prepare, items[i]->params) != 1)
			return -1;
	return PQpipelineSync(c->pg) == 1 ? dbconn_flush(c, deadline_ms) : -1;
}

/*
 * As dbconn_exec_group(). It raises nothing, so that an error is never one
 * member's, and waits for no row's lock; for a table's, which a migration
 * takes, it may wait until the deadline.
 */
static int
merged_group(struct dbconn *c, enum stmt stmt, bool prepare,
    struct db_item *const *items, int n, int64_t deadline_ms)
{
	PGresult *res = NULL;

	if (exec_merged(c, stmt, prepare, items, n, deadline_ms, &res) != 0)
		return -1;
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return dbmerge_split(res, items, n);
	PQclear(res);
	return -1;
}

int
dbconn_exec_group(struct dbconn *c, bool prepare, struct db_item *const *items,
    int n, int64_t deadline_ms, int *offender)
{
	enum stmt stmt = items[0]->stmt;
	int r;

	if (stmts[stmt].many != 0)
		stmt = stmts[stmt].many;
	c->warned = false;
	for (int i = 0; i < n; i++)
		items[i]->result = (struct db_result){ .pg = NULL };
	if (stmts[stmt].way >= STMT_MERGED) {
		r = merged_group(c, stmt, prepare, items, n, deadline_ms);
	} else {
		r = send_group(c, prepare, items, n, deadline_ms);
		if (r == 0)
			r = collect_group(c, items, n, deadline_ms, offender);
	}
	for (int i = 0; i < n; i++) {
		items[i]->warned = c->warned;
		if (r != 0)
			db_result_free(&items[i]->result);
	}
	return r;
}
