/* SPDX-License-Identifier: MIT */
/*
 * seal.c: the blob of v1, base64(iv || tag || ciphertext), as it is pushed,
 * pulled and cached. Must not be linked into the server, and must not look into
 * the plaintext.
 */
#include "config.h"

#include "vault/vault.h"

/* iv || tag || ciphertext */
#define TAG_AT  IV_LEN
#define TEXT_AT SEAL_OVERHEAD

int
seal(struct blob *out_base64, const uint8_t key[KEY_LEN], const void *plain,
    size_t len)
{
	struct blob raw;
	int r;

	blob_init(&raw, SIZE_MAX);
	if (len > SIZE_MAX / 2) {
		r = VAULTENV_ERR_INVALID;
		goto out;
	}
	if ((r = blob_reserve(&raw, SEAL_OVERHEAD + len)) != 0)
		goto out;
	if ((r = aead_encrypt(raw.data, raw.data + TAG_AT, raw.data + TEXT_AT,
		 key, NULL, 0, plain, len)) != 0)
		goto out;
	r = base64_encode(out_base64, raw.data, SEAL_OVERHEAD + len);
out:
	blob_reset(&raw);
	return r;
}

int
unseal(struct blob *out_plain, const uint8_t key[KEY_LEN], const char *base64,
    size_t len)
{
	struct blob raw;
	size_t text_len;
	int r;

	blob_init(&raw, SIZE_MAX);
	r = base64_decode(&raw, base64, len);
	if (r == VAULTENV_ERR_INVALID || (r == 0 && raw.len < SEAL_OVERHEAD))
		r = VAULTENV_ERR_DECRYPT;
	if (r != 0)
		goto out;
	text_len = raw.len - SEAL_OVERHEAD;
	if ((r = blob_reserve(out_plain, text_len)) != 0)
		goto out;
	if ((r = aead_decrypt(out_plain->data + out_plain->len, key, raw.data,
		 raw.data + TAG_AT, NULL, 0, raw.data + TEXT_AT, text_len)) !=
	    0)
		goto out;
	out_plain->len += text_len;
out:
	blob_reset(&raw);
	return r;
}
