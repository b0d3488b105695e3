/* SPDX-License-Identifier: MIT */
/*
 * session.h: one connection to the database as the operator's role, which may
 * do what the service's may not, and what goes wrong on it as a sentence.
 */
#ifndef VAULT_FCGI_OPERATOR_SESSION_H
#define VAULT_FCGI_OPERATOR_SESSION_H

#include "common/why.h"
#include "db/conn.h"
#include "db/params.h"
#include "db/result.h"

struct settings;

/* Zeroed, then said is set: where a sentence goes, WHY_MAX bytes. */
struct session {
	struct dbconn conn;
	char *said;
};

/* "what: why" as the sentence. Returns -1. */
int session_fail(struct session *s, const char *what, const char *why);

/* All: 0, or -1 with a sentence. Nothing is ever sent twice. */
int session_open(struct session *s, const struct settings *settings);
int session_exec(struct session *s, enum stmt stmt, const struct db_params *p,
    struct db_result *r);
/* "begin" or one of its kind. Without a commit it is undone at the close. */
int session_begin(struct session *s, const char *sql);
int session_commit(struct session *s);
int session_rollback(struct session *s);
void session_close(struct session *s);

#endif
