/* SPDX-License-Identifier: MIT */
/*
 * check.h: is this the database that this program and its server key belong
 * to? Only the key's fingerprint is known here.
 */
#ifndef VAULT_FCGI_DB_CHECK_H
#define VAULT_FCGI_DB_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/why.h"
#include "db/conn.h"

#define DB_KEY_ID_LEN 16 /* the server key's fingerprint */

/* The number of the newest migration in sql/migrations. */
#define DB_SCHEMA_VERSION 8

/*
 * 0: schema and server key match; a database that has no key yet takes ours,
 * unless read_only.
 * 1: it went away. -1: it is the wrong one, why says what to run.
 */
int dbcheck(struct dbconn *c, const uint8_t key_id[DB_KEY_ID_LEN],
    bool read_only, int64_t deadline_ms, char why[WHY_MAX]);

#endif
