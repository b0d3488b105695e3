/* SPDX-License-Identifier: MIT */
/*
 * derive-t.c: HKDF by RFC 5869, and the keys that the reference client derives.
 */
#include "config.h"

#include "vectors.h"

#include "vault/vault.h"
#include "tap.h"

static void
check_hkdf(const char *name, const uint8_t *ikm, size_t ikm_len,
    const uint8_t *salt, size_t salt_len, const uint8_t *info, size_t info_len,
    const char *want)
{
	uint8_t okm[256];
	char text[2 * sizeof(okm) + 1];
	size_t len = strlen(want) / 2;

	memset(okm, 0x55, sizeof(okm));
	is_int(
	    hkdf_sha256(okm, len, ikm, ikm_len, salt, salt_len, info, info_len),
	    0, name);
	hex_encode(text, okm, len);
	is_str(text, want, name);
	ok(okm[len] == 0x55, "not a byte more");
}

/* RFC 5869 appendix A.1 to A.3: those with SHA-256. */
static void
test_rfc5869(void)
{
	uint8_t bytes[256], ikm[22];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memset(ikm, 0x0b, sizeof(ikm));
	check_hkdf("RFC 5869 test case 1", ikm, 22, bytes, 13, bytes + 0xf0, 10,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865");
	check_hkdf("RFC 5869 test case 2", bytes, 80, bytes + 0x60, 80,
	    bytes + 0xb0, 80,
	    "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	    "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	    "cc30c58179ec3e87c14c01d5c1f3434f1d87");
	check_hkdf("RFC 5869 test case 3", ikm, 22, NULL, 0, NULL, 0,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8");
}

static void
test_lengths(void)
{
	uint8_t *okm = calloc(1, 255 * 32 + 1), hash[HASH_LEN], ikm[22];
	uint8_t prefix[255];
	char text[2 * HASH_LEN + 1];
	int wrong = 0;

	memset(ikm, 0x0b, sizeof(ikm));
	is_int(hkdf_sha256(okm, 255 * 32, ikm, 22, NULL, 0, NULL, 0), 0,
	    "255 blocks are the most");
	sha256(hash, okm, 255 * 32);
	hex_encode(text, hash, sizeof(hash));
	is_str(text, /* by Python's hmac */
	    "35741a9b515760e7e640f60e9d8657af4d09e63be63e55b1b31ca0535721ab80",
	    "and right to the last");
	is_int(hkdf_sha256(okm, 255 * 32 + 1, ikm, 22, NULL, 0, NULL, 0),
	    VAULTENV_ERR_INVALID, "a byte more is refused");
	for (size_t len = 0; len <= sizeof(prefix); len++) {
		if (hkdf_sha256(prefix, len, ikm, 22, NULL, 0, NULL, 0) != 0 ||
		    memcmp(prefix, okm, len) != 0)
			wrong++;
	}
	is_int(wrong, 0, "a shorter key is the beginning of a longer one");
	free(okm);
}

/* HKDF's IKM when a vector mixes the device secret into it. */
static void
mixed(uint8_t out[MAC_LEN], const char *key, const char *device_secret)
{
	hmac_sha256(
	    out, key, strlen(key), device_secret, strlen(device_secret));
}

static void
test_vectors(void)
{
	struct json_object *list = vectors_load("derive");
	uint8_t key[KEY_LEN], ikm[MAC_LEN];
	char text[2 * KEY_LEN + 1];
	size_t n = json_object_array_length(list);
	size_t n_seen = 0;

	for (size_t i = 0; i < n; i++) {
		const char *vault_key = vector_text(list, i, "vault_key");
		const char *secret = vector_text(list, i, "device_secret");
		const char *salt = vector_text(list, i, "salt");
		int r;

		if (strcmp(salt, LABEL_ENCRYPT_V1) == 0) {
			r = derive_encryption_key(key, vault_key, secret);
		} else if (secret == NULL) {
			r = derive_auth_key(key, vault_key);
		} else {
			/* v1 never mixes the device into the auth key; the
			 * vector only shows what HKDF would make of it. */
			mixed(ikm, vault_key, secret);
			r = hkdf_sha256(key, KEY_LEN, ikm, sizeof(ikm), salt,
			    strlen(salt), NULL, 0);
		}
		hex_encode(text, key, KEY_LEN);
		ok(r == 0, "derive vector %zu (%s)", i, salt);
		is_str(text, vector_text(list, i, "key_hex"), "its key");
		n_seen++;
	}
	ok(n_seen >= 12, "all the vectors were there");
	json_object_put(list);
}

static void
test_refusals(void)
{
	uint8_t key[KEY_LEN], other[KEY_LEN];

	is_int(derive_auth_key(key, ""), VAULTENV_ERR_INVALID,
	    "no auth key from an empty vault key");
	is_int(derive_encryption_key(key, "", NULL), VAULTENV_ERR_INVALID,
	    "nor an encryption key");
	is_int(derive_encryption_key(key, "vk_a_b", ""), VAULTENV_ERR_INVALID,
	    "an empty device secret does not pass for none");
	derive_auth_key(key, "vk_a_b");
	derive_encryption_key(other, "vk_a_b", NULL);
	ok(!mem_equal(key, other, KEY_LEN), "the two keys are two");
	derive_encryption_key(key, "vk_a_b", "00");
	ok(!mem_equal(key, other, KEY_LEN), "and a device makes a third");
}

int
main(void)
{
	test_rfc5869();
	test_lengths();
	test_vectors();
	test_refusals();
	return tap_done();
}
