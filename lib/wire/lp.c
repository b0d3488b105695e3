/* SPDX-License-Identifier: MIT */
/* lp.c: see lp.h. Must not know what the bytes are for. */
#include "config.h"

#include <endian.h>
#include <string.h>

#include "wire/lp.h"

int
lp_append(struct blob *out, const void *data, size_t len)
{
	uint32_t prefix = htobe32((uint32_t)len);
	int r;

	if (len > UINT32_MAX)
		return VAULTENV_ERR_INVALID;
	if ((r = blob_append(out, &prefix, sizeof(prefix))) != 0)
		return r;
	return blob_append(out, data, len);
}

int
lp_append_text(struct blob *out, const char *text)
{
	return lp_append(out, text, strlen(text));
}

int
num_append(struct blob *out, int64_t n)
{
	uint64_t bytes = htobe64((uint64_t)n);

	if (n < 0 || n > JSON_INT_MAX)
		return VAULTENV_ERR_INVALID;
	return lp_append(out, &bytes, sizeof(bytes));
}

uint32_t
lp_get32(const uint8_t p[4])
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return be32toh(n);
}

uint64_t
lp_get64(const uint8_t p[8])
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return be64toh(n);
}
