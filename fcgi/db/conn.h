/* SPDX-License-Identifier: MIT */
/*
 * conn.h: one connection to PostgreSQL. Every wait has a deadline of our own
 * (monotonic milliseconds): libpq's and the kernel's do not fire on a server
 * that is stopped but still acknowledges.
 */
#ifndef VAULT_FCGI_DB_CONN_H
#define VAULT_FCGI_DB_CONN_H

#include "common/why.h"
#include "db/params.h"

struct dbconn {
	PGconn *pg;        /* NULL: not connected */
	uint32_t prepared; /* one bit a statement */
	/* A notice of class 01 came: a commit that PostgreSQL reports as done
	 * may then not have reached the standby it waited for. */
	bool warned;
};

/* 0, or -1 with libpq's reason, one line, in why. */
int dbconn_open(struct dbconn *c, const char *conninfo, int timeout_ms,
    int64_t deadline_ms, char why[WHY_MAX]);
void dbconn_close(struct dbconn *c);
/* False when the server has closed it meanwhile: costs one poll(). */
bool dbconn_is_alive(struct dbconn *c);

/*
 * Runs a statement, results in binary; p is one request's, also if it is
 * merged. 0: *out is set, whatever it says, for PQclear(). -1: deadline, no
 * memory, or the connection broke; close it then.
 */
int dbconn_exec(struct dbconn *c, enum stmt stmt, bool prepare,
    const struct db_params *p, int64_t deadline_ms, PGresult **out);
/*
 * Runs n items of the same statement in one transaction and one round trip; if
 * it is merged, as one. None waits for a row's lock for long. 0: it is
 * committed, every result is set. 1: *offender, an index, was refused or had to
 * wait: nothing is done and no result is set; never if merged. -1: the same, or
 * nobody knows; close the connection.
 */
int dbconn_exec_group(struct dbconn *c, bool prepare,
    struct db_item *const *items, int n, int64_t deadline_ms, int *offender);
/* The same for a command without parameters: begin, commit. */
int dbconn_command(
    struct dbconn *c, const char *sql, int64_t deadline_ms, PGresult **out);

#endif
