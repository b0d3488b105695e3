/* SPDX-License-Identifier: MIT */
/*
 * size.c: what to say of secrets that are too many bytes for a version: which
 * ones they are. Shows names, never values.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "env/env.h"

#define LARGEST_SHOWN 3
#define NAME_SHOWN    60
#define LARGEST_TEXT  ((size_t)512)

/* The largest first; what is not there is NULL. */
static void
largest_find(const struct vaultenv_list *list,
    const struct vaultenv_pair *largest[LARGEST_SHOWN])
{
	const struct vaultenv_pair *pair, *next;

	memset(largest, 0, LARGEST_SHOWN * sizeof(*largest));
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		for (size_t k = 0; k < LARGEST_SHOWN && pair != NULL; k++) {
			if (largest[k] != NULL &&
			    largest[k]->value_len >= pair->value_len)
				continue;
			next = largest[k];
			largest[k] = pair;
			pair = next;
		}
}

/* "A (700000 bytes), B (9 bytes)" */
static int
largest_text(struct blob *out, const struct vaultenv_list *list)
{
	const struct vaultenv_pair *largest[LARGEST_SHOWN];
	char *shown;
	int r = 0;

	largest_find(list, largest);
	for (size_t k = 0; k < LARGEST_SHOWN && largest[k] != NULL; k++) {
		if ((shown = text_printable(largest[k]->name, NAME_SHOWN)) ==
		    NULL)
			return VAULTENV_ERR_NOMEM;
		r = blob_printf(out, "%s%s (%zu byte%s)", k > 0 ? ", " : "",
		    shown, largest[k]->value_len,
		    largest[k]->value_len == 1 ? "" : "s");
		free(shown);
		if (r != 0)
			break;
	}
	return r;
}

int
size_error(const struct vaultenv_list *list, const struct size *size,
    struct vaultenv_error *err)
{
	struct blob largest;
	char limit[64] = "";
	int r;

	if (size->limit > 0)
		snprintf(limit, sizeof(limit), ", whose limit is %" PRId64,
		    size->limit);
	blob_init(&largest, LARGEST_TEXT);
	if ((r = largest_text(&largest, list)) != 0)
		err_general(err, r);
	else
		r = err_set(err, size->code, size->hint,
		    "These secrets are %zu bytes%s and too large for %s%s; "
		    "the largest are %s",
		    size->len, size->form, size->what, limit,
		    (const char *)largest.data);
	blob_reset(&largest);
	return r;
}

int
too_large_to_send(const struct call *call, const struct vaultenv_list *list,
    struct vaultenv_error *err)
{
	struct size size = { .len = call->body.text.len,
		.form = " as sent",
		.what = call->client->url,
		.code = VAULTENV_ERR_FORBIDDEN,
		.hint =
		    PLAIN_SIZE_HINT ", or ask the operator to raise max_body" };

	if (!json_find_int(&call->reply, "max_body", 1, &size.limit))
		size.limit = 0;
	return size_error(list, &size, err);
}
