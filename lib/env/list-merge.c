/* SPDX-License-Identifier: MIT */
/*
 * list-merge.c: two lists that were made from one, merged by name: what only
 * one side has changed is taken from it. Must not know where lists come from.
 */
#include "config.h"

#include <string.h>

#include "env/env.h"

struct merge {
	const struct vaultenv_list *base;
	const struct vaultenv_list *mine;
	const struct vaultenv_list *theirs;
	enum list_side prefer;
	struct vaultenv_list *merged;
	struct vaultenv_list *conflicts;
};

static const struct vaultenv_pair *
find(const struct vaultenv_list *list, const char *name)
{
	return list == NULL ? NULL : vaultenv_list_find(list, name);
}

/* NULL is a name that is not there. */
static bool
is_same(const struct vaultenv_pair *a, const struct vaultenv_pair *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return pair_value_equal(a, b);
}

/* Decides about one name, and adds it unless it is to go. */
static int
merge_name(struct merge *m, const char *name)
{
	const struct vaultenv_pair *base = find(m->base, name);
	const struct vaultenv_pair *mine = find(m->mine, name);
	const struct vaultenv_pair *theirs = find(m->theirs, name);
	const struct vaultenv_pair *taken = mine;
	int r;

	if (is_same(base, mine)) {
		taken = theirs;
	} else if (!is_same(base, theirs) && !is_same(mine, theirs)) {
		if (m->prefer == LIST_THEIRS)
			taken = theirs;
		if (m->prefer == LIST_NEITHER &&
		    (r = vaultenv_list_set(m->conflicts, name, "", 0)) != 0)
			return r;
	}
	if (taken == NULL)
		return 0;
	return vaultenv_list_set(
	    m->merged, name, taken->value, taken->value_len);
}

int
list_merge(const struct vaultenv_list *base, const struct vaultenv_list *mine,
    const struct vaultenv_list *theirs, enum list_side prefer,
    struct vaultenv_list **out, struct vaultenv_list *conflicts)
{
	struct merge m = { base, mine, theirs, prefer, NULL, conflicts };
	const struct vaultenv_pair *pair;
	size_t i;
	int r;

	if ((r = vaultenv_list_new(&m.merged)) != 0)
		return r;
	for (i = 0; r == 0 && (pair = vaultenv_list_at(mine, i)) != NULL; i++)
		r = merge_name(&m, pair->name);
	for (i = 0; r == 0 && (pair = vaultenv_list_at(theirs, i)) != NULL; i++)
		if (vaultenv_list_find(mine, pair->name) == NULL)
			r = merge_name(&m, pair->name);
	if (r != 0)
		vaultenv_list_free(&m.merged);
	else
		*out = m.merged;
	return r;
}
