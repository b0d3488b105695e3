/* SPDX-License-Identifier: MIT */
/*
 * db.h: statements, run by enum, in a group or on a connection of their own.
 * What a refused statement means is looked up in db/sqlstate.c.
 */
#ifndef VAULT_FCGI_DB_DB_H
#define VAULT_FCGI_DB_DB_H

#include "common/why.h"
#include "db/params.h"
#include "db/pool.h"
#include "db/result.h"

struct db;

/* As dbpool_new(). */
struct db *db_new(const struct settings *settings,
    const uint8_t key_id[DB_KEY_ID_LEN], bool read_only);
/* No statement may be running. */
void db_free(struct db **db);

/*
 * Runs a statement: 0; or -1, and out->refusal says why. A function that
 * returns a refusal in its column `outcome` is seen here as well; its row is
 * then in out->pg. Always db_result_free().
 */
int db_exec(struct db *db, enum stmt stmt, const struct db_params *p,
    struct db_result *out);
/* The same with a deadline shorter than db_timeout_ms. */
int db_exec_within(struct db *db, enum stmt stmt, const struct db_params *p,
    int timeout_ms, struct db_result *out);

/*
 * Connects, and holds the schema and the server key against this program.
 * 0; 1 with a sentence: the database is away; -1 with a sentence: it is the
 * wrong one. The same check is made on every new connection.
 */
int db_check(struct db *db, char why[WHY_MAX]);
/* Called, after the sentence was logged, when db_exec() finds the wrong one. */
void db_on_wrong(struct db *db, void (*on_wrong)(void));

#endif
