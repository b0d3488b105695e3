/* SPDX-License-Identifier: MIT */
/*
 * group.h: group commit. Calls of one statement by many threads that come
 * while a transaction is on its way share the next: one connection, one round
 * trip, one commit and so one fsync for all of them, durable all the same.
 * Where the statement allows (stmts.h) they become a single one, which may
 * leave some of them to be run singly. Projects take turns, so that one that
 * sends much holds up itself; what is big stays outside. A call that is refused
 * or waits for a lock leaves, and the others begin anew; after a few such, or
 * when the connection breaks, all are left to their callers, to be run singly.
 */
#ifndef VAULT_FCGI_DB_GROUP_H
#define VAULT_FCGI_DB_GROUP_H

#include "db/params.h"
#include "db/pool.h"

struct dbgroup;

/* For one statement. A connection, made when it is first needed. max: calls in
 * one transaction. NULL: no memory. */
struct dbgroup *dbgroup_new(struct dbpool *pool, int max);
/* No statement may be running. */
void dbgroup_free(struct dbgroup **g);

/*
 * Waits its turn and runs in a transaction with others, perhaps as the one who
 * sends for all. True: it is committed and item->result says what it returned.
 * False: it is not done, or nobody knows; run it singly.
 */
bool dbgroup_exec(struct dbgroup *g, struct db_item *item, int64_t deadline_ms);

#endif
