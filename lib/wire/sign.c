/* SPDX-License-Identifier: MIT */
/*
 * sign.c: X-Vault-Signature, "v=<13 digits>,d=<64 hex>": made by the client,
 * taken apart and verified by the server. Must not judge a signature's age, nor
 * what a body says: the MAC is over the bytes as sent.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

#define TIME_LEN  13
#define TIME_MIN  INT64_C(1000000000000)   /* 2001 */
#define TIME_MAX  INT64_C(9999999999999)   /* 2286 */
#define TIME_AT   2                        /* after "v=" */
#define DIGEST_AT (TIME_AT + TIME_LEN + 3) /* after ",d=" */

/* body || decimal time. INVALID: not 13 digits. */
static int
digest_of(uint8_t digest[MAC_LEN], const uint8_t key[KEY_LEN], const void *body,
    size_t len, int64_t time_ms)
{
	char text[TIME_LEN + 1];

	if (time_ms < TIME_MIN || time_ms > TIME_MAX)
		return VAULTENV_ERR_INVALID;
	snprintf(text, sizeof(text), "%" PRId64, time_ms);
	return hmac_sha256_2(digest, key, KEY_LEN, body, len, text, TIME_LEN);
}

int
signature_make(char out[SIGNATURE_HEADER_LEN + 1], const uint8_t key[KEY_LEN],
    const void *body, size_t len, int64_t time_ms)
{
	uint8_t digest[MAC_LEN];
	int r;

	if ((r = digest_of(digest, key, body, len, time_ms)) != 0)
		return r;
	snprintf(out, SIGNATURE_HEADER_LEN + 1, "v=%" PRId64 ",d=", time_ms);
	hex_encode(out + DIGEST_AT, digest, MAC_LEN);
	return 0;
}

/* One spelling only: a replay cannot be dressed up as another header. */
int
signature_parse(
    const char *header, size_t len, int64_t *time_ms, uint8_t digest[MAC_LEN])
{
	int64_t time;
	int r;

	if (len != SIGNATURE_HEADER_LEN || memcmp(header, "v=", 2) != 0 ||
	    memcmp(header + TIME_AT + TIME_LEN, ",d=", 3) != 0)
		return VAULTENV_ERR_INVALID;
	r = decimal_parse(header + TIME_AT, TIME_LEN, TIME_MAX, &time);
	if (r != 0)
		return r;
	r = hex_decode(digest, MAC_LEN, header + DIGEST_AT, 2 * MAC_LEN);
	if (r != 0)
		return r;
	*time_ms = time;
	return 0;
}

/* Not gcry_mac_verify(): it takes a prefix of one byte for the whole. */
bool
signature_verify(const uint8_t key[KEY_LEN], const void *body, size_t len,
    int64_t time_ms, const uint8_t digest[MAC_LEN])
{
	uint8_t want[MAC_LEN];
	bool good;

	if (digest_of(want, key, body, len, time_ms) != 0)
		return false;
	good = mem_equal(want, digest, MAC_LEN);
	mem_wipe(want, sizeof(want));
	return good;
}
