/* SPDX-License-Identifier: MIT */
/*
 * array.h: PostgreSQL's binary form of a one-dimensional array of text or
 * bytea, written and read. Knows nothing of connections.
 */
#ifndef VAULT_FCGI_DB_ARRAY_H
#define VAULT_FCGI_DB_ARRAY_H

#include "base/base.h"
#include "db/params.h"
#include "db/result.h"

enum array_of { ARRAY_TEXT, ARRAY_BYTES };

struct db_array {
	enum array_of of;
	struct blob bytes; /* the head, then each element */
	uint32_t n;
	bool has_null;
	int r; /* sticks: 0, or no memory */
};

void db_array_init(struct db_array *a, enum array_of of);
void db_array_reset(struct db_array *a);
/* Appends an element; NULL: null. */
void db_array_add(struct db_array *a, const void *data, size_t len);
void db_array_add_text(struct db_array *a, const char *text);
void db_array_add_int(struct db_array *a, int64_t value);
/* The next parameter, which the array must outlive. 0 or negative. */
int db_array_param(struct db_params *p, struct db_array *a);

/* A column with an array of bytea; a null is one without elements. */
struct db_elements {
	const uint8_t *at;
	size_t left; /* bytes */
	uint32_t n;  /* elements that are to come */
};

void db_get_elements(const struct db_result *r, int row, const char *name,
    struct db_elements *e);
/* False: there is none left. *data NULL: it is null. */
bool db_element_next(struct db_elements *e, const uint8_t **data, size_t *len);

#endif
