/* SPDX-License-Identifier: MIT */
/*
 * exec.h: statements of the closed list on one connection.
 */
#ifndef VAULT_FCGI_DB_EXEC_H
#define VAULT_FCGI_DB_EXEC_H

#include "db/conn.h"
#include "db/params.h"

/*
 * Runs a statement, results in binary; p is one request's, also if it is
 * merged. 0: *out is set, whatever it says, for PQclear(). -1: deadline, no
 * memory, or the connection broke; close it then.
 */
int dbconn_exec(struct dbconn *c, enum stmt stmt, bool prepare,
    const struct db_params *p, int64_t deadline_ms, PGresult **out);
/*
 * Runs n items of the same statement in one transaction and one round trip; if
 * it is merged, or has a merged one for many, as one. None waits for a row's
 * lock for long. 0: it is committed, and every result is set but of those for
 * whom nothing was done. 1: *offender, an index, was refused or had to wait:
 * nothing is done and no result is set; never if merged. -1: the same, or
 * nobody knows; close the connection.
 */
int dbconn_exec_group(struct dbconn *c, bool prepare,
    struct db_item *const *items, int n, int64_t deadline_ms, int *offender);

#endif
