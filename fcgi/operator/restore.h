/* SPDX-License-Identifier: MIT */
/*
 * restore.h: one project that is brought up to date, for restore.c,
 * restore-log.c, restore-env.c and restore-wraps.c.
 */
#ifndef VAULT_FCGI_OPERATOR_RESTORE_H
#define VAULT_FCGI_OPERATOR_RESTORE_H

#include "operator/backup.h"
#include "operator/rows.h"

/* What is restored, and what is to be told of it once that is committed. */
struct restore {
	struct session session;
	const struct backup *backup;
	bool dry_run;           /* each project's transaction is rolled back */
	struct members members; /* by the log as it will be */
	const struct part *log; /* whose log it continues; NULL: none came */
	struct blob report;
	int r; /* of the report; sticks */
	struct entry entry, stored;
	struct record record, before;
};

/* A sentence of the report. */
void restore_tell(struct restore *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
#define WHO_SIZE (DEVICE_NAME_LEN_MAX + 64)
/* "laptop (1f2e3d4c), 2026-11-26 09:30 UTC" */
void restore_who(
    const struct restore *t, char out[WHO_SIZE], const char *id, int64_t at_ms);

/* All: 0, or -1 with a sentence. */

/* The furthest of the project's logs, from its root on, into t->members. */
int restore_find_log(struct restore *t);
/* In place of what is stored, and longer than the files' if that continues
 * them. *kept: how many of its keys are of entries that stay. */
int restore_log(struct restore *t, bool is_new, int *kept);
/* One environment, when t->members are the final ones. */
int restore_environment(struct restore *t, const char *env);
/* What files brought, once the environment's records are stored. */
int restore_wraps(struct restore *t, const char *env);

#endif
