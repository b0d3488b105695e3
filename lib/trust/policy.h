/* SPDX-License-Identifier: MIT */
/*
 * policy.h: what an entry or a push has to bring with it beside itself: cuts
 * for what it takes away, wraps for what it gives. By the server before it
 * stores, by the client before it signs.
 */
#ifndef TRUST_POLICY_H
#define TRUST_POLICY_H

#include "trust/history.h"

/* The newest version of an environment, as a list sorted by name has it. */
struct env_head {
	char env[ENV_LEN_MAX + 1];
	int64_t version;
	uint8_t hash[HASH_LEN];
	uint8_t key_id[HASH_LEN];
};

/* A wrap that comes with an entry, for the entry's device. */
struct env_key {
	char env[ENV_LEN_MAX + 1];
	uint8_t key_id[HASH_LEN];
};

/* The cuts that the entry has to have, of any of these heads. Its own are not
 * looked at. HEADS_CHANGED: more than an entry can hold. */
int policy_cuts(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n, struct cut_list *out);
/* True if the entry's device could not read the environment before it and can
 * behind it. */
bool
policy_gives(const struct members *m, const struct entry *e, const char *env);

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

/* A project's end, by an admin who knows the newest log. WRONG_PROJECT,
 * LOG_CHANGED, LOG_AUTHOR (not the requester, or no admin), REQUEST_TIME,
 * LOG_SIGNATURE, LOG_JOIN. */
int deletion_check(const struct members *m, const struct deletion *d,
    const char *requester, int64_t now_ms);

/* True if the newest record's data key may be used for the next version. */
bool policy_keeps_key(const struct members *m, const struct record *newest);

#endif
