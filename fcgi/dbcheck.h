/* SPDX-License-Identifier: MIT */
/*
 * dbcheck.h: is this the database that this program and this key belong to?
 */
#ifndef VAULT_FCGI_DBCHECK_H
#define VAULT_FCGI_DBCHECK_H

#include "db.h"

/*
 * 0: schema and server key match; a database that has no key yet takes ours,
 * unless read_only.
 * 1: it went away. -1: it is the wrong one, why says what to run.
 */
int dbcheck(struct dbconn *c, const struct serverkey *key, bool read_only,
    int64_t deadline_ms, char why[DB_ERROR_MAX]);

#endif
