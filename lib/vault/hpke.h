/* SPDX-License-Identifier: MIT */
/*
 * hpke.h: HPKE (RFC 9180), mode_psk, single shot, with DHKEM(X25519,
 * HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
 */
#ifndef VAULT_HPKE_H
#define VAULT_HPKE_H

#include "crypto/crypto.h"
#include "crypto/curve.h"

#define HPKE_OVERHEAD (PUBLIC_KEY_LEN + TAG_LEN)

/* What both sides know besides the keys of the curve. */
struct hpke_context {
	const void *info;
	size_t info_len;
	const uint8_t *psk; /* KEY_LEN bytes */
	const void *psk_id;
	size_t psk_id_len;
	const void *aad;
	size_t aad_len;
};

/* out: HPKE_OVERHEAD + len bytes, enc || ciphertext || tag. INVALID: the public
 * key is of low order. */
int hpke_seal(uint8_t *out, const uint8_t public_key[PUBLIC_KEY_LEN],
    const struct hpke_context *context, const void *plain, size_t len);
/* out: len - HPKE_OVERHEAD bytes. public_key is the secret's. INVALID: enc is
 * of low order. DECRYPT. */
int hpke_open(uint8_t *out, const uint8_t secret[SEED_LEN],
    const uint8_t public_key[PUBLIC_KEY_LEN],
    const struct hpke_context *context, const uint8_t *box, size_t len);

#endif
