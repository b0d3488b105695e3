/* SPDX-License-Identifier: MIT */
/*
 * result.h: what a statement gave: rows, or why there are none.
 */
#ifndef VAULT_FCGI_DB_RESULT_H
#define VAULT_FCGI_DB_RESULT_H

#include <stdatomic.h>

#include <libpq-fe.h>

#include "base/base.h"
#include "http/refusal.h"

struct db_result {
	PGresult *pg; /* NULL unless rows came */
	enum refusal refusal;
	/*
	 * Of a merged statement: the row of pg that alone is this one's, and
	 * how many there are with a row each; who frees the last frees pg. Else
	 * 0 and NULL.
	 */
	int first;
	atomic_int *holders;
};

void db_result_free(struct db_result *r);

int db_rows(const struct db_result *r);

/*
 * Columns by name, results being binary. A null, a row or a column that is not
 * there: NULL, 0, false.
 */
bool db_is_null(const struct db_result *r, int row, const char *name);
const char *db_get_text(const struct db_result *r, int row, const char *name);
const uint8_t *
db_get_bytes(const struct db_result *r, int row, const char *name, size_t *len);
int64_t db_get_int(const struct db_result *r, int row, const char *name);
bool db_get_bool(const struct db_result *r, int row, const char *name);
/* False, too, when it is not a UUID of 16 bytes. */
bool db_get_uuid(
    const struct db_result *r, int row, const char *name, char out[ID_LEN + 1]);

#endif
