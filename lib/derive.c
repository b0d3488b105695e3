/* SPDX-License-Identifier: MIT */
/*
 * derive.c: HKDF-SHA256 (RFC 5869; libgcrypt 1.10 has none) and the two keys
 * that v1 derives from the vault key. Must not be linked into the server: that
 * it cannot derive the encryption key is a fact of its link.
 */
#include "config.h"

#include <string.h>

#include "internal.h"

/* T(i) = HMAC(prk, T(i-1) || info || i), RFC 5869 section 2.3. */
static int
expand(uint8_t *okm, size_t okm_len, const uint8_t prk[MAC_LEN],
    const void *info, size_t info_len)
{
	uint8_t block[MAC_LEN];
	struct blob input;
	size_t n;
	int r = 0;

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

	if (okm_len > 255 * MAC_LEN)
		return VAULTENV_ERR_INVALID;
	if (salt_len == 0) {
		salt = no_salt;
		salt_len = sizeof(no_salt);
	}
	if ((r = hmac_sha256(prk, salt, salt_len, ikm, ikm_len)) != 0)
		return r;
	r = expand(okm, okm_len, prk, info, info_len);
	mem_wipe(prk, sizeof(prk));
	if (r != 0)
		mem_wipe(okm, okm_len);
	return r;
}

int
derive_auth_key(uint8_t out[KEY_LEN], const char *vault_key)
{
	const size_t len = strlen(vault_key);

	if (len == 0)
		return VAULTENV_ERR_INVALID;
	return hkdf_sha256(out, KEY_LEN, vault_key, len, LABEL_AUTH_V1,
	    strlen(LABEL_AUTH_V1), NULL, 0);
}

/* An empty device secret is refused: it must not pass for none. */
int
derive_encryption_key(
    uint8_t out[KEY_LEN], const char *vault_key, const char *device_secret)
{
	const void *ikm = vault_key;
	size_t ikm_len = strlen(vault_key);
	uint8_t both[MAC_LEN];
	int r;

	if (ikm_len == 0 || (device_secret != NULL && *device_secret == '\0'))
		return VAULTENV_ERR_INVALID;
	if (device_secret != NULL) {
		r = hmac_sha256(both, vault_key, ikm_len, device_secret,
		    strlen(device_secret));
		if (r != 0)
			return r;
		ikm = both;
		ikm_len = sizeof(both);
	}
	r = hkdf_sha256(out, KEY_LEN, ikm, ikm_len, LABEL_ENCRYPT_V1,
	    strlen(LABEL_ENCRYPT_V1), NULL, 0);
	mem_wipe(both, sizeof(both));
	return r;
}
