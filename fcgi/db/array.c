/* SPDX-License-Identifier: MIT */
/*
 * array.c: how many dimensions, whether there are nulls, the elements' type,
 * how many, the first one's index, then each with its length before it. All of
 * it in network order. An array without elements has no dimension.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/array.h"

#define HEAD_LEN  20
#define EMPTY_LEN 12 /* as far as the type */
#define NULL_LEN  UINT32_MAX
/* These never change (pg_type.dat). */
#define BYTEA_OID 17
#define TEXT_OID  25

static void
put_u32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

void
db_array_init(struct db_array *a, enum array_of of)
{
	static const uint8_t head[HEAD_LEN];

	*a = (struct db_array){ .of = of };
	blob_init(&a->bytes, SIZE_MAX);
	a->r = blob_append(&a->bytes, head, HEAD_LEN);
}

void
db_array_reset(struct db_array *a)
{
	blob_reset(&a->bytes);
}

void
db_array_add(struct db_array *a, const void *data, size_t len)
{
	uint8_t before[4];

	put_u32(before, data == NULL ? NULL_LEN : (uint32_t)len);
	if (a->r == 0)
		a->r = blob_append(&a->bytes, before, sizeof(before));
	if (a->r == 0 && data != NULL)
		a->r = blob_append(&a->bytes, data, len);
	a->has_null = a->has_null || data == NULL;
	a->n++;
}

void
db_array_add_text(struct db_array *a, const char *text)
{
	db_array_add(a, text, text == NULL ? 0 : strlen(text));
}

void
db_array_add_int(struct db_array *a, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	db_array_add_text(a, text);
}

int
db_array_param(struct db_params *p, struct db_array *a)
{
	uint8_t *head = a->bytes.data;

	if (a->r != 0)
		return a->r;
	put_u32(head, a->n > 0);
	put_u32(head + 4, a->has_null);
	put_u32(head + 8, a->of == ARRAY_BYTES ? BYTEA_OID : TEXT_OID);
	put_u32(head + 12, a->n);
	put_u32(head + 16, 1);
	db_bytes(p, head, a->n > 0 ? a->bytes.len : EMPTY_LEN);
	return 0;
}

void
db_get_elements(
    const struct db_result *r, int row, const char *name, struct db_elements *e)
{
	size_t len;
	const uint8_t *p = db_get_bytes(r, row, name, &len);

	*e = (struct db_elements){ .at = NULL };
	if (p == NULL || len < HEAD_LEN || get_u32(p) != 1)
		return;
	e->n = get_u32(p + 12);
	e->at = p + HEAD_LEN;
	e->left = len - HEAD_LEN;
}

bool
db_element_next(struct db_elements *e, const uint8_t **data, size_t *len)
{
	uint32_t n;

	if (e->n == 0 || e->left < 4)
		return false;
	n = get_u32(e->at);
	*data = n == NULL_LEN ? NULL : e->at + 4;
	*len = n == NULL_LEN ? 0 : n;
	if (*len > e->left - 4)
		return false;
	e->n--;
	e->at += 4 + *len;
	e->left -= 4 + *len;
	return true;
}
