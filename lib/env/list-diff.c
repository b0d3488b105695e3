/* SPDX-License-Identifier: MIT */
/*
 * list-diff.c: what was added, changed and removed between two lists, by name.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "env/env.h"

bool
pair_value_equal(const struct vaultenv_pair *a, const struct vaultenv_pair *b)
{
	return a->value_len == b->value_len &&
	       memcmp(a->value, b->value, a->value_len) == 0;
}

int
vaultenv_list_diff(const struct vaultenv_list *before,
    const struct vaultenv_list *after, struct vaultenv_change **out,
    size_t *n_out)
{
	const size_t n_before = before == NULL ? 0 : vaultenv_list_len(before);
	const size_t n_after = vaultenv_list_len(after);
	const struct vaultenv_pair *pair, *old;
	struct vaultenv_change *changes;
	size_t n = 0;

	changes = calloc(n_before + n_after + 1, sizeof(*changes));
	if (changes == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; i < n_after; i++) {
		pair = vaultenv_list_at(after, i);
		old = n_before == 0 ? NULL
				    : vaultenv_list_find(before, pair->name);
		if (old == NULL || !pair_value_equal(old, pair))
			changes[n++] =
			    (struct vaultenv_change){ old == NULL ? '+' : '~',
				    pair->name };
	}
	for (size_t i = 0; i < n_before; i++) {
		pair = vaultenv_list_at(before, i);
		if (vaultenv_list_find(after, pair->name) == NULL)
			changes[n++] =
			    (struct vaultenv_change){ '-', pair->name };
	}
	if (n == 0) {
		free(changes);
		changes = NULL;
	}
	*out = changes;
	*n_out = n;
	return 0;
}
