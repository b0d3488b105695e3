/* SPDX-License-Identifier: MIT */
/* base64-fuzz.c: what decodes encodes to the same text, and the other way. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct blob bytes, text;

	blob_init(&bytes, SIZE_MAX);
	blob_init(&text, SIZE_MAX);
	if (base64_decode(&bytes, (const char *)data, len) == 0) {
		if (base64_encode(&text, bytes.data, bytes.len) != 0 ||
		    text.len != len || memcmp(text.data, data, len) != 0)
			abort();
	}
	bytes.len = text.len = 0;
	if (base64_encode(&text, data, len) != 0 ||
	    base64_decode(&bytes, (char *)text.data, text.len) != 0 ||
	    bytes.len != len || memcmp(bytes.data, data, len) != 0)
		abort();
	blob_reset(&bytes);
	blob_reset(&text);
	return 0;
}
