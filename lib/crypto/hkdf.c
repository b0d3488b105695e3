/* SPDX-License-Identifier: MIT */
/*
 * hkdf.c: HKDF-SHA256 (RFC 5869), over libgcrypt's HMAC since libgcrypt 1.10
 * has none. Must not know what its keys are for.
 */
#include "config.h"

#include <string.h>

#include "crypto/crypto.h"

/* T(i) = HMAC(prk, T(i-1) || info || i), RFC 5869 section 2.3. */
int
hkdf_expand_sha256(uint8_t *okm, size_t okm_len, const uint8_t prk[MAC_LEN],
    const void *info, size_t info_len)
{
	uint8_t *const start = okm;
	uint8_t block[MAC_LEN];
	struct blob input;
	size_t n;
	int r = 0;

	if (okm_len > 255 * MAC_LEN)
		return VAULTENV_ERR_INVALID;
	blob_init(&input, SIZE_MAX);
	for (uint8_t i = 1; okm_len > 0; i++) {
		if ((r = blob_append(&input, info, info_len)) != 0 ||
		    (r = blob_append(&input, &i, 1)) != 0 ||
		    (r = hmac_sha256(
			 block, prk, MAC_LEN, input.data, input.len)) != 0)
			break;
		n = okm_len < MAC_LEN ? okm_len : MAC_LEN;
		memcpy(okm, block, n);
		okm += n;
		okm_len -= n;
		input.len = 0;
		if ((r = blob_append(&input, block, MAC_LEN)) != 0)
			break;
	}
	if (r != 0)
		mem_wipe(start, (size_t)(okm - start));
	blob_reset(&input);
	mem_wipe(block, sizeof(block));
	return r;
}

int
hkdf_sha256(uint8_t *okm, size_t okm_len, const void *ikm, size_t ikm_len,
    const void *salt, size_t salt_len, const void *info, size_t info_len)
{
	/* RFC 5869 section 2.2: no salt is HashLen zeros. */
	static const uint8_t no_salt[HASH_LEN];
	uint8_t prk[MAC_LEN];
	int r;

	if (salt_len == 0) {
		salt = no_salt;
		salt_len = sizeof(no_salt);
	}
	if ((r = hmac_sha256(prk, salt, salt_len, ikm, ikm_len)) != 0)
		return r;
	r = hkdf_expand_sha256(okm, okm_len, prk, info, info_len);
	mem_wipe(prk, sizeof(prk));
	return r;
}
