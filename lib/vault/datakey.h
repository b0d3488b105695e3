/* SPDX-License-Identifier: MIT */
/*
 * datakey.h: data keys of protocol v2: 32 random bytes of one environment,
 * known in public by their key id, wrapped for each device, and what is
 * encrypted under them. And the chain that leads from a VAULT_KEY to the ones
 * before it.
 */
#ifndef VAULT_DATAKEY_H
#define VAULT_DATAKEY_H

#include "trust/bundle.h"
#include "trust/members.h"
#include "vault/identity.h"

#define CONTENT_STEP 1024 /* plaintexts are a multiple of it */

/* Of which environment, and of which project. */
struct place {
	const char *project;
	const char *env;
};

/* Public; commits to the data key. */
int data_key_id(uint8_t id[HASH_LEN], const struct place *place,
    const uint8_t data_key[KEY_LEN]);

/* What of a VAULT_KEY goes into a wrap. */
struct psk {
	uint8_t key[KEY_LEN];
	const uint8_t *join; /* its join key; borrowed */
};

/* Fills w, generation aside. LOW_ORDER. */
int wrap_seal(struct wrap *w, const struct place *place,
    const uint8_t data_key[KEY_LEN], const char *device,
    const uint8_t box[PUBLIC_KEY_LEN], const struct psk *psk);
/* LOW_ORDER, WRAP_OPEN, KEY_COMMITMENT: it holds another key than key_id, the
 * record's, says. */
int wrap_open(uint8_t data_key[KEY_LEN], const struct wrap *w,
    const struct place *place, const uint8_t key_id[HASH_LEN],
    const struct device *device, const struct psk *psk);

/* Appends iv || tag || ciphertext of text and spaces up to the next
 * CONTENT_STEP. */
int content_seal(struct blob *out, const struct place *place, int64_t version,
    const uint8_t data_key[KEY_LEN], const void *text, size_t len);
/* BLOB_OPEN. */
int content_open(struct blob *plain, const struct place *place, int64_t version,
    const uint8_t data_key[KEY_LEN], const uint8_t *box, size_t len);

/* What a rotation to new_key seals of the one before it. */
int chain_seal(uint8_t sealed[OLD_PSK_LEN], const struct vault_key *new_key,
    const struct vault_key *old_key);
/* The psk of a generation, gone back to from key's. WRAP_OPEN: key is none of
 * the log's, or older than that; LOG_ROTATE: the chain does not open. */
int chain_open(struct psk *out, const struct members *m,
    const struct vault_key *key, int64_t generation);

#endif
