/* SPDX-License-Identifier: MIT */
/*
 * conn.c: connect, prepare and run with deadlines, on libpq's asynchronous
 * calls. Never cancels: a cancelled wait for a standby is reported as a commit
 * that worked. Must not decide what an error means; db.c does.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "db/conn.h"
#include "db/merge.h"
#include "db/sqlstate.h"

/* One bit a statement must fit struct dbconn's mask. */
_Static_assert(N_STMTS <= 32, "too many statements");

/* events that came, 0 at the deadline. */
static int
wait_socket(const PGconn *pg, short events, int64_t deadline_ms)
{
	struct pollfd fd = { .fd = PQsocket(pg), .events = events };
	int64_t left;
	int n;

	if (fd.fd < 0)
		return 0;
	do {
		left = deadline_ms - clock_mono_ms();
		n = left <= 0 ? 0 : poll(&fd, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? fd.revents : 0;
}

/* libpq's messages have several lines, the first of which says it. */
static void
take_reason(const PGconn *pg, char why[WHY_MAX])
{
	const char *text = pg == NULL ? "out of memory" : PQerrorMessage(pg);

	snprintf(why, WHY_MAX, "%.*s", (int)strcspn(text, "\n"), text);
}

static void
on_notice(void *arg, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	struct dbconn *c = arg;

	if (state != NULL && strcmp(state, "01000") == 0)
		c->warned = true;
}

static int
finish_connect(PGconn *pg, int64_t deadline_ms)
{
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED ||
		    wait_socket(pg,
			next == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			deadline_ms) == 0)
			return -1;
		next = PQconnectPoll(pg);
	}
	return PQsetnonblocking(pg, 1);
}

int
dbconn_open(struct dbconn *c, const char *conninfo, int timeout_ms,
    int64_t deadline_ms, char why[WHY_MAX])
{
	/* Later ones win; dbname may be a whole conninfo string or URI. */
	const char *const names[] = { "fallback_application_name", "dbname",
		"client_encoding", NULL };
	const char *const values[] = { "vault.fcgi", conninfo, "UTF8", NULL };
	char limit[64];
	PGresult *res = NULL;

	*c = (struct dbconn){ .pg = PQconnectStartParams(names, values, 1) };
	if (c->pg == NULL || PQstatus(c->pg) == CONNECTION_BAD)
		goto fail;
	PQsetNoticeReceiver(c->pg, on_notice, c);
	if (finish_connect(c->pg, deadline_ms) != 0) {
		if (clock_mono_ms() >= deadline_ms) {
			snprintf(why, WHY_MAX, "no answer in time");
			dbconn_close(c);
			return -1;
		}
		goto fail;
	}
	/* What we gave up on must not hold its locks much longer. */
	snprintf(
	    limit, sizeof(limit), "set statement_timeout = %d", timeout_ms);
	if (dbconn_command(c, limit, deadline_ms, &res) != 0)
		goto fail;
	PQclear(res);
	return 0;
fail:
	take_reason(c->pg, why);
	dbconn_close(c);
	return -1;
}

void
dbconn_close(struct dbconn *c)
{
	PQfinish(c->pg);
	c->pg = NULL;
	c->prepared = 0;
}

bool
dbconn_is_alive(struct dbconn *c)
{
	struct pollfd fd = { .fd = PQsocket(c->pg), .events = POLLIN };

	if (PQstatus(c->pg) != CONNECTION_OK || fd.fd < 0)
		return false;
	/* A notice perhaps; more likely last words, and then the end. */
	for (int i = 0; i < 4; i++) {
		if (poll(&fd, 1, 0) == 0)
			return true;
		if (PQconsumeInput(c->pg) == 0 ||
		    PQstatus(c->pg) != CONNECTION_OK)
			return false;
	}
	return false;
}

static int
flush(PGconn *pg, int64_t deadline_ms)
{
	int r, events;

	while ((r = PQflush(pg)) == 1) {
		events = wait_socket(pg, POLLIN | POLLOUT, deadline_ms);
		if (events == 0)
			return -1;
		/* Else both sides could wait for the other to read. */
		if ((events & POLLIN) != 0 && PQconsumeInput(pg) == 0)
			return -1;
	}
	return r;
}

/* *out: the next result, or NULL after the last one of a statement. */
static int
next_result(struct dbconn *c, int64_t deadline_ms, PGresult **out)
{
	while (PQisBusy(c->pg))
		if (wait_socket(c->pg, POLLIN, deadline_ms) == 0 ||
		    PQconsumeInput(c->pg) == 0)
			return -1;
	*out = PQgetResult(c->pg);
	return 0;
}

/* The first result; the others, which only a bug could send, are dropped. */
static int
collect(struct dbconn *c, int64_t deadline_ms, PGresult **out)
{
	PGresult *first = NULL, *res;

	if (flush(c->pg, deadline_ms) != 0)
		return -1;
	for (;;) {
		if (next_result(c, deadline_ms, &res) != 0)
			goto fail;
		if (res == NULL)
			break;
		if (first == NULL)
			first = res;
		else
			PQclear(res);
	}
	if (first == NULL)
		return -1;
	*out = first;
	return 0;
fail:
	PQclear(first);
	return -1;
}

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
	    collect(c, deadline_ms, &res) != 0)
		return -1;
	if (PQresultStatus(res) != PGRES_COMMAND_OK) {
		*failure = res;
		return 0;
	}
	PQclear(res);
	c->prepared |= 1u << stmt;
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
		   ? collect(c, deadline_ms, out)
		   : -1;
}

static int
exec_merged(struct dbconn *c, bool prepare, struct db_item *const *items, int n,
    int64_t deadline_ms, PGresult **out)
{
	struct db_params arrays;
	char *memory;
	int r;

	if (dbmerge_params(items, n, &arrays, &memory) != 0)
		return -1;
	r = exec_one(c, items[0]->stmt, prepare, &arrays, deadline_ms, out);
	free(memory);
	return r;
}

int
dbconn_exec(struct dbconn *c, enum stmt stmt, bool prepare,
    const struct db_params *p, int64_t deadline_ms, PGresult **out)
{
	struct db_item item = { .stmt = stmt, .params = p };
	struct db_item *items = &item;

	if (stmts[stmt].way == STMT_MERGED)
		return exec_merged(c, prepare, &items, 1, deadline_ms, out);
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

	if (next_result(c, deadline_ms, out) != 0 ||
	    next_result(c, deadline_ms, &more) != 0)
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
		if (collect_one(c, deadline_ms, &items[i]->result) != 0)
			return -1;
		status = PQresultStatus(items[i]->result);
		if (status == PGRES_TUPLES_OK ||
		    (*offender >= 0 && status == PGRES_PIPELINE_ABORTED))
			continue;
		if (!is_refusal(items[i]->result))
			return -1;
		*offender = i;
	}
	/* Comes after the commit; an error of the commit comes instead. */
	if (next_result(c, deadline_ms, &res) != 0)
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
	return PQpipelineSync(c->pg) == 1 ? flush(c->pg, deadline_ms) : -1;
}

/*
 * As dbconn_exec_group(). It raises nothing, so that an error is never one
 * member's, and waits for no row's lock; for a table's, which a migration
 * takes, it may wait until the deadline.
 */
static int
merged_group(struct dbconn *c, bool prepare, struct db_item *const *items,
    int n, int64_t deadline_ms)
{
	PGresult *res = NULL;

	if (exec_merged(c, prepare, items, n, deadline_ms, &res) != 0)
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
	int r;

	c->warned = false;
	for (int i = 0; i < n; i++)
		items[i]->result = NULL;
	if (stmts[items[0]->stmt].way == STMT_MERGED) {
		r = merged_group(c, prepare, items, n, deadline_ms);
	} else {
		r = send_group(c, prepare, items, n, deadline_ms);
		if (r == 0)
			r = collect_group(c, items, n, deadline_ms, offender);
	}
	for (int i = 0; i < n; i++) {
		items[i]->warned = c->warned;
		if (r == 0)
			continue;
		PQclear(items[i]->result);
		items[i]->result = NULL;
	}
	return r;
}

int
dbconn_command(
    struct dbconn *c, const char *sql, int64_t deadline_ms, PGresult **out)
{
	c->warned = false;
	return PQsendQuery(c->pg, sql) == 1 ? collect(c, deadline_ms, out) : -1;
}
