/* SPDX-License-Identifier: MIT */
/*
 * vault/: what holds or opens secrets: keys and sealed blobs. The client's
 * alone: vault.fcgi never links a function of this room (tests/style/link.t).
 */
#ifndef VAULTENV_VAULT_H
#define VAULTENV_VAULT_H

#include "wire/wire.h"

/* ---- key.c: VAULT_KEY and device secret ---- */

#define SECRET_FAULT_TEXT 64

/* Splits vk_<id>_<secret>; both parts non-empty. Borrowed from key. INVALID. */
int key_parse(
    const char *key, const char **id, size_t *id_len, const char **secret);
/* NULL, or why key cannot be VAULT_KEY: words that follow a colon. */
const char *key_fault(const char *key);
/*
 * out: the secret as it is hashed, 64 lower-case hex and a NUL, of text in
 * either case and with white space around it. INVALID: fault is words that
 * follow a colon.
 */
int device_secret_parse(char out[VAULTENV_DEVICE_SECRET_LEN + 1],
    const char *text, char fault[SECRET_FAULT_TEXT]);
/* out: 64 hex and a NUL. */
int device_secret_generate(char out[VAULTENV_DEVICE_SECRET_LEN + 1]);
int device_hash(char out[2 * HASH_LEN + 1], const char *device_secret);

/* ---- derive.c: the two keys of v1 ---- */

int derive_auth_key(uint8_t out[KEY_LEN], const char *vault_key);
/* device_secret NULL: the vault key alone. */
int derive_encryption_key(
    uint8_t out[KEY_LEN], const char *vault_key, const char *device_secret);

/* ---- seal.c: the v1 blob, base64(iv || tag || ciphertext), no AAD ---- */

int seal(struct blob *out_base64, const uint8_t key[KEY_LEN], const void *plain,
    size_t len);
/* DECRYPT: not base64, too short, or does not authenticate. */
int unseal(struct blob *out_plain, const uint8_t key[KEY_LEN],
    const char *base64, size_t len);

#endif /* VAULTENV_VAULT_H */
