/* SPDX-License-Identifier: MIT */
/*
 * policy.h: what an entry or a push has to bring with it beside itself: cuts
 * for what it takes away, wraps for what it gives. By the client before it
 * signs; the server has the same rules in SQL, in log_append.sql and
 * record_push.sql.
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

/* The cuts that the entry has to have, of any of these heads. Its own are not
 * looked at. HEADS_CHANGED: more than an entry can hold. */
int policy_cuts(const struct members *m, const struct entry *e,
    const struct env_head *heads, size_t n, struct cut_list *out);
/* True if the entry's device could not read the environment before it and can
 * behind it. */
bool
policy_gives(const struct members *m, const struct entry *e, const char *env);

/* True if the newest record's data key may be used for the next version. */
bool policy_keeps_key(const struct members *m, const struct record *newest);

#endif
