/* SPDX-License-Identifier: MIT */
/*
 * stmts.h: the closed list of statements. Nothing else is ever sent to the
 * database, but for what opens a connection and a transaction (db/conn.c).
 */
#ifndef VAULT_FCGI_DB_STMTS_H
#define VAULT_FCGI_DB_STMTS_H

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
	SECRET_PUSH_MANY,
	SECRET_PULL,
	SECRET_PULL_VERSION,
	SECRET_CURRENT_VERSION,
	SECRET_VERSIONS,
	SECRET_ROLLBACK,
	PROJECT_FREEZE,
	PROJECT_UNFREEZE,
	MEMBER_KEY,
	REQUEST_REFUSE,
	PROJECT_CREATE_V2,
	PROJECT_DELETE,
	PROJECT_JOINS,
	MEMBER_REGISTER,
	MEMBER_LIST,
	LOG_READ,
	LOG_PROOF,
	LOG_APPEND,
	RECORD_PUSH,
	RECORD_PUSH_MANY,
	RECORD_PULL,
	RECORD_POLL,
	RECORD_HEADS,
	RECORD_LIST,
	WRAP_READ,
	WRAP_ADD,
	AUDIT_LIST,
	MEMBER_KEY_LIST,
	MEMBER_KEY_REPLACE,
	MEMBER_KEYS_FORGET,
	PROJECT_DUMP,
	LOG_DUMP,
	MEMBER_DUMP,
	MEMBER_KEY_DUMP,
	HEAD_DUMP,
	HEAD_COUNT,
	RECORD_DUMP,
	WRAP_DUMP,
	PROJECT_HOLD,
	LOG_RESTORE,
	MEMBER_RESTORE,
	PROJECT_RESTORE,
	RECORD_RESTORE,
	HEAD_RESTORE,
	WRAP_DISCARD,
	WRAP_RESTORE,
	N_STMTS
};

/* How it runs when many requests want it at a time. */
enum stmt_way {
	STMT_SINGLY, /* each on a connection of the pool */
	/*
	 * Many in one transaction (db/group.h): it takes no lock that another
	 * statement waits for, and refuses in its result, not by an error.
	 */
	STMT_GROUPED,
	/*
	 * And as one statement: in SQL its parameters are arrays, an element
	 * for each request, and it answers with a row for each. Callers give
	 * one request's; db/merge.h makes the arrays. Its function raises
	 * nothing, so that an error is never one member's.
	 */
	STMT_MERGED,
	STMT_GATHERED /* and it writes nothing: no commit makes it wait */
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
	enum stmt_way way; /* not singly: repeatable */
	/*
	 * 0, or the merged statement that a group of these runs in their place.
	 * It does what is plain; whom it would have to refuse, or to wait for,
	 * gets no outcome from it, and runs singly.
	 */
	enum stmt many;
};

extern const struct stmt_row stmts[N_STMTS];

#endif
