/* SPDX-License-Identifier: MIT */
/*
 * aead.c: AES-256-GCM (SP 800-38D) on bytes, one message a handle, because
 * libgcrypt lets one be used again with its old iv. The iv is made here, but
 * for a key that is good for one message; the tag is always whole, because it
 * accepts a short one. Must not know where keys come from or how the parts are
 * written down.
 */
#include "config.h"

#include <gcrypt.h>

#include "crypto/crypto.h"

/* SP 800-38D 5.2.1.1: 2^39 - 256 bits of plaintext. */
#define PLAIN_MAX ((UINT64_C(1) << 36) - 32)

/* A handle with key, iv and additional data; NULL: libgcrypt failed. */
static gcry_cipher_hd_t
start(const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len)
{
	gcry_cipher_hd_t h = NULL;

	if (crypto_init() != 0 ||
	    gcry_cipher_open(&h, ALGO_CIPHER, GCRY_CIPHER_MODE_GCM, 0) != 0)
		return NULL;
	if (gcry_cipher_setkey(h, key, KEY_LEN) != 0 ||
	    gcry_cipher_setiv(h, iv, IV_LEN) != 0)
		goto fail;
	if (aad_len > 0 && gcry_cipher_authenticate(h, aad, aad_len) != 0)
		goto fail;
	return h;
fail:
	gcry_cipher_close(h);
	return NULL;
}

int
aead_encrypt_once(uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len)
{
	gcry_cipher_hd_t h = NULL;
	int r = VAULTENV_ERR_CRYPTO;

	if (len > PLAIN_MAX)
		return VAULTENV_ERR_INVALID;
	if ((h = start(key, iv, aad, aad_len)) == NULL)
		goto out;
	if (len > 0 && gcry_cipher_encrypt(h, out, len, in, len) != 0)
		goto out;
	if (gcry_cipher_gettag(h, tag, TAG_LEN) != 0)
		goto out;
	r = 0;
out:
	gcry_cipher_close(h);
	if (r != 0)
		mem_wipe(out, len);
	return r;
}

int
aead_encrypt(uint8_t iv[IV_LEN], uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const void *aad, size_t aad_len, const void *in,
    size_t len)
{
	int r;

	if ((r = random_bytes(iv, IV_LEN)) != 0)
		return r;
	return aead_encrypt_once(tag, out, key, iv, aad, aad_len, in, len);
}

/* The plaintext is in out before the tag is checked (SP 800-38D 7.2). */
int
aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN],
    const uint8_t tag[TAG_LEN], const void *aad, size_t aad_len, const void *in,
    size_t len)
{
	gcry_cipher_hd_t h = NULL;
	uint8_t want[TAG_LEN];
	int r = VAULTENV_ERR_DECRYPT;

	if (len > PLAIN_MAX)
		goto out;
	if ((h = start(key, iv, aad, aad_len)) == NULL) {
		r = VAULTENV_ERR_CRYPTO;
		goto out;
	}
	if (len > 0 && gcry_cipher_decrypt(h, out, len, in, len) != 0)
		goto out;
	if (gcry_cipher_gettag(h, want, TAG_LEN) != 0 ||
	    !mem_equal(want, tag, TAG_LEN))
		goto out;
	r = 0;
out:
	gcry_cipher_close(h);
	mem_wipe(want, sizeof(want));
	if (r != 0)
		mem_wipe(out, len);
	return r;
}
