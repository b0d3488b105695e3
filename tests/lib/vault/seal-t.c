/* SPDX-License-Identifier: MIT */
/*
 * seal-t.c: the blobs of the reference client open, ours have its form, and
 * whatever else is in their place is refused without a trace of plaintext.
 */
#include "config.h"

#include "vectors.h"

#include "vault/vault.h"
#include "tap.h"

static const uint8_t key[KEY_LEN] = "0123456789abcdef0123456789abcde";

static void
test_vectors(void)
{
	struct json_object *list = vectors_load("decrypt");
	uint8_t derived[KEY_LEN];
	struct blob plain;
	size_t n = json_object_array_length(list);

	blob_init(&plain, 1 << 20);
	for (size_t i = 0; i < n; i++) {
		const char *want = vector_text(list, i, "plaintext_json");
		const char *text = vector_text(list, i, "blob_base64");

		derive_encryption_key(derived,
		    vector_text(list, i, "vault_key"),
		    vector_text(list, i, "device_secret"));
		plain.len = 0;
		ok(unseal(&plain, derived, text, strlen(text)) == 0 &&
			plain.len == vector_len(list, i, "plaintext_json") &&
			memcmp(plain.data, want, plain.len) == 0,
		    "decrypt vector %zu, %zu bytes", i, plain.len);
		derived[31] ^= 1;
		plain.len = 0;
		is_int(unseal(&plain, derived, text, strlen(text)),
		    VAULTENV_ERR_DECRYPT, "not with another key");
		ok(plain.len == 0, "and nothing comes out");
	}
	ok(n >= 9, "all the vectors were there");
	blob_reset(&plain);
	json_object_put(list);
}

static void
test_round_trip(void)
{
	struct blob text, plain, again;
	char data[1000];
	int wrong = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	blob_init(&text, 10000);
	blob_init(&plain, 10000);
	blob_init(&again, 10000);
	for (size_t len = 0; len <= sizeof(data); len += len < 40 ? 1 : 97) {
		text.len = plain.len = 0;
		wrong += seal(&text, key, data, len) != 0;
		wrong += text.len != BASE64_LEN(SEAL_OVERHEAD + len);
		wrong += unseal(&plain, key, (char *)text.data, text.len) != 0;
		wrong += plain.len != len || plain.data == NULL;
		wrong += len > 0 && memcmp(plain.data, data, len) != 0;
	}
	is_int(wrong, 0, "what is sealed comes back");
	seal(&again, key, data, plain.len);
	ok(again.len == text.len &&
		memcmp(again.data, text.data, text.len) != 0,
	    "sealed again it looks different");
	plain.max = plain.len;
	is_int(unseal(&plain, key, (char *)again.data, again.len),
	    VAULTENV_ERR_INVALID, "the output's maximum holds");
	blob_reset(&text);
	blob_reset(&plain);
	blob_reset(&again);
}

/* iv || tag || ciphertext as bytes, for taking to pieces. */
static size_t
make_raw(uint8_t *raw, const char *text)
{
	struct blob sealed, bytes;
	size_t len;

	blob_init(&sealed, 1000);
	blob_init(&bytes, 1000);
	seal(&sealed, key, text, strlen(text));
	base64_decode(&bytes, (char *)sealed.data, sealed.len);
	memcpy(raw, bytes.data, bytes.len);
	len = bytes.len;
	blob_reset(&sealed);
	blob_reset(&bytes);
	return len;
}

/* 0: refused as it should be, output blank. */
static int
opens(const uint8_t *raw, size_t len)
{
	struct blob text, plain;
	int n;

	blob_init(&text, 1000);
	blob_init(&plain, 1000);
	base64_encode(&text, raw, len);
	n = unseal(&plain, key, (char *)text.data, text.len) !=
	    VAULTENV_ERR_DECRYPT;
	n += plain.len != 0;
	for (size_t i = 0; plain.data != NULL && i + SEAL_OVERHEAD < len; i++)
		n += plain.data[i] != 0;
	blob_reset(&text);
	blob_reset(&plain);
	return n;
}

static void
test_damage(void)
{
	static const char text[] = "{\"NAME\":\"val\"}";
	uint8_t raw[100], other[100];
	size_t len = make_raw(raw, text);
	int n = 0;

	is_int((intmax_t)len, SEAL_OVERHEAD + 14, "the length is known");
	ok(opens(raw, len) != 0, "undamaged it opens");
	for (size_t i = 0; i < 8 * len; i++) {
		memcpy(other, raw, len);
		other[i / 8] ^= (uint8_t)(1 << i % 8);
		n += opens(other, len);
	}
	is_int(n, 0, "a flipped bit anywhere is refused");
	for (size_t i = 0; i < len; i++)
		n += opens(raw, i);
	is_int(n, 0, "so is every beginning of it");
	memcpy(other, raw, len);
	other[len] = 0;
	is_int(opens(other, len + 1), 0, "and a byte more");
	n = 0;
	for (size_t tag = 0; tag <= 33; tag++) {
		if (tag == TAG_LEN)
			continue;
		memset(other, 0, sizeof(other));
		memcpy(other, raw, IV_LEN + (tag < TAG_LEN ? tag : TAG_LEN));
		memcpy(other + IV_LEN + tag, raw + SEAL_OVERHEAD,
		    len - SEAL_OVERHEAD);
		n += opens(other, len - TAG_LEN + tag);
	}
	is_int(n, 0, "a tag of any length to 33 but 16 is refused");
}

static void
test_text(void)
{
	struct blob text, plain;
	int n = 0;

	blob_init(&text, 1000);
	blob_init(&plain, 1000);
	seal(&text, key, "{}", 2); /* 30 bytes: no padding */
	ok(unseal(&plain, key, (char *)text.data, text.len) == 0, "it opens");
	plain.len = 0;
	is_int(unseal(&plain, key, "", 0), VAULTENV_ERR_DECRYPT, "no text");
	is_int(unseal(&plain, key, "not base64!", 11), VAULTENV_ERR_DECRYPT,
	    "not base64");
	for (size_t len = 0; len < text.len; len++)
		n += unseal(&plain, key, (char *)text.data, len) !=
		     VAULTENV_ERR_DECRYPT;
	is_int(n, 0, "a text cut short");
	blob_append_str(&text, "\n");
	is_int(unseal(&plain, key, (char *)text.data, text.len),
	    VAULTENV_ERR_DECRYPT, "a line break at its end");
	text.len--;
	blob_append_str(&text, "====");
	is_int(unseal(&plain, key, (char *)text.data, text.len),
	    VAULTENV_ERR_DECRYPT, "padding at its end");
	is_int((intmax_t)plain.len, 0, "and nothing came out");
	blob_reset(&text);
	blob_reset(&plain);
}

int
main(void)
{
	test_vectors();
	test_round_trip();
	test_damage();
	test_text();
	return tap_done();
}
