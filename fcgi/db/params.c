/* SPDX-License-Identifier: MIT */
/*
 * params.c: parameters as libpq wants them: text, or bytes as they are.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/params.h"

void
db_text(struct db_params *p, const char *text)
{
	p->values[p->n] = text;
	p->lengths[p->n] = 0;
	p->formats[p->n++] = 0;
}

void
db_bytes(struct db_params *p, const void *data, size_t len)
{
	p->values[p->n] = data;
	p->lengths[p->n] = (int)len;
	p->formats[p->n++] = 1;
}

void
db_int(struct db_params *p, int64_t value)
{
	char *text = p->numbers[p->n];

	snprintf(text, sizeof(p->numbers[0]), "%" PRId64, value);
	db_text(p, text);
}
