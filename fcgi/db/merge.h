/* SPDX-License-Identifier: MIT */
/*
 * merge.h: many requests as one statement whose parameters are arrays, and
 * its rows as their answers. Knows nothing of connections.
 */
#ifndef VAULT_FCGI_DB_MERGE_H
#define VAULT_FCGI_DB_MERGE_H

#include "db/params.h"

/*
 * The n-th parameter of each of the items, text or bytea, becomes an element of
 * the array that is the n-th of *out; all items have equally many, and some.
 * The arrays are in *memory, for free(). 0 or -1 (no memory).
 */
int dbmerge_params(
    struct db_item *const *items, int n, struct db_params *out, char **memory);

/* Gives each of the items its row of res, which has as many, in their order;
 * res is used up. 0; -1: not so, or no memory; some may have a result by then,
 * for PQclear(). */
int dbmerge_split(PGresult *res, struct db_item *const *items, int n);

#endif
