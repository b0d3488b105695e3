/* SPDX-License-Identifier: MIT */
/*
 * identity.h: the two factors of protocol v2, VAULT_KEY and the device secret,
 * and all that follows from them. Both structs hold secrets: they belong into
 * secmem, and their owner wipes them by mem_wipe().
 */
#ifndef VAULT_IDENTITY_H
#define VAULT_IDENTITY_H

#include "crypto/curve.h"
#include "wire/mac.h"

#define VAULT_KEY_V2_LEN 169 /* vk_<project id>_<64 hex>_<64 hex> */

/* One VAULT_KEY: a generation. */
struct vault_key {
	char project[ID_LEN + 1];
	uint8_t secret[KEY_LEN];
	uint8_t anchor[HASH_LEN]; /* an entry of the log */
	uint8_t psk[KEY_LEN];
	uint8_t join_seed[SEED_LEN];
	uint8_t join[PUBLIC_KEY_LEN];
};

struct device {
	char project[ID_LEN + 1];
	char id[ID_LEN + 1];
	uint8_t secret[KEY_LEN];
	uint8_t sign_seed[SEED_LEN];
	uint8_t box_secret[SEED_LEN];
	uint8_t sign[PUBLIC_KEY_LEN];
	uint8_t box[PUBLIC_KEY_LEN];
};

/* True if a VAULT_KEY is of v2's form; every other one is v1's. */
bool vault_key_is_v2(const char *text);
/* KEY_FORM. */
int vault_key_read(struct vault_key *key, const char *text);
void
vault_key_write(char text[VAULT_KEY_V2_LEN + 1], const struct vault_key *key);
/* A new secret of the project, whose anchor is zero until there is one. */
int vault_key_make(struct vault_key *key, const char *project);
/* The same from a secret that was kept (~/.vault/<project id>.next). */
int vault_key_derive(
    struct vault_key *key, const char *project, const uint8_t secret[KEY_LEN]);
/* KEY_FORM. secret: 64 hex. */
int device_read(struct device *device, const char *project, const char *secret);

/* url: as it is used, scheme and host in lower case, without a default port
 * and without a slash at the end. */
int request_key_derive(uint8_t key[REQUEST_KEY_LEN],
    const struct vault_key *vault_key, const struct device *device,
    const char *url);
/* For the MAC of a cache, and of names that a removed device could read. */
int cache_key_derive(uint8_t key[KEY_LEN], const struct vault_key *vault_key,
    const struct device *device);

/* Append base64 of the statement and its signatures. The author's device signs,
 * and beside it the join key that is in force before an entry (a root's: its
 * own). INVALID: a statement of no good form. */
int entry_sign(struct blob *out, const struct entry *e,
    const struct device *author, const struct vault_key *key);
int record_sign(
    struct blob *out, const struct record *r, const struct device *author);
int registration_sign(struct blob *out, const struct registration *g,
    const struct device *device, const struct vault_key *key);
int deletion_sign(struct blob *out, const struct deletion *d,
    const struct device *author, const struct vault_key *key);

#endif
