/* SPDX-License-Identifier: MIT */
/*
 * result.c: columns of a result in PostgreSQL's binary format: integers in
 * network order, text and bytea as they are, a uuid as 16 bytes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "db/result.h"

void
db_result_free(struct db_result *r)
{
	if (r->holders == NULL || atomic_fetch_sub(r->holders, 1) == 1) {
		PQclear(r->pg);
		free(r->holders);
	}
	*r = (struct db_result){ .pg = NULL };
}

int
db_rows(const struct db_result *r)
{
	return r->holders != NULL ? 1 : PQntuples(r->pg);
}

const uint8_t *
db_get_bytes(const struct db_result *r, int row, const char *name, size_t *len)
{
	const int column = PQfnumber(r->pg, name);

	*len = 0;
	if (column < 0 || row >= db_rows(r) ||
	    PQgetisnull(r->pg, r->first + row, column) == 1)
		return NULL;
	*len = (size_t)PQgetlength(r->pg, r->first + row, column);
	return (const uint8_t *)PQgetvalue(r->pg, r->first + row, column);
}

bool
db_is_null(const struct db_result *r, int row, const char *name)
{
	size_t len;

	return db_get_bytes(r, row, name, &len) == NULL;
}

const char *
db_get_text(const struct db_result *r, int row, const char *name)
{
	size_t len;

	return (const char *)db_get_bytes(r, row, name, &len);
}

int64_t
db_get_int(const struct db_result *r, int row, const char *name)
{
	size_t len;
	const uint8_t *p = db_get_bytes(r, row, name, &len);
	uint64_t v = 0;

	if (p == NULL || (len != 4 && len != 8))
		return 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | p[i];
	return len == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v;
}

bool
db_get_bool(const struct db_result *r, int row, const char *name)
{
	size_t len;
	const uint8_t *p = db_get_bytes(r, row, name, &len);

	return p != NULL && len == 1 && *p == 1;
}

bool
db_get_uuid(
    const struct db_result *r, int row, const char *name, char out[ID_LEN + 1])
{
	size_t len;
	const uint8_t *p = db_get_bytes(r, row, name, &len);
	char hex[33];

	out[0] = '\0';
	if (p == NULL || len != 16)
		return false;
	hex_encode(hex, p, 16);
	for (int from = 0, to = 0; from < 32; from++) {
		if (from == 8 || from == 12 || from == 16 || from == 20)
			out[to++] = '-';
		out[to++] = hex[from];
	}
	out[36] = '\0';
	return true;
}
