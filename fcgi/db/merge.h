/* SPDX-License-Identifier: MIT */
/*
 * merge.h: many requests as one statement whose parameters are arrays, and
 * its rows as their answers. Knows nothing of connections.
 */
#ifndef VAULT_FCGI_DB_MERGE_H
#define VAULT_FCGI_DB_MERGE_H

#include "db/array.h"

/*
 * The n-th parameter of each of the items, text or bytea, becomes an element of
 * the array that is the n-th of *out and of arrays; all items have equally
 * many, and some. 0 or negative (no memory); dbmerge_reset() in any case.
 */
int dbmerge_params(struct db_item *const *items, int n, struct db_params *out,
    struct db_array arrays[DB_PARAMS_MAX]);
void dbmerge_reset(struct db_array *arrays, int n);

/* Gives each of the items its row of res, which has as many, in their order,
 * unless its outcome is null; they share res. 0; -1: not so, or no memory, and
 * none has a result. */
int dbmerge_split(PGresult *res, struct db_item *const *items, int n);

#endif
