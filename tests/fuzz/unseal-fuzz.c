/* SPDX-License-Identifier: MIT */
/*
 * unseal-fuzz.c: a blob that nobody sealed never opens, whether it comes as
 * base64 or as its bytes, and one that was sealed does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "vault/vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[KEY_LEN] = { 1, 2, 3 };
	struct blob text, plain;

	blob_init(&text, SIZE_MAX);
	blob_init(&plain, SIZE_MAX);
	if (unseal(&plain, key, (const char *)data, len) !=
	    VAULTENV_ERR_DECRYPT)
		abort();
	if (base64_encode(&text, data, len) != 0 ||
	    unseal(&plain, key, (char *)text.data, text.len) !=
		VAULTENV_ERR_DECRYPT)
		abort();
	text.len = 0;
	if (plain.len != 0 || seal(&text, key, data, len) != 0 ||
	    unseal(&plain, key, (char *)text.data, text.len) != 0 ||
	    plain.len != len || memcmp(plain.data, data, len) != 0)
		abort();
	/* one byte, chosen by the input, is another */
	plain.len = 0;
	text.data[len * 7 % text.len] ^= 1;
	if (unseal(&plain, key, (char *)text.data, text.len) !=
		VAULTENV_ERR_DECRYPT ||
	    plain.len != 0)
		abort();
	blob_reset(&text);
	blob_reset(&plain);
	return 0;
}
