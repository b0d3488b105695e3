/* SPDX-License-Identifier: MIT */
/*
 * chain.c: bundles of one environment joined: the one that reaches furthest
 * first, those before it as far as they reach it. Must not know what is stored.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operator/chain.h"

void
chain_reset(struct chain *c)
{
	free(c->down);
	*c = (struct chain){ .n = 0 };
}

const struct record *
chain_at(const struct chain *c, int64_t version)
{
	if (c->n == 0 || version < c->first || version > c->last)
		return NULL;
	return c->down[c->last - version].record;
}

static const struct record *
newest(const struct part *part)
{
	return &part->records.at[part->records.n - 1];
}

const struct blob *
chain_content(const struct backup *backup, const struct record *record)
{
	const struct part *part;

	for (size_t i = 0; i < backup->n; i++) {
		part = &backup->parts[i];
		if (part->content.len > 0 &&
		    memcmp(newest(part)->raw.hash, record->raw.hash,
			HASH_LEN) == 0)
			return &part->content;
	}
	return NULL;
}

static int
verify(struct chain *c, const struct members *m, const struct part *part,
    char said[WHY_MAX])
{
	const char *env = part->env;
	const struct record *at = part->records.at;
	int r, refused;

	for (size_t i = 0; i < part->records.n; i++) {
		r = record_check_next(
		    m, i == 0 ? NULL : &at[i - 1], &at[i], env, &refused);
		if (r > 0)
			return part_fail(part, said,
			    "version %" PRId64 " of %s is refused (%s)",
			    at[i].version, env, code_name(r));
		if (r < 0)
			return part_fail(part, said, "cannot be verified");
		c->refused = c->refused || refused != 0;
	}
	return 0;
}

/* One record at the old end, or one that is there already. 1: it does not reach
 * the chain. */
static int
add(struct chain *c, const struct part *part, const struct record *r,
    char said[WHY_MAX])
{
	const struct link *oldest = c->n == 0 ? NULL : &c->down[c->n - 1];
	const struct link *other = NULL;

	if (oldest != NULL && r->version < c->first - 1)
		return 1;
	if (oldest != NULL && r->version >= c->first) {
		other = &c->down[c->last - r->version];
		if (memcmp(other->record->raw.hash, r->raw.hash, HASH_LEN) == 0)
			return 0;
	} else if (oldest != NULL &&
		   memcmp(oldest->record->prev, r->raw.hash, HASH_LEN) != 0) {
		other = oldest;
	}
	if (other != NULL)
		return part_fail(part, said,
		    "version %" PRId64 " of %s is another than in %.300s "
		    "(record_fork): give one of the two files",
		    r->version, r->env, other->part->file);
	if (oldest == NULL)
		c->last = r->version;
	c->down[c->n++] = (struct link){ r, part };
	c->first = r->version;
	return 0;
}

/* The one that reaches furthest first. */
static int
by_end(const void *a, const void *b)
{
	const struct part *const *x = a, *const *y = b;
	const int64_t vx = newest(*x)->version, vy = newest(*y)->version;

	return (vx < vy) - (vx > vy);
}

static int
join(struct chain *c, const struct part *const *parts, size_t n,
    char said[WHY_MAX])
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		const struct records *records = &parts[i]->records;

		r = 0;
		for (size_t j = records->n; j-- > 0 && r == 0;)
			r = add(c, parts[i], &records->at[j], said);
	}
	return r < 0 ? -1 : 0;
}

int
chain_make(struct chain *c, const struct members *m,
    const struct backup *backup, const char *env, char said[WHY_MAX])
{
	const struct part **parts = calloc(backup->n + 1, sizeof(*parts));
	size_t n = 0, n_records = 0;
	int r = -1;

	*c = (struct chain){ .n = 0 };
	if (parts == NULL)
		goto memory;
	for (size_t i = 0; i < backup->n; i++) {
		const struct part *part = &backup->parts[i];

		if (strcmp(part->project, m->project) != 0 ||
		    strcmp(part->env, env) != 0 || part->records.n == 0)
			continue;
		if (verify(c, m, part, said) != 0)
			goto out;
		n_records += part->records.n;
		parts[n++] = part;
	}
	if ((c->down = calloc(n_records + 1, sizeof(*c->down))) == NULL)
		goto memory;
	qsort(parts, n, sizeof(*parts), by_end);
	r = join(c, parts, n, said);
	goto out;
memory:
	snprintf(said, WHY_MAX, "out of memory");
out:
	free(parts);
	if (r != 0)
		chain_reset(c);
	return r;
}
