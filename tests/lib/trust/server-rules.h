/* SPDX-License-Identifier: MIT */
/*
 * server-rules.h: what a server has to check of an entry and of a push
 * (lib/PROTOCOL-v2 4.4 and 6.3), as a model in memory: the vectors judge it,
 * and it judges what the library makes. vault.fcgi does this in log_append.sql
 * and record_push.sql, which tests/sql and tests/fcgi/v2.py hold.
 */
#ifndef SERVER_RULES_H
#define SERVER_RULES_H

#include "trust/policy.h"

/* A wrap that comes with an entry, for the entry's device. */
struct env_key {
	char env[ENV_LEN_MAX + 1];
	uint8_t key_id[HASH_LEN];
};

/* LOG_CHANGED, the rules of the log, HEADS_CHANGED, WRAPS_MISSING. */
int append_check(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n_heads, const struct env_key *wraps,
    size_t n_wraps);

/* What the server knows of a push. */
struct push {
	const struct record *record;
	const char *env;       /* as asked for */
	const char *requester; /* a device's id */
	const uint8_t *blob;
	size_t blob_len;
	const struct env_head *head;     /* NULL: nothing stored yet */
	bool key_used;                   /* its key id stands in some record */
	const char (*wraps)[ID_LEN + 1]; /* for these devices */
	size_t n_wraps;
};

/* The rules of a record, RECORD_AUTHOR, BLOB_HASH, VERSION_CONFLICT,
 * RECORD_KEY, LOG_CHANGED, READERS_CHANGED. */
int push_check(const struct members *m, const struct push *push);

#endif
