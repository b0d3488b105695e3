/* SPDX-License-Identifier: MIT */
/*
 * curve.h: Ed25519 (RFC 8032) and X25519 (RFC 7748), by libsodium. Secrets stay
 * the caller's to wipe.
 */
#ifndef CRYPTO_CURVE_H
#define CRYPTO_CURVE_H

#include "base/base.h"

#define SEED_LEN       32 /* of Ed25519, and a secret of X25519 */
#define PUBLIC_KEY_LEN 32
#define SIGNATURE_LEN  64

/* All but curve_verify(): 0, or CRYPTO where libsodium cannot start. */
int curve_sign_public(
    uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t seed[SEED_LEN]);
int curve_sign(uint8_t signature[SIGNATURE_LEN], const uint8_t seed[SEED_LEN],
    const void *data, size_t len);
/* Refuses S >= L, a public key that is not canonical, and points of small
 * order. */
bool curve_verify(const uint8_t public_key[PUBLIC_KEY_LEN], const void *data,
    size_t len, const uint8_t signature[SIGNATURE_LEN]);
int curve_box_public(
    uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t secret[SEED_LEN]);
/* INVALID: a public key of low order, whose result is all zeros. */
int curve_x25519(uint8_t shared[PUBLIC_KEY_LEN], const uint8_t secret[SEED_LEN],
    const uint8_t public_key[PUBLIC_KEY_LEN]);

#endif
