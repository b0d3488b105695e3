/* SPDX-License-Identifier: MIT */
/*
 * keycache.h: the auth keys of projects that were seen lately, so that a
 * request costs one statement instead of two, and a bad signature none. What
 * it says is a claim: the SQL function that does the work is given `sealed`
 * and refuses (VE054) one that is not the project's any more.
 */
#ifndef VAULT_FCGI_KEY_KEYCACHE_H
#define VAULT_FCGI_KEY_KEYCACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "key/serverkey.h"

struct auth_key {
	uint8_t key[KEY_LEN];
	uint8_t sealed[SEALED_LEN]; /* as it lies in the database */
};

struct keycache;

/* Room for `max` projects, in locked memory; those not used for longest make
 * room. 0: none is kept. NULL: no memory. */
struct keycache *keycache_new(int max);
void keycache_free(struct keycache **k);

/* False: not known. *read_ms: when it was read from the database. The caller
 * wipes *out. */
bool keycache_get(struct keycache *k, const char project[UUID_LEN + 1],
    struct auth_key *out, int64_t *read_ms);
void keycache_put(struct keycache *k, const char project[UUID_LEN + 1],
    const struct auth_key *key, int64_t now_ms);
/* Wipes what is kept of a project. */
void keycache_drop(struct keycache *k, const char project[UUID_LEN + 1]);

#endif
