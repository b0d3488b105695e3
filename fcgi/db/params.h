/* SPDX-License-Identifier: MIT */
/*
 * params.h: the parameters of a statement, and a statement of a group with
 * them. Knows nothing of connections.
 */
#ifndef VAULT_FCGI_DB_PARAMS_H
#define VAULT_FCGI_DB_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/result.h"
#include "db/stmts.h"

#define DB_PARAMS_MAX 30

struct db_params {
	int n;
	const char *values[DB_PARAMS_MAX];
	int lengths[DB_PARAMS_MAX];
	int formats[DB_PARAMS_MAX];
	char numbers[DB_PARAMS_MAX][24];
};

/* Appends the next parameter, null for NULL; what it points to must outlive the
 * statement. A null has its type too: a merged statement makes arrays of it. */
void db_text(struct db_params *p, const char *text);
void db_bytes(struct db_params *p, const void *data, size_t len);
void db_int(struct db_params *p, int64_t value);

/* One statement of a group, and what became of it. */
struct db_item {
	enum stmt stmt;
	const struct db_params *params; /* or NULL */
	struct db_result result;        /* its refusal is not set here */
	bool warned;                    /* as in struct dbconn */
};

#endif
