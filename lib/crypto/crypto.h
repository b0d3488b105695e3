/* SPDX-License-Identifier: MIT */
/*
 * crypto/: the primitives, every length pinned. The only room that calls
 * libgcrypt. Returns 0 or an enum vaultenv_status; the caller writes the
 * sentence.
 */
#ifndef VAULTENV_CRYPTO_H
#define VAULTENV_CRYPTO_H

#include "base/base.h"

#define ALGO_HASH     GCRY_MD_SHA256
#define ALGO_MAC      GCRY_MD_SHA256 /* HMAC over it */
#define ALGO_CIPHER   GCRY_CIPHER_AES256

#define HASH_LEN      32 /* SHA-256 */
#define MAC_LEN       32 /* HMAC-SHA256 */
#define KEY_LEN       32 /* AES-256, and every key that HMAC takes */
#define IV_LEN        12 /* SP 800-38D 5.2.1.1 */
#define TAG_LEN       16 /* SP 800-38D, full tag only */
#define SEAL_OVERHEAD (IV_LEN + TAG_LEN) /* of iv || tag || ciphertext */

/* ---- crypto.c: libgcrypt's start, HMAC, hash, random, lengths pinned ---- */

/* Idempotent and thread-safe; called by all below and by aead.c. CRYPTO. */
int crypto_init(void);
int hmac_sha256(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len);
/* The same over two pieces one after the other. key_len must not be 0. */
int hmac_sha256_2(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len, const void *data2, size_t len2);
int sha256(uint8_t out[HASH_LEN], const void *data, size_t len);
int random_bytes(void *out, size_t len);

/* ---- hkdf.c: HKDF-SHA256 (RFC 5869), which libgcrypt 1.10 lacks ---- */

/* salt may be empty, info too; okm_len at most 255 * 32. */
int hkdf_sha256(uint8_t *okm, size_t okm_len, const void *ikm, size_t ikm_len,
    const void *salt, size_t salt_len, const void *info, size_t info_len);

/* Its second half alone, from a key that was extracted. */
int hkdf_expand_sha256(uint8_t *okm, size_t okm_len, const uint8_t prk[MAC_LEN],
    const void *info, size_t info_len);

/* ---- aead.c: AES-256-GCM (SP 800-38D), every length pinned ---- */

/* out: len bytes of ciphertext; tag separate. A fresh random iv is made
 * here. */
int aead_encrypt(uint8_t iv[IV_LEN], uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const void *aad, size_t aad_len, const void *in,
    size_t len);
/* The same with an iv that the key was derived with: for a key that seals one
 * message and no other (RFC 9180 5.2). */
int aead_encrypt_once(uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);
/* DECRYPT whatever part is wrong; out is then wiped. */
int aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN],
    const uint8_t iv[IV_LEN], const uint8_t tag[TAG_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);

#endif /* VAULTENV_CRYPTO_H */
