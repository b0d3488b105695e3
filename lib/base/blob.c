/* SPDX-License-Identifier: MIT */
/*
 * blob.c: bytes with a length and a maximum, wiped before they are given back
 * to the allocator, growth included; and wipe and compare for other files. Must
 * not know what the bytes mean.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define BLOB_MIN 64

void
mem_wipe(void *p, size_t len)
{
	if (p != NULL && len > 0)
		explicit_bzero(p, len);
}

void
mem_wipe_free(void *p, size_t len)
{
	mem_wipe(p, len);
	free(p);
}

bool
mem_equal(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}

/* One byte is kept for the NUL, so the highest maximum is SIZE_MAX - 1. */
void
blob_init(struct blob *b, size_t max)
{
	*b = (struct blob){ .max = max < SIZE_MAX ? max : SIZE_MAX - 1 };
}

void
blob_reset(struct blob *b)
{
	if (b == NULL)
		return;
	mem_wipe_free(b->data, b->cap);
	blob_init(b, b->max);
}

/* Not realloc(): that may move the bytes and leave a copy behind. */
static int
grow(struct blob *b, size_t need)
{
	size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;
	uint8_t *data;

	if (cap < BLOB_MIN)
		cap = b->max < BLOB_MIN ? b->max : BLOB_MIN;
	if (cap < need)
		cap = need;
	if ((data = malloc(cap + 1)) == NULL)
		return VAULTENV_ERR_NOMEM;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	mem_wipe_free(b->data, b->cap);
	b->data = data;
	b->cap = cap;
	return 0;
}

/* The room is zeroed, so that a NUL follows whatever part the caller uses. */
int
blob_reserve(struct blob *b, size_t len)
{
	int r;

	if (b->len > b->max || len > b->max - b->len)
		return VAULTENV_ERR_INVALID;
	if (b->data == NULL || len > b->cap - b->len)
		if ((r = grow(b, b->len + len)) != 0)
			return r;
	memset(b->data + b->len, 0, len + 1);
	return 0;
}

int
blob_append(struct blob *b, const void *data, size_t len)
{
	int r;

	if ((r = blob_reserve(b, len)) != 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

int
blob_append_str(struct blob *b, const char *s)
{
	return blob_append(b, s, strlen(s));
}

int
blob_printf(struct blob *b, const char *fmt, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return VAULTENV_ERR_INVALID;
	if ((r = blob_reserve(b, (size_t)n)) != 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

/* NULL when out of memory. What lies beyond len is wiped: its new owner knows
 * only of len bytes. */
char *
blob_take(struct blob *b, size_t *len)
{
	char *data;

	if (b->data == NULL && blob_reserve(b, 0) != 0)
		return NULL;
	mem_wipe(b->data + b->len, b->cap - b->len + 1);
	data = (char *)b->data;
	*len = b->len;
	blob_init(b, b->max);
	return data;
}
