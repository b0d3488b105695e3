/* SPDX-License-Identifier: MIT */
/* crypto-t.c: HMAC by RFC 4231, SHA-256 by FIPS 180-4, random bytes, threads.
 */
#include "config.h"

#include <pthread.h>

#include "crypto/crypto.h"
#include "tap.h"

static bool
is_hex(const uint8_t *got, size_t len, const char *want)
{
	char text[2 * 64 + 1];

	hex_encode(text, got, len);
	if (strcmp(text, want) == 0)
		return true;
	printf("# got:  %s\n# want: %s\n", text, want);
	return false;
}

static void
test_hmac(void)
{
	static const char long_text[] =
	    "This is a test using a larger than block-size key and a larger "
	    "than block-size data. The key needs to be hashed before being "
	    "used by the HMAC algorithm.";
	uint8_t key[131], data[50], mac[MAC_LEN];

	memset(key, 0x0b, sizeof(key));
	ok(hmac_sha256(mac, key, 20, "Hi There", 8) == 0 &&
		is_hex(mac, 32,
		    "b0344c61d8db38535ca8afceaf0bf12b"
		    "881dc200c9833da726e9376c2e32cff7"),
	    "RFC 4231 test case 1");
	ok(hmac_sha256(mac, "Jefe", 4, "what do ya want for nothing?", 28) ==
		    0 &&
		is_hex(mac, 32,
		    "5bdcc146bf60754e6a042426089575c7"
		    "5a003f089d2739839dec58b964ec3843"),
	    "RFC 4231 test case 2");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	ok(hmac_sha256(mac, key, 20, data, 50) == 0 &&
		is_hex(mac, 32,
		    "773ea91e36800e46854db8ebd09181a7"
		    "2959098b3ef8c122d9635514ced565fe"),
	    "RFC 4231 test case 3");
	for (uint8_t i = 0; i < 25; i++)
		key[i] = (uint8_t)(i + 1);
	memset(data, 0xcd, sizeof(data));
	ok(hmac_sha256(mac, key, 25, data, 50) == 0 &&
		is_hex(mac, 32,
		    "82558a389a443c0ea4cc819899f2083a"
		    "85f0faa3e578f8077a2e3ff46729665b"),
	    "RFC 4231 test case 4");
	memset(key, 0x0c, sizeof(key));
	ok(hmac_sha256(mac, key, 20, "Test With Truncation", 20) == 0 &&
		is_hex(mac, 16, "a3b6167473100ee06e0c796c2955552b"),
	    "RFC 4231 test case 5");
	memset(key, 0xaa, sizeof(key));
	ok(hmac_sha256(mac, key, 131,
	       "Test Using Larger Than Block-Size Key "
	       "- Hash Key First",
	       54) == 0 &&
		is_hex(mac, 32,
		    "60e431591ee0b67f0d8a26aacbf5b77f"
		    "8e0bc6213728c5140546040f0ee37f54"),
	    "RFC 4231 test case 6");
	ok(hmac_sha256(mac, key, 131, long_text, strlen(long_text)) == 0 &&
		is_hex(mac, 32,
		    "9b09ffa71b942fcb27635fbcd5b0e944"
		    "bfdc63644f0713938a7f51535c3a35e2"),
	    "RFC 4231 test case 7");
}

static void
test_hmac_pieces(void)
{
	static const char text[] = "what do ya want for nothing?";
	uint8_t whole[MAC_LEN], mac[MAC_LEN];
	int wrong = 0;

	hmac_sha256(whole, "Jefe", 4, text, 28);
	for (size_t i = 0; i <= 28; i++) {
		if (hmac_sha256_2(mac, "Jefe", 4, text, i, text + i, 28 - i))
			wrong++;
		wrong += !mem_equal(mac, whole, MAC_LEN);
	}
	is_int(wrong, 0, "two pieces are one text, wherever it is cut");
	is_int(hmac_sha256(mac, "k", 1, NULL, 0), 0, "no text has a MAC");
	is_int(hmac_sha256(mac, "", 0, text, 28), VAULTENV_ERR_INVALID,
	    "an empty key has none");
	is_int(hmac_sha256_2(mac, NULL, 0, text, 28, NULL, 0),
	    VAULTENV_ERR_INVALID, "nor has no key");
}

static void
test_sha256(void)
{
	uint8_t hash[HASH_LEN];

	ok(sha256(hash, "", 0) == 0 && is_hex(hash, 32,
					   "e3b0c44298fc1c149afbf4c8996fb924"
					   "27ae41e4649b934ca495991b7852b855"),
	    "SHA-256 of nothing");
	ok(sha256(hash, "abc", 3) == 0 &&
		is_hex(hash, 32,
		    "ba7816bf8f01cfea414140de5dae2223"
		    "b00361a396177a9cb410ff61f20015ad"),
	    "SHA-256 of abc");
}

static void
test_random(void)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 }, guard[12] = { 0 };
	unsigned ones = 0;

	is_int(random_bytes(a, sizeof(a)), 0, "random bytes");
	is_int(random_bytes(b, sizeof(b)), 0, "and more");
	ok(!mem_equal(a, b, sizeof(a)), "are not the same");
	is_int(random_bytes(guard, 8), 0, "eight of them");
	ok(guard[8] == 0 && guard[9] == 0 && guard[10] == 0 && guard[11] == 0,
	    "are eight");
	for (int i = 0; i < 1000; i++) {
		random_bytes(a, sizeof(a));
		for (size_t j = 0; j < sizeof(a); j++)
			ones += (unsigned)__builtin_popcount(a[j]);
	}
	/* mean 128,000, standard deviation 253: five of them */
	ok(ones > 126700 && ones < 129300, "half of their bits are set");
}

static void *
work(void *arg)
{
	uint8_t first[MAC_LEN], mac[MAC_LEN], iv[IV_LEN], tag[TAG_LEN];
	uint8_t plain[64] = { 0 }, sealed[64], back[64];
	int *wrong = arg;

	*wrong += crypto_init() != 0;
	*wrong += hmac_sha256(first, "key", 3, "data", 4) != 0;
	for (int i = 0; i < 20; i++) {
		*wrong += hmac_sha256(mac, "key", 3, "data", 4) != 0;
		*wrong += !mem_equal(mac, first, MAC_LEN);
		*wrong +=
		    aead_encrypt(iv, tag, sealed, mac, NULL, 0, plain, 64) != 0;
		*wrong +=
		    aead_decrypt(back, mac, iv, tag, NULL, 0, sealed, 64) != 0;
		*wrong += !mem_equal(back, plain, 64);
	}
	return NULL;
}

/* The first use of the library in this process: they race for its start. */
static void
test_threads(void)
{
	pthread_t threads[64];
	int wrong[64] = { 0 };
	int sum = 0;

	for (int i = 0; i < 64; i++)
		if (pthread_create(&threads[i], NULL, work, &wrong[i]) != 0)
			abort();
	for (int i = 0; i < 64; i++) {
		pthread_join(threads[i], NULL);
		sum += wrong[i];
	}
	is_int(sum, 0, "64 threads start and use it at once");
	is_int(crypto_init(), 0, "and it can be started again");
}

int
main(void)
{
	test_threads();
	test_hmac();
	test_hmac_pieces();
	test_sha256();
	test_random();
	return tap_done();
}
