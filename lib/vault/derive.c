/* SPDX-License-Identifier: MIT */
/*
 * derive.c: the two keys that v1 derives from the vault key. Must not be linked
 * into the server: that it cannot derive the encryption key is a fact of its
 * link.
 */
#include "config.h"

#include <string.h>

#include "vault/vault.h"

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
