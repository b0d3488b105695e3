/* SPDX-License-Identifier: MIT */
/*
 * stmts.h: the closed list of statements. Nothing else is ever sent to the
 * database, but for what opens a connection and a transaction (dbconn.c).
 */
#ifndef VAULT_FCGI_STMTS_H
#define VAULT_FCGI_STMTS_H

#include <stdbool.h>

enum stmt {
	SCHEMA_VERSION,
	SERVER_KEY_GET,
	SERVER_KEY_INIT,
	SERVER_KEY_LOCK,
	SERVER_KEY_REPLACE,
	AUTH_KEY_LIST,
	AUTH_KEY_REPLACE,
	HOUSEKEEP,
	AUDIT_RETAIN,
	PROJECT_AUTH,
	PROJECT_CREATE,
	PROJECT_SET_KEY,
	DEVICE_REGISTER,
	DEVICE_APPROVE,
	DEVICE_REVOKE,
	DEVICE_LIST,
	SECRET_PUSH,
	SECRET_PULL,
	SECRET_PULL_VERSION,
	SECRET_CURRENT_VERSION,
	SECRET_VERSIONS,
	SECRET_ROLLBACK,
	N_STMTS
};

/* Which statements share a queue and a connection (dbgroup.h), and those of one
 * kind a transaction: they take no lock that one of another group waits for,
 * and refuse in their result, not by an error. */
enum stmt_group {
	STMT_SINGLE,
	STMT_POLLS, /* write nothing: wait for no disk and no row's lock */
	STMT_PULLS,
	STMT_PUSHES,
	N_STMT_GROUPS
};

struct stmt_row {
	const char *name; /* the SQL function's, or begins with it */
	const char *sql;
	int n_params;
	/*
	 * It may be sent again when the connection was lost and nobody knows
	 * whether it was done: a read, or a write that knows its digest.
	 */
	bool repeatable;
	enum stmt_group group; /* those in one are repeatable */
	/*
	 * In SQL its parameters are arrays, an element for each request, and it
	 * answers with a row for each. Callers give one request's; dbmerge.h
	 * makes the arrays. Only one of STMT_POLLS whose function raises
	 * nothing.
	 */
	bool merged;
};

extern const struct stmt_row stmts[N_STMTS];

#endif
