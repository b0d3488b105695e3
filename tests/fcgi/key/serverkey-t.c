/* SPDX-License-Identifier: MIT */
/*
 * serverkey-t: an auth key opens under its server key and for its project,
 * and under nothing else.
 */
#include "config.h"

#include <unistd.h>

#include "key/serverkey.h"
#include "tap.h"

#define P1 "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"
#define P2 "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f12"
#define D1 "4f1f6c0e-7b0a-8c57-9a51-0d8f0b1b6f13"
#define D2 "4f1f6c0e-7b0a-8c57-9a51-0d8f0b1b6f14"

static const uint8_t k1[16] = { 1 }, k2[16] = { 2 };
static const struct key_owner p1 = { .project = P1 }, p2 = { .project = P2 };

/* A request key is its project's, its device's and its id's. */
static void
test_request_key(const struct serverkey *k)
{
	static const struct key_owner right = { P1, D1, k1 };
	static const struct key_owner others[] = { { P2, D1, k1 },
		{ P1, D2, k1 }, { P1, D1, k2 }, { P1, NULL, NULL } };
	uint8_t key[KEY_LEN] = { 7 }, out[KEY_LEN], sealed[SEALED_LEN];

	is_int(serverkey_seal(k, sealed, key, &right), 0,
	    "a request key is sealed");
	is_int(serverkey_open(k, out, sealed, SEALED_LEN, &right), 0,
	    "and opened");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(serverkey_open(k, out, sealed, SEALED_LEN, &others[i]) != 0,
		    "for nobody else (%zu)", i);
}

int
main(void)
{
	/* HMAC-SHA256(00..00, "vault-server-key-id-v1"), by openssl. */
	static const char zero_id[] = "c75933a2cba71dc658bc0af8318017bf";
	char text[2 * KEY_LEN + 2], id[2 * SERVERKEY_ID_LEN + 1];
	struct serverkey *k = serverkey_generate(text);
	struct serverkey *other = serverkey_generate(text);
	struct serverkey *zero;
	uint8_t auth[KEY_LEN], out[KEY_LEN], sealed[SEALED_LEN];
	uint8_t again[SEALED_LEN], none[KEY_LEN] = { 0 };
	char why[WHY_MAX], path[] = "/tmp/serverkey-t-XXXXXX";
	bool opened = false;
	int fd;

	memset(auth, 0x5a, sizeof(auth));
	is_int(serverkey_seal(k, sealed, auth, &p1), 0, "sealed");
	is_int(serverkey_open(k, out, sealed, SEALED_LEN, &p1), 0, "opened");
	ok(memcmp(out, auth, KEY_LEN) == 0, "the same key");
	test_request_key(k);
	is_int(serverkey_seal(k, again, auth, &p1), 0, "sealed again");
	ok(memcmp(again, sealed, SEALED_LEN) != 0, "with another iv");
	ok(serverkey_open(k, out, sealed, SEALED_LEN, &p2) != 0,
	    "not for another project");
	ok(memcmp(out, none, KEY_LEN) == 0, "and nothing is left in out");
	ok(serverkey_open(other, out, sealed, SEALED_LEN, &p1) != 0,
	    "not under another key");
	for (size_t len = 0; len < SEALED_LEN; len++)
		opened |= serverkey_open(k, out, sealed, len, &p1) == 0;
	for (size_t i = 0; i < SEALED_LEN; i++) {
		sealed[i] ^= 1;
		opened |= serverkey_open(k, out, sealed, SEALED_LEN, &p1) == 0;
		sealed[i] ^= 1;
	}
	ok(!opened, "not when shorter, nor with a bit changed");
	serverkey_free(&k);
	serverkey_free(&other);
	serverkey_free(&other);

	if ((fd = mkstemp(path)) < 0 || dprintf(fd, "%064d\n", 0) != 65)
		return 1;
	zero = serverkey_load(path, why);
	if (ok(zero != NULL, "a key is loaded")) {
		hex_encode(id, zero->id, SERVERKEY_ID_LEN);
		is_str(id, zero_id, "its fingerprint");
	}
	serverkey_free(&zero);
	if (ftruncate(fd, 63) != 0)
		return 1;
	ok(serverkey_load(path, why) == NULL, "63 digits are no key");
	ok(strstr(why, "must hold 64 lower-case hex characters") != NULL, "%s",
	    why);
	close(fd);
	unlink(path);
	ok(serverkey_load(path, why) == NULL, "no file");
	ok(strstr(why, "server_key_file: cannot read ") == why &&
		strstr(why, "; vault.fcgi(8) says how to make one") != NULL,
	    "%s", why);
	return tap_done();
}
