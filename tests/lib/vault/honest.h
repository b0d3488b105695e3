/* SPDX-License-Identifier: MIT */
/* honest.h: who plays the honest history of the vectors, from the same seeds.
 */
#ifndef HONEST_H
#define HONEST_H

#include "vault/open.h"
#include "vectors-v2.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define URL     "https://vault.example.com"
#define T0      INT64_C(1774000000000)
#define DAY     INT64_C(86400000)
#define NOW     (T0 + 10 * DAY)

enum { ANNA, BOB, CI, PAPER, EVE, N_DEVICES };

static const char *const names[N_DEVICES] = { "anna-laptop", "bob-laptop",
	"ci-production", "recovery", "eve" };
static struct device devices[N_DEVICES];
static struct vault_key keys[2];
/* The vectors' "random" bytes are hashes of names. */
static inline void
seed(uint8_t *out, size_t len, const char *name)
{
	static const char root[] = "vault-env v2 vectors";
	uint8_t prk[HASH_LEN];

	if (sha256(prk, root, strlen(root)) != 0 ||
	    hkdf_expand_sha256(out, len, prk, name, strlen(name)) != 0)
		abort();
}

static inline void
must(int r, const char *what)
{
	if (r == 0)
		return;
	printf("Bail out! %s: %d %s\n", what, r, code_name(r));
	exit(1);
}

static inline bool
same(const struct blob *got, struct text want)
{
	if (got->len == want.len && memcmp(got->data, want.at, want.len) == 0)
		return true;
	printf("# got:  %.*s\n# want: %.*s\n", (int)got->len,
	    got->len == 0 ? "" : (const char *)got->data, (int)want.len,
	    want.at);
	return false;
}

static inline void
make_keys(void)
{
	uint8_t secret[KEY_LEN];
	char name[64], hex[2 * KEY_LEN + 1];

	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "vault secret %d", i + 1);
		seed(secret, sizeof(secret), name);
		must(vault_key_derive(&keys[i], PROJECT, secret), name);
	}
	for (int i = 0; i < N_DEVICES; i++) {
		snprintf(name, sizeof(name), "device %s", names[i]);
		seed(secret, sizeof(secret), name);
		hex_encode(hex, secret, sizeof(secret));
		must(device_read(&devices[i], PROJECT, hex), name);
	}
}

#endif
