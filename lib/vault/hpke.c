/* SPDX-License-Identifier: MIT */
/*
 * hpke.c: see hpke.h. The ephemeral key is made here, by random_bytes(). Names
 * are the RFC's. Must not know what is sealed, nor for whom.
 */
#include "config.h"

#include <string.h>

#include "vault/hpke.h"

#define MODE_PSK 1
#define TEXT_MAX ((size_t)1 << 16)

/* RFC 9180 4.1 and 5.1: suite_id, with kem 0x0020, kdf 0x0001, aead 0x0002. */
static const struct suite {
	uint8_t id[10];
	size_t len;
} kem_suite = { "KEM\x00\x20", 5 },
  hpke_suite = { "HPKE\x00\x20\x00\x01\x00\x02", 10 };

/* The key and nonce of one message. */
struct schedule {
	uint8_t key[KEY_LEN];
	uint8_t nonce[IV_LEN];
};

static int
labeled(struct blob *text, const struct suite *suite, const char *label,
    const void *data, size_t len)
{
	int r;

	if ((r = blob_append_str(text, "HPKE-v1")) != 0 ||
	    (r = blob_append(text, suite->id, suite->len)) != 0 ||
	    (r = blob_append_str(text, label)) != 0)
		return r;
	return blob_append(text, data, len);
}

/* salt NULL: none, which is HashLen zeros (RFC 5869 2.2). */
static int
labeled_extract(uint8_t prk[MAC_LEN], const struct suite *suite,
    const uint8_t *salt, const char *label, const void *ikm, size_t len)
{
	static const uint8_t zeros[MAC_LEN];
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = labeled(&text, suite, label, ikm, len)) == 0)
		r = hmac_sha256(prk, salt == NULL ? zeros : salt, MAC_LEN,
		    text.data, text.len);
	blob_reset(&text);
	return r;
}

static int
labeled_expand(uint8_t *okm, size_t okm_len, const struct suite *suite,
    const uint8_t prk[MAC_LEN], const char *label, const void *info, size_t len)
{
	const uint8_t length[2] = { (uint8_t)(okm_len >> 8), (uint8_t)okm_len };
	struct blob text;
	int r;

	blob_init(&text, TEXT_MAX);
	if ((r = blob_append(&text, length, sizeof(length))) == 0 &&
	    (r = labeled(&text, suite, label, info, len)) == 0)
		r = hkdf_expand_sha256(okm, okm_len, prk, text.data, text.len);
	blob_reset(&text);
	return r;
}

/* RFC 9180 4.1: ExtractAndExpand(dh, enc || pkRm). */
static int
shared_secret(uint8_t out[MAC_LEN], const uint8_t dh[PUBLIC_KEY_LEN],
    const uint8_t enc[PUBLIC_KEY_LEN], const uint8_t pk[PUBLIC_KEY_LEN])
{
	uint8_t prk[MAC_LEN], kem_context[2 * PUBLIC_KEY_LEN];
	int r;

	memcpy(kem_context, enc, PUBLIC_KEY_LEN);
	memcpy(kem_context + PUBLIC_KEY_LEN, pk, PUBLIC_KEY_LEN);
	r = labeled_extract(
	    prk, &kem_suite, NULL, "eae_prk", dh, PUBLIC_KEY_LEN);
	if (r == 0)
		r = labeled_expand(out, MAC_LEN, &kem_suite, prk,
		    "shared_secret", kem_context, sizeof(kem_context));
	mem_wipe(prk, sizeof(prk));
	return r;
}

/* RFC 9180 5.1: KeySchedule. */
static int
key_schedule(struct schedule *out, const uint8_t shared[MAC_LEN],
    const struct hpke_context *c)
{
	uint8_t context[1 + 2 * MAC_LEN] = { MODE_PSK };
	uint8_t secret[MAC_LEN];
	int r;

	if ((r = labeled_extract(context + 1, &hpke_suite, NULL, "psk_id_hash",
		 c->psk_id, c->psk_id_len)) != 0 ||
	    (r = labeled_extract(context + 1 + MAC_LEN, &hpke_suite, NULL,
		 "info_hash", c->info, c->info_len)) != 0 ||
	    (r = labeled_extract(secret, &hpke_suite, shared, "secret", c->psk,
		 KEY_LEN)) != 0 ||
	    (r = labeled_expand(out->key, KEY_LEN, &hpke_suite, secret, "key",
		 context, sizeof(context))) != 0)
		goto out;
	r = labeled_expand(out->nonce, IV_LEN, &hpke_suite, secret,
	    "base_nonce", context, sizeof(context));
out:
	mem_wipe(secret, sizeof(secret));
	return r;
}

/* INVALID: the other's public key is of low order. */
static int
schedule(struct schedule *out, const uint8_t secret[SEED_LEN],
    const uint8_t other[PUBLIC_KEY_LEN], const uint8_t enc[PUBLIC_KEY_LEN],
    const uint8_t pk[PUBLIC_KEY_LEN], const struct hpke_context *context)
{
	uint8_t dh[PUBLIC_KEY_LEN], shared[MAC_LEN];
	int r;

	if ((r = curve_x25519(dh, secret, other)) == 0 &&
	    (r = shared_secret(shared, dh, enc, pk)) == 0)
		r = key_schedule(out, shared, context);
	mem_wipe(dh, sizeof(dh));
	mem_wipe(shared, sizeof(shared));
	return r;
}

int
hpke_seal(uint8_t *out, const uint8_t public_key[PUBLIC_KEY_LEN],
    const struct hpke_context *context, const void *plain, size_t len)
{
	uint8_t *ciphertext = out + PUBLIC_KEY_LEN;
	uint8_t ephemeral[SEED_LEN];
	struct schedule s;
	int r;

	if ((r = random_bytes(ephemeral, sizeof(ephemeral))) != 0 ||
	    (r = curve_box_public(out, ephemeral)) != 0 ||
	    (r = schedule(
		 &s, ephemeral, public_key, out, public_key, context)) != 0)
		goto out;
	r = aead_encrypt_once(ciphertext + len, ciphertext, s.key, s.nonce,
	    context->aad, context->aad_len, plain, len);
out:
	mem_wipe(ephemeral, sizeof(ephemeral));
	mem_wipe(&s, sizeof(s));
	return r;
}

int
hpke_open(uint8_t *out, const uint8_t secret[SEED_LEN],
    const uint8_t public_key[PUBLIC_KEY_LEN],
    const struct hpke_context *context, const uint8_t *box, size_t len)
{
	const uint8_t *ciphertext = box + PUBLIC_KEY_LEN;
	struct schedule s;
	size_t text_len;
	int r;

	if (len < HPKE_OVERHEAD)
		return VAULTENV_ERR_DECRYPT;
	text_len = len - HPKE_OVERHEAD;
	if ((r = schedule(&s, secret, box, box, public_key, context)) == 0)
		r = aead_decrypt(out, s.key, s.nonce, ciphertext + text_len,
		    context->aad, context->aad_len, ciphertext, text_len);
	mem_wipe(&s, sizeof(s));
	return r;
}
