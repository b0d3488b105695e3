/* SPDX-License-Identifier: MIT */
/*
 * merge.c: PostgreSQL's binary form of a one-dimensional array: how many
 * dimensions, whether there are nulls, the elements' type, how many, the first
 * one's index, then each with its length before it. All of it in network order.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "db/merge.h"

#define ARRAY_HEAD 20
#define NULL_LEN   UINT32_MAX
/* These never change (pg_type.dat). */
#define BYTEA_OID 17
#define TEXT_OID  25

static void
put_u32(char **to, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		*(*to)++ = (char)(v >> shift);
}

static size_t
element_len(const struct db_params *p, int k)
{
	if (p->values[k] == NULL)
		return 0;
	return p->formats[k] == 1 ? (size_t)p->lengths[k]
				  : strlen(p->values[k]);
}

static bool
has_null(struct db_item *const *items, int n, int k)
{
	for (int i = 0; i < n; i++)
		if (items[i]->params->values[k] == NULL)
			return true;
	return false;
}

/* One array; *to moves on. */
static void
put_array(char **to, struct db_item *const *items, int n, int k)
{
	const struct db_params *p = items[0]->params;
	size_t len;

	put_u32(to, 1);
	put_u32(to, has_null(items, n, k));
	put_u32(to, p->formats[k] == 1 ? BYTEA_OID : TEXT_OID);
	put_u32(to, (uint32_t)n);
	put_u32(to, 1);
	for (int i = 0; i < n; i++) {
		p = items[i]->params;
		if (p->values[k] == NULL) {
			put_u32(to, NULL_LEN);
			continue;
		}
		len = element_len(p, k);
		put_u32(to, (uint32_t)len);
		memcpy(*to, p->values[k], len);
		*to += len;
	}
}

int
dbmerge_params(
    struct db_item *const *items, int n, struct db_params *out, char **memory)
{
	const int n_params = items[0]->params->n;
	size_t size = 0;
	char *to, *array;

	for (int k = 0; k < n_params; k++) {
		size += ARRAY_HEAD;
		for (int i = 0; i < n; i++)
			size += 4 + element_len(items[i]->params, k);
	}
	if ((*memory = to = malloc(size)) == NULL)
		return -1;
	out->n = 0;
	for (int k = 0; k < n_params; k++) {
		array = to;
		put_array(&to, items, n, k);
		db_bytes(out, array, (size_t)(to - array));
	}
	return 0;
}

static PGresult *
row_of(const PGresult *res, int row)
{
	PGresult *one = PQcopyResult(res, PG_COPYRES_ATTRS);
	bool null;

	for (int f = 0; one != NULL && f < PQnfields(res); f++) {
		null = PQgetisnull(res, row, f) == 1;
		if (PQsetvalue(one, 0, f, PQgetvalue(res, row, f),
			null ? -1 : PQgetlength(res, row, f)) == 0) {
			PQclear(one);
			one = NULL;
		}
	}
	return one;
}

int
dbmerge_split(PGresult *res, struct db_item *const *items, int n)
{
	bool done = PQntuples(res) == n;

	if (n == 1 && done) {
		items[0]->result = res;
		return 0;
	}
	for (int i = 0; i < n && done; i++) {
		items[i]->result = row_of(res, i);
		done = items[i]->result != NULL;
	}
	PQclear(res);
	return done ? 0 : -1;
}
