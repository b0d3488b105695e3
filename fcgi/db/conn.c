/* SPDX-License-Identifier: MIT */
/*
 * conn.c: connect, send and receive with deadlines, on libpq's asynchronous
 * calls. Never cancels: a cancelled wait for a standby is reported as a commit
 * that worked. Knows no statement; exec.c does.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "db/conn.h"

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
dbconn_open(struct dbconn *c, const char *conninfo, const char *user,
    int timeout_ms, int64_t deadline_ms, char why[WHY_MAX])
{
	/* Later ones win; dbname may be a whole conninfo string or URI. */
	const char *const names[] = { "fallback_application_name", "dbname",
		"user", "client_encoding", NULL };
	const char *const values[] = { "vault.fcgi", conninfo, user, "UTF8",
		NULL };
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

int
dbconn_flush(struct dbconn *c, int64_t deadline_ms)
{
	PGconn *pg = c->pg;
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

int
dbconn_next_result(struct dbconn *c, int64_t deadline_ms, PGresult **out)
{
	while (PQisBusy(c->pg))
		if (wait_socket(c->pg, POLLIN, deadline_ms) == 0 ||
		    PQconsumeInput(c->pg) == 0)
			return -1;
	*out = PQgetResult(c->pg);
	return 0;
}

int
dbconn_collect(struct dbconn *c, int64_t deadline_ms, PGresult **out)
{
	PGresult *first = NULL, *res;

	if (dbconn_flush(c, deadline_ms) != 0)
		return -1;
	for (;;) {
		if (dbconn_next_result(c, deadline_ms, &res) != 0)
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

int
dbconn_command(
    struct dbconn *c, const char *sql, int64_t deadline_ms, PGresult **out)
{
	c->warned = false;
	return PQsendQuery(c->pg, sql) == 1
		   ? dbconn_collect(c, deadline_ms, out)
		   : -1;
}
