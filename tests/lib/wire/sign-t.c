/* SPDX-License-Identifier: MIT */
/*
 * sign-t.c: the reference client's signatures are made and verified, one form
 * of the header is taken, and nothing else verifies.
 */
#include "config.h"

#include "vectors.h"

#include "vault/vault.h"
#include "tap.h"

#define TIME 1711187650872
#define GOOD                                                                   \
	"v=1711187650872,d=56d9aa31682895bad607642fbc8b9c14"                   \
	"d6c9d57f7dfb41096662b738c4ec7e13"

static const char vault_key[] =
    "vk_4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11_"
    "1546d80ac7720fac55c6cc7ceea125a01c8d3abaca9787fc0b99bc3d76500294";
static const char body[] = "{\"project_id\":\"x\",\"environment\":"
			   "\"production\"}";

static void
test_vectors(void)
{
	struct json_object *list = vectors_load("sign");
	size_t n = json_object_array_length(list);
	char header[SIGNATURE_HEADER_LEN + 1];
	uint8_t key[KEY_LEN], digest[MAC_LEN];
	int64_t time;

	for (size_t i = 0; i < n; i++) {
		const char *text = vector_text(list, i, "body");
		const char *want = vector_text(list, i, "header");
		int64_t ms = json_object_get_int64(json_object_object_get(
		    json_object_array_get_idx(list, i), "timestamp_ms"));

		derive_auth_key(key, vector_text(list, i, "vault_key"));
		is_int(signature_make(header, key, text, strlen(text), ms), 0,
		    "a signature is made");
		is_str(header, want, "as the reference makes it");
		is_int(signature_parse(want, strlen(want), &time, digest), 0,
		    "its header is read");
		is_int(time, ms, "its time too");
		ok(signature_verify(key, text, strlen(text), time, digest),
		    "and it verifies");
	}
	ok(n >= 3, "all the vectors were there");
	json_object_put(list);
}

static bool
is_refused(const char *header, size_t len)
{
	int64_t time = -7;
	uint8_t digest[MAC_LEN];

	return signature_parse(header, len, &time, digest) ==
		   VAULTENV_ERR_INVALID &&
	       time == -7;
}

/* Each of the 82 bytes, changed into each other byte there is. */
static void
test_bytes(void)
{
	char header[SIGNATURE_HEADER_LEN + 1];
	int n_wrong = 0;

	ok(strlen(GOOD) == SIGNATURE_HEADER_LEN && !is_refused(GOOD, 82),
	    "the header itself is taken");
	for (size_t i = 0; i < 82; i++) {
		for (int c = 0; c < 256; c++) {
			bool digit = c >= '0' && c <= '9';
			bool good = c == (unsigned char)GOOD[i];

			if (i >= 2 && i < 15)
				good = digit && (i > 2 || c != '0');
			else if (i >= 18)
				good = digit || (c >= 'a' && c <= 'f');
			memcpy(header, GOOD, 83);
			header[i] = (char)c;
			n_wrong += is_refused(header, 82) == good;
		}
	}
	is_int(n_wrong, 0, "a byte outside its class is refused anywhere");
}

static void
test_lengths(void)
{
	char header[300];
	int n = 0;

	memset(header, '0', sizeof(header));
	memcpy(header, GOOD, 82);
	for (size_t len = 0; len < sizeof(header); len++)
		n += !is_refused(header, len);
	is_int(n, 1, "of all lengths one is taken");
	n = 0;
	for (size_t hex = 0; hex <= 66; hex++) {
		snprintf(header, sizeof(header), "v=1711187650872,d=%.*s",
		    (int)hex, &GOOD "00"[18]);
		n += hex != 64 && !is_refused(header, strlen(header));
	}
	is_int(n, 0, "a digest of 0 to 33 bytes but 32 is refused");
}

static void
test_forms(void)
{
	/* 82 bytes each, or it would be the length that refuses. */
	static const char *const bad[] = {
		"V=1711187650872,d=",
		"v:1711187650872,d=",
		"v=0711187650872,d=",
		"v=+711187650872,d=",
		"v=-711187650872,d=",
		"v= 711187650872,d=",
		"v=171118765087 ,d=",
		"v=171118765087a,d=",
		"v=1711187650.72,d=",
		"v=0x11187650872,d=",
		"v=1711187650872;d=",
		"v=1711187650872,D=",
		"v=1711187650872 d=",
		"v=171118765087,d=0",
		"v=17111876508720,d",
		"d=1711187650872,v=",
		" v=171118765087,d=",
		"v=1711187650872,d ",
	};
	char header[100];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(header, sizeof(header), "%s%s", bad[i], &GOOD[18]);
		ok(strlen(header) == 82 && is_refused(header, 82),
		    "refused: %s", bad[i]);
	}
	ok(is_refused(GOOD ", " GOOD, 166), "two headers joined");
	ok(is_refused(GOOD "\n", 83), "a line break behind");
	ok(is_refused(" " GOOD, 83), "a blank before");
	ok(is_refused("v=1711187650872,d=56D9AA31682895BAD607642FBC8B9C14"
		      "D6C9D57F7DFB41096662B738C4EC7E13",
	       82),
	    "upper-case hex");
}

static void
test_times(void)
{
	static const int64_t bad[] = { 0, -1, 1, 999999999999, 1711187650,
		10000000000000, INT64_MAX, INT64_MIN, -1711187650872 };
	static const int64_t good[] = { 1000000000000, 9999999999999 };
	uint8_t key[KEY_LEN] = { 1 }, digest[MAC_LEN];
	char header[SIGNATURE_HEADER_LEN + 1];
	int64_t time;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(signature_make(header, key, "{}", 2, bad[i]) ==
			VAULTENV_ERR_INVALID,
		    "no signature at %jd", (intmax_t)bad[i]);
		memset(digest, 0, sizeof(digest));
		ok(!signature_verify(key, "{}", 2, bad[i], digest),
		    "and none verifies");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(signature_make(header, key, "{}", 2, good[i]) == 0 &&
			signature_parse(header, 82, &time, digest) == 0 &&
			time == good[i] &&
			signature_verify(key, "{}", 2, time, digest),
		    "one at %jd", (intmax_t)good[i]);
}

static void
test_flips(void)
{
	uint8_t key[KEY_LEN], digest[MAC_LEN];
	char copy[sizeof(body)];
	size_t len = strlen(body);
	int64_t time;
	int n = 0;

	derive_auth_key(key, vault_key);
	signature_parse(GOOD, 82, &time, digest);
	ok(signature_verify(key, body, len, TIME, digest), "it is good");
	for (size_t i = 0; i < 8 * MAC_LEN; i++) {
		digest[i / 8] ^= (uint8_t)(1 << i % 8);
		n += signature_verify(key, body, len, TIME, digest);
		digest[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	is_int(n, 0, "no bit of the digest can change");
	for (size_t i = 0; i < 8 * KEY_LEN; i++) {
		key[i / 8] ^= (uint8_t)(1 << i % 8);
		n += signature_verify(key, body, len, TIME, digest);
		key[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	is_int(n, 0, "nor of the key");
	for (size_t i = 0; i < 8 * len; i++) {
		memcpy(copy, body, sizeof(body));
		copy[i / 8] ^= (char)(1 << i % 8);
		n += signature_verify(key, copy, len, TIME, digest);
	}
	is_int(n, 0, "nor of the body");
	n += signature_verify(key, body, len - 1, TIME, digest);
	n += signature_verify(key, body, len + 1, TIME, digest);
	n += signature_verify(key, NULL, 0, TIME, digest);
	n += signature_verify(key, body, len, TIME + 1, digest);
	n += signature_verify(key, body, len, TIME - 1, digest);
	is_int(n, 0, "nor the body's length, nor the time");
	/* gcry_mac_verify() takes a prefix: the rest must count here */
	for (size_t right = 0; right < MAC_LEN; right++) {
		uint8_t part[MAC_LEN] = { 0 };

		memcpy(part, digest, right);
		n += signature_verify(key, body, len, TIME, part);
	}
	is_int(n, 0, "a prefix of the digest is not the digest");
}

/* The time is text behind the body; digits that move there change the time. */
static void
test_boundary(void)
{
	uint8_t key[KEY_LEN] = { 7 }, digest[MAC_LEN];
	char header[SIGNATURE_HEADER_LEN + 1];
	int64_t time;

	signature_make(header, key, "{} ", 3, TIME);
	signature_parse(header, 82, &time, digest);
	ok(!signature_verify(key, "{}", 2, TIME, digest),
	    "a blank of the body is not one of the time");
	is_int(signature_make(header, key, "", 0, TIME), 0, "an empty body");
	signature_parse(header, 82, &time, digest);
	ok(signature_verify(key, NULL, 0, TIME, digest), "has a signature too");
}

int
main(void)
{
	test_vectors();
	test_bytes();
	test_lengths();
	test_forms();
	test_times();
	test_flips();
	test_boundary();
	return tap_done();
}
