/* SPDX-License-Identifier: MIT */
/*
 * aead-t.c: AES-256-GCM by the test cases of McGrew and Viega (13 to 16), every
 * bit that can be flipped, and what is left behind after a refusal.
 */
#include "config.h"

#include "crypto/crypto.h"
#include "tap.h"

#define ZERO32                                                                 \
	"0000000000000000000000000000000000000000000000000000000000000000"
#define KEY15 "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define PLAIN16                                                                \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"     \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define CIPHER16                                                               \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"     \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

static const struct {
	const char *name, *key, *iv, *aad, *plain, *cipher, *tag;
} cases[] = {
	{ "test case 13", ZERO32, "000000000000000000000000", "", "", "",
	    "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "test case 14", ZERO32, "000000000000000000000000", "",
	    "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18",
	    "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "test case 15", KEY15, "cafebabefacedbaddecaf888", "",
	    PLAIN16 "1aafd255", CIPHER16 "898015ad",
	    "b094dac5d93471bdec1a502270e3cc6c" },
	{ "test case 16", KEY15, "cafebabefacedbaddecaf888",
	    "feedfacedeadbeeffeedfacedeadbeefabaddad2", PLAIN16, CIPHER16,
	    "76fc6ece0f4e1768cddf8853bb2d551b" },
};

struct message {
	uint8_t key[KEY_LEN], iv[IV_LEN], tag[TAG_LEN];
	uint8_t aad[20], cipher[64], plain[64];
	size_t aad_len, len;
};

static struct message
message(size_t i)
{
	struct message m = { .aad_len = strlen(cases[i].aad) / 2,
		.len = strlen(cases[i].plain) / 2 };

	hex_decode(m.key, KEY_LEN, cases[i].key, 2 * KEY_LEN);
	hex_decode(m.iv, IV_LEN, cases[i].iv, 2 * IV_LEN);
	hex_decode(m.tag, TAG_LEN, cases[i].tag, 2 * TAG_LEN);
	hex_decode(m.aad, m.aad_len, cases[i].aad, 2 * m.aad_len);
	hex_decode(m.plain, m.len, cases[i].plain, 2 * m.len);
	hex_decode(m.cipher, m.len, cases[i].cipher, 2 * m.len);
	return m;
}

static int
decrypt(uint8_t *out, const struct message *m)
{
	return aead_decrypt(
	    out, m->key, m->iv, m->tag, m->aad, m->aad_len, m->cipher, m->len);
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
test_cases(void)
{
	uint8_t out[65];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message m = message(i);

		memset(out, 0x55, sizeof(out));
		ok(decrypt(out, &m) == 0 && memcmp(out, m.plain, m.len) == 0,
		    "%s", cases[i].name);
		ok(out[m.len] == 0x55, "not a byte more");
		m.tag[0] ^= 1;
		is_int(decrypt(out, &m), VAULTENV_ERR_DECRYPT,
		    "with another tag it is refused");
		ok(all_zero(out, m.len), "and the output is wiped");
	}
}

/* One bit, anywhere; and the output never shows the plaintext. */
static int
count_accepted(struct message *m, uint8_t *part, size_t len)
{
	uint8_t out[64];
	int n = 0;

	for (size_t i = 0; i < 8 * len; i++) {
		memset(out, 0x55, sizeof(out));
		part[i / 8] ^= (uint8_t)(1 << i % 8);
		n += decrypt(out, m) != VAULTENV_ERR_DECRYPT;
		n += !all_zero(out, m->len);
		part[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	return n;
}

static void
test_flips(void)
{
	struct message m = message(3);
	uint8_t out[64];

	is_int(count_accepted(&m, m.key, KEY_LEN), 0, "a bit of the key");
	is_int(count_accepted(&m, m.iv, IV_LEN), 0, "a bit of the iv");
	is_int(count_accepted(&m, m.tag, TAG_LEN), 0, "a bit of the tag");
	is_int(count_accepted(&m, m.aad, m.aad_len), 0, "a bit of the aad");
	is_int(
	    count_accepted(&m, m.cipher, m.len), 0, "a bit of the ciphertext");
	is_int(decrypt(out, &m), 0, "and unchanged it still decrypts");
	m.len--;
	is_int(decrypt(out, &m), VAULTENV_ERR_DECRYPT, "a byte less");
	m.len += 2;
	is_int(decrypt(out, &m), VAULTENV_ERR_DECRYPT, "a byte more");
	m.len--;
	m.aad_len--;
	is_int(decrypt(out, &m), VAULTENV_ERR_DECRYPT, "a byte less of aad");
	m.aad_len = 0;
	is_int(decrypt(out, &m), VAULTENV_ERR_DECRYPT, "no aad");
}

/* libgcrypt itself takes tags of 4, 8 and 12 to 16 bytes. */
static void
test_short_tags(void)
{
	uint8_t out[64];
	int n = 0;

	for (size_t len = 0; len < TAG_LEN; len++) {
		struct message m = message(3);

		memset(m.tag + len, 0, TAG_LEN - len);
		n += decrypt(out, &m) != VAULTENV_ERR_DECRYPT;
		n += !all_zero(out, m.len);
	}
	is_int(n, 0, "a tag of which 0 to 15 bytes are right is refused");
}

static void
test_encrypt(void)
{
	struct message m = message(3);
	struct message first;
	uint8_t out[64];
	int wrong = 0;

	for (size_t len = 0; len <= 64; len++) {
		m.len = len;
		if (aead_encrypt(m.iv, m.tag, m.cipher, m.key, m.aad, m.aad_len,
			m.plain, len) != 0 ||
		    decrypt(out, &m) != 0 || memcmp(out, m.plain, len) != 0)
			wrong++;
	}
	is_int(wrong, 0, "each length to 64 comes back");
	first = m;
	aead_encrypt(
	    m.iv, m.tag, m.cipher, m.key, m.aad, m.aad_len, m.plain, m.len);
	ok(memcmp(m.iv, first.iv, IV_LEN) != 0, "every message has its own iv");
	ok(memcmp(m.cipher, first.cipher, m.len) != 0,
	    "and so another ciphertext");
	memcpy(out, m.plain, m.len);
	is_int(aead_encrypt(m.iv, m.tag, out, m.key, NULL, 0, out, m.len), 0,
	    "in place");
	is_int(aead_decrypt(out, m.key, m.iv, m.tag, NULL, 0, out, m.len), 0,
	    "and back");
	ok(memcmp(out, m.plain, m.len) == 0, "to the same");
}

int
main(void)
{
	test_cases();
	test_flips();
	test_short_tags();
	test_encrypt();
	return tap_done();
}
