/* SPDX-License-Identifier: MIT */
/*
 * serverkey.h: the key under which auth keys lie in the database, so that a
 * copy of the database can sign nothing.
 */
#ifndef VAULT_FCGI_KEY_SERVERKEY_H
#define VAULT_FCGI_KEY_SERVERKEY_H

#include <stdint.h>

#include "common/why.h"
#include "crypto/crypto.h"
#include "key/keyfile.h"

#define SERVERKEY_ID_LEN 16
#define SEALED_LEN       (SEAL_OVERHEAD + KEY_LEN) /* 60 */
#define UUID_LEN         36

/* Lives in secmem: locked, not dumped, zero in a forked child. */
struct serverkey {
	uint8_t key[KEY_LEN];
	uint8_t id[SERVERKEY_ID_LEN];
};

/* NULL with a sentence in why. */
struct serverkey *serverkey_load(const char *path, char why[WHY_MAX]);
/* A new random key and its file's text (64 hex, newline, NUL; wipe it). */
struct serverkey *serverkey_generate(char text[2 * KEY_LEN + 2]);
void serverkey_free(struct serverkey **k);

/* What a sealed key belongs to, bound as AAD: a project's auth key, or a
 * request key of one of its devices. */
struct key_owner {
	const char *project;       /* ids: texts */
	const char *device;        /* NULL: an auth key */
	const uint8_t *request_id; /* of a request key */
};

/* iv | tag | ciphertext. 0 or negative. */
int serverkey_seal(const struct serverkey *k, uint8_t out[SEALED_LEN],
    const uint8_t key[KEY_LEN], const struct key_owner *owner);
int serverkey_open(const struct serverkey *k, uint8_t key[KEY_LEN],
    const uint8_t *sealed, size_t len, const struct key_owner *owner);

#endif
