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
	free(c->left_out);
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

bool
code_is_of_log(int code)
{
	return code == CODE_RECORD_LOG || code == CODE_RECORD_CUT ||
	       code == CODE_RECORD_AUTHOR;
}

/* A bundle, and how many of its records count. */
struct run {
	const struct part *part;
	size_t n;
};

static int
verify(struct chain *c, const struct members *m, struct run *run,
    char said[WHY_MAX])
{
	const struct part *part = run->part;
	const struct record *at = part->records.at;
	int r = 0, refused;

	for (run->n = 0; run->n < part->records.n; run->n++, at++) {
		r = record_check_next(
		    m, run->n == 0 ? NULL : at - 1, at, part->env, &refused);
		if (r != 0)
			break;
		c->refused = c->refused || refused != 0;
	}
	if (r < 0)
		return part_fail(part, said, "cannot be verified");
	if (code_is_of_log(r))
		c->left_out[c->n_left_out++] =
		    (struct left_out){ part, at->version, r };
	else if (r != 0)
		return part_fail(part, said,
		    "version %" PRId64 " of %s is refused (%s)", at->version,
		    part->env, code_name(r));
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

static int64_t
end_of(const struct run *run)
{
	return run->part->records.at[run->n - 1].version;
}

/* The one that reaches furthest first. */
static int
by_end(const void *a, const void *b)
{
	const int64_t x = end_of(a), y = end_of(b);

	return (x < y) - (x > y);
}

static int
join(struct chain *c, const struct run *runs, size_t n, char said[WHY_MAX])
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = 0;
		for (size_t j = runs[i].n; j-- > 0 && r == 0;)
			r = add(c, runs[i].part, &runs[i].part->records.at[j],
			    said);
	}
	return r < 0 ? -1 : 0;
}

int
chain_make(struct chain *c, const struct members *m,
    const struct backup *backup, const char *env, char said[WHY_MAX])
{
	struct run *runs = calloc(backup->n + 1, sizeof(*runs));
	size_t n = 0, n_records = 0;
	int r = -1;

	*c = (struct chain){ .n = 0 };
	c->left_out = calloc(backup->n + 1, sizeof(*c->left_out));
	if (runs == NULL || c->left_out == NULL)
		goto memory;
	for (size_t i = 0; i < backup->n; i++) {
		runs[n].part = &backup->parts[i];
		if (strcmp(runs[n].part->project, m->project) != 0 ||
		    strcmp(runs[n].part->env, env) != 0)
			continue;
		if (verify(c, m, &runs[n], said) != 0)
			goto out;
		n_records += runs[n].n;
		n += runs[n].n > 0;
	}
	if ((c->down = calloc(n_records + 1, sizeof(*c->down))) == NULL)
		goto memory;
	qsort(runs, n, sizeof(*runs), by_end);
	r = join(c, runs, n, said);
	goto out;
memory:
	snprintf(said, WHY_MAX, "out of memory");
out:
	free(runs);
	if (r != 0)
		chain_reset(c);
	return r;
}
