/* SPDX-License-Identifier: MIT */
/*
 * pool.h: connections, fewer than there are threads, made when they are
 * first used, checked against this program, and made anew when they broke.
 */
#ifndef VAULT_FCGI_DB_POOL_H
#define VAULT_FCGI_DB_POOL_H

#include "common/why.h"
#include "db/check.h"

struct settings;
struct dbpool;

/* Nothing is connected yet. NULL: no memory. Both are borrowed. read_only: a
 * database that has no server key yet is not given ours. */
struct dbpool *dbpool_new(const struct settings *settings,
    const uint8_t key_id[DB_KEY_ID_LEN], bool read_only);
/* Every connection is back. */
void dbpool_free(struct dbpool **p);
const struct settings *dbpool_settings(const struct dbpool *p);

/*
 * A connection of the pool, to be given back; NULL at the deadline. project:
 * whose request it is for, text that outlives that, or NULL. None holds more
 * than half of those that others leave it, rounded up, so that one that sends
 * much, or whose requests wait for each other's locks, holds up itself.
 */
struct dbconn *
dbpool_take(struct dbpool *p, const char *project, int64_t deadline_ms);
void dbpool_give(struct dbpool *p, struct dbconn *c);

/*
 * Makes sure that c, of the pool or not, is connected, and to the right
 * database. 0; 1 with a sentence: the database is away; -1 with a sentence: it
 * is the wrong one.
 */
int dbpool_ready(
    struct dbpool *p, struct dbconn *c, int64_t deadline_ms, char why[WHY_MAX]);

#endif
