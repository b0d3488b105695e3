/* SPDX-License-Identifier: MIT */
/*
 * keycache.h: the keys that verified requests lately, so that a request costs
 * one statement instead of two, and a bad signature none. Each has a name: of
 * protocol v1 the project's id, of v2 that, a space and the request id. What
 * it says is a claim: the SQL function that does the work is given `sealed`, or
 * the request id, and refuses one that is not in force any more.
 */
#ifndef VAULT_FCGI_KEY_KEYCACHE_H
#define VAULT_FCGI_KEY_KEYCACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/curve.h"
#include "key/serverkey.h"

#define KEYCACHE_NAME_MAX (UUID_LEN + 1 + 32)

struct auth_key {
	uint8_t key[KEY_LEN];
	uint8_t sealed[SEALED_LEN]; /* as it lies in the database */
	/* v2: whose it is */
	char device[UUID_LEN + 1];
	uint8_t sign_public[PUBLIC_KEY_LEN];
};

struct keycache;

/* Room for `max` keys, in locked memory; those not used for longest make
 * room. 0: none is kept. NULL: no memory. */
struct keycache *keycache_new(int max);
void keycache_free(struct keycache **k);

/* False: not known. *read_ms: when it was read from the database. The caller
 * wipes *out. */
bool keycache_get(struct keycache *k, const char *name, struct auth_key *out,
    int64_t *read_ms);
void keycache_put(struct keycache *k, const char *name,
    const struct auth_key *key, int64_t now_ms);
/* Wipes what is kept under a name. */
void keycache_drop(struct keycache *k, const char *name);

#endif
