/* SPDX-License-Identifier: MIT */
/*
 * signature-fuzz.c: a header that is taken is the one spelling of its time and
 * digest, and verifies for no body but by the real MAC.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t key[KEY_LEN] = { 1, 2, 3 };
	char again[SIGNATURE_HEADER_LEN + 1], hex[2 * MAC_LEN + 1];
	uint8_t digest[MAC_LEN];
	int64_t time_ms;

	if (signature_parse((const char *)data, len, &time_ms, digest) != 0)
		return 0;
	hex_encode(hex, digest, MAC_LEN);
	snprintf(again, sizeof(again), "v=%" PRId64 ",d=%s", time_ms, hex);
	if (len != SIGNATURE_HEADER_LEN || memcmp(again, data, len) != 0)
		abort();
	if (signature_verify(key, "{}", 2, time_ms, digest))
		abort();
	if (signature_make(again, key, "{}", 2, time_ms) == 0 &&
	    (signature_parse(again, SIGNATURE_HEADER_LEN, &time_ms, digest) !=
		    0 ||
		!signature_verify(key, "{}", 2, time_ms, digest)))
		abort();
	return 0;
}
