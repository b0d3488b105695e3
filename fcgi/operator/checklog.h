/* SPDX-License-Identifier: MIT */
/*
 * checklog.h: one project whose tables are held against its log, for
 * checklog.c and checkunsigned.c.
 */
#ifndef VAULT_FCGI_OPERATOR_CHECKLOG_H
#define VAULT_FCGI_OPERATOR_CHECKLOG_H

#include <stdio.h>

#include "operator/rows.h"

struct check {
	struct session session;
	FILE *out;
	int n_projects;
	int n_wrong;
	struct members members; /* of the project at hand, by its log */
	struct entry entry;
	struct record record, before;
};

/* One difference, as a sentence. */
void check_wrong(struct check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* All: 0, or -1 with a sentence: it could not be looked at. */

/* Request keys: whose, and of which VAULT_KEY. */
int check_request_keys(struct check *c);
/* Wraps of an environment: whose, and of which data keys. newest: its newest
 * record, whose key every reader has. */
int check_wraps(struct check *c, const char *env, const struct record *newest);
/* How much of an environment is kept. */
int check_counts(struct check *c, const char *env);

#endif
