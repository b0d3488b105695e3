/* SPDX-License-Identifier: MIT */
/*
 * merge.c: arrays out of parameters, and rows out of a result.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "db/merge.h"

/* The k-th parameter of all items. What is null has its type too. */
static void
fill(struct db_array *a, struct db_item *const *items, int n, int k)
{
	const struct db_params *p;

	db_array_init(
	    a, items[0]->params->formats[k] == 1 ? ARRAY_BYTES : ARRAY_TEXT);
	for (int i = 0; i < n; i++) {
		p = items[i]->params;
		if (a->of == ARRAY_TEXT)
			db_array_add_text(a, p->values[k]);
		else
			db_array_add(a, p->values[k], (size_t)p->lengths[k]);
	}
}

int
dbmerge_params(struct db_item *const *items, int n, struct db_params *out,
    struct db_array arrays[DB_PARAMS_MAX])
{
	int r = 0;

	out->n = 0;
	for (int k = 0; k < items[0]->params->n; k++) {
		fill(&arrays[k], items, n, k);
		if (r == 0)
			r = db_array_param(out, &arrays[k]);
	}
	return r;
}

void
dbmerge_reset(struct db_array *arrays, int n)
{
	for (int k = 0; k < n; k++)
		db_array_reset(&arrays[k]);
}

int
dbmerge_split(PGresult *res, struct db_item *const *items, int n)
{
	const int outcome = PQfnumber(res, "outcome");
	atomic_int *holders =
	    PQntuples(res) == n ? malloc(sizeof(*holders)) : NULL;
	int answered = 0;

	for (int i = 0; i < n && holders != NULL; i++) {
		if (PQgetisnull(res, i, outcome) == 1)
			continue;
		items[i]->result = (struct db_result){
			.pg = res, .first = i, .holders = holders
		};
		answered++;
	}
	if (answered > 0) {
		atomic_init(holders, answered);
		return 0;
	}
	PQclear(res);
	if (holders == NULL)
		return -1;
	free(holders);
	return 0;
}
