/* SPDX-License-Identifier: MIT */
/*
 * db.h: statements, run by enum, in a group or on a connection of their own.
 * What a refused statement means is looked up in sqlstate.c.
 */
#ifndef VAULT_FCGI_DB_H
#define VAULT_FCGI_DB_H

#include "dbpool.h"
#include "sqlstate.h"

/* The number of the newest migration in sql/migrations. */
#define DB_SCHEMA_VERSION 3

struct db;

/* As dbpool_new(). */
struct db *db_new(const struct settings *settings, const struct serverkey *key,
    bool read_only);
/* No statement may be running. */
void db_free(struct db **db);

struct db_result {
	PGresult *pg;                   /* NULL unless rows came */
	const struct sqlstate *refused; /* NULL: it was done */
};

/*
 * Runs a statement: 0, or the negative HTTP status that *out->refused holds
 * too (-503 away, -409 a refusal of the function, …). A function that returns
 * a refusal in its column `outcome` is seen here as well; its row is then in
 * out->pg. Always db_result_free().
 */
int db_exec(struct db *db, enum stmt stmt, const struct db_params *p,
    struct db_result *out);
/* The same with a deadline shorter than db_timeout_ms. */
int db_exec_within(struct db *db, enum stmt stmt, const struct db_params *p,
    int timeout_ms, struct db_result *out);
void db_result_free(struct db_result *r);

/*
 * Connects, and holds the schema and the server key against this program.
 * 0; 1 with a sentence: the database is away; -1 with a sentence: it is the
 * wrong one. The same check is made on the first connection of db_exec().
 */
int db_check(struct db *db, char why[DB_ERROR_MAX]);
/* Called, after the sentence was logged, when db_exec() finds the wrong one. */
void db_on_wrong(struct db *db, void (*on_wrong)(void));

/* Columns, results being binary. A null text is NULL, a null number 0. */
int db_rows(const struct db_result *r);
bool db_is_null(const struct db_result *r, int row, int column);
const char *db_get_text(const struct db_result *r, int row, int column);
const uint8_t *
db_get_bytes(const struct db_result *r, int row, int column, size_t *len);
int64_t db_get_int(const struct db_result *r, int row, int column);
/* False when it is not a UUID of 16 bytes. */
bool db_get_uuid(const struct db_result *r, int row, int column, char out[37]);

#endif
