/* SPDX-License-Identifier: MIT */
/*
 * curve.c: the two curves of protocol v2. The only file that knows libsodium:
 * libgcrypt's gcry_pk_verify() aborts the process for some public keys, takes
 * S + L for S, and is ten times slower. Must not know what is signed, nor keep
 * a key.
 */
#include "config.h"

#include <sodium.h>

#include "crypto/curve.h"

_Static_assert(SEED_LEN == crypto_sign_SEEDBYTES &&
		   SEED_LEN == crypto_scalarmult_SCALARBYTES,
    "one length of seeds and secrets");
_Static_assert(PUBLIC_KEY_LEN == crypto_sign_PUBLICKEYBYTES &&
		   PUBLIC_KEY_LEN == crypto_scalarmult_BYTES,
    "one length of public keys");
_Static_assert(SIGNATURE_LEN == crypto_sign_BYTES, "whole signatures");

/* Idempotent and thread-safe; chooses the code that suits the processor. */
static int
start(void)
{
	return sodium_init() < 0 ? VAULTENV_ERR_CRYPTO : 0;
}

/* libsodium's own form: the seed, and behind it the public key. */
static int
key_pair(uint8_t secret[crypto_sign_SECRETKEYBYTES],
    uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t seed[SEED_LEN])
{
	int r;

	if ((r = start()) != 0)
		return r;
	if (crypto_sign_seed_keypair(public_key, secret, seed) != 0)
		return VAULTENV_ERR_CRYPTO;
	return 0;
}

int
curve_sign_public(
    uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t seed[SEED_LEN])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	int r = key_pair(secret, public_key, seed);

	mem_wipe(secret, sizeof(secret));
	return r;
}

/* The public key is derived each time, 20 us: a signature under another one
 * than the seed's would give the seed away. */
int
curve_sign(uint8_t signature[SIGNATURE_LEN], const uint8_t seed[SEED_LEN],
    const void *data, size_t len)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[PUBLIC_KEY_LEN];
	int r;

	if ((r = key_pair(secret, public_key, seed)) == 0 &&
	    crypto_sign_detached(signature, NULL, data, len, secret) != 0)
		r = VAULTENV_ERR_CRYPTO;
	mem_wipe(secret, sizeof(secret));
	return r;
}

bool
curve_verify(const uint8_t public_key[PUBLIC_KEY_LEN], const void *data,
    size_t len, const uint8_t signature[SIGNATURE_LEN])
{
	return start() == 0 && crypto_sign_verify_detached(
				   signature, data, len, public_key) == 0;
}

int
curve_box_public(
    uint8_t public_key[PUBLIC_KEY_LEN], const uint8_t secret[SEED_LEN])
{
	int r;

	if ((r = start()) != 0)
		return r;
	return crypto_scalarmult_base(public_key, secret) == 0
		   ? 0
		   : VAULTENV_ERR_CRYPTO;
}

int
curve_x25519(uint8_t shared[PUBLIC_KEY_LEN], const uint8_t secret[SEED_LEN],
    const uint8_t public_key[PUBLIC_KEY_LEN])
{
	int r;

	if ((r = start()) != 0)
		return r;
	if (crypto_scalarmult(shared, secret, public_key) == 0)
		return 0;
	mem_wipe(shared, PUBLIC_KEY_LEN);
	return VAULTENV_ERR_INVALID;
}
