/* SPDX-License-Identifier: MIT */
/*
 * conn.h: one connection to PostgreSQL. Every wait has a deadline of our own
 * (monotonic milliseconds): libpq's and the kernel's do not fire on a server
 * that is stopped but still acknowledges.
 */
#ifndef VAULT_FCGI_DB_CONN_H
#define VAULT_FCGI_DB_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "common/why.h"

struct dbconn {
	PGconn *pg;        /* NULL: not connected */
	uint64_t prepared; /* one bit a statement */
	/* A notice of class 01 came: a commit that PostgreSQL reports as done
	 * may then not have reached the standby it waited for. */
	bool warned;
};

/* user: in place of that in conninfo, NULL: none. 0, or -1 with libpq's reason,
 * one line, in why. */
int dbconn_open(struct dbconn *c, const char *conninfo, const char *user,
    int timeout_ms, int64_t deadline_ms, char why[WHY_MAX]);
void dbconn_close(struct dbconn *c);
/* False when the server has closed it meanwhile: costs one poll(). */
bool dbconn_is_alive(struct dbconn *c);

/*
 * What was sent, on its way; and what comes back. 0, or -1: the deadline, no
 * memory, or the connection broke; close it then.
 */
int dbconn_flush(struct dbconn *c, int64_t deadline_ms);
/* *out: the next result, or NULL after the last one of a statement. */
int dbconn_next_result(struct dbconn *c, int64_t deadline_ms, PGresult **out);
/* Both: the first result; others, which only a bug could send, are dropped. */
int dbconn_collect(struct dbconn *c, int64_t deadline_ms, PGresult **out);

/* A command without parameters: begin, commit. As dbconn_exec(). */
int dbconn_command(
    struct dbconn *c, const char *sql, int64_t deadline_ms, PGresult **out);

#endif
