/* SPDX-License-Identifier: MIT */
/*
 * jump.c: whether the versions between the one that was seen last and the one
 * that came now can have been. A number out of nowhere would be remembered, and
 * every true one after it refused as older.
 */
#include "config.h"

#include <inttypes.h>

#include "v1/v1.h"

/* Beyond what a history lists: more than a project pushes between two looks. */
#define UNLISTED_MAX 10000

static bool
explains(const struct vaultenv_versions *list, int64_t known, int64_t got)
{
	int64_t next = got;
	size_t i = 0;

	/* Pushed while we asked. */
	while (i < list->n && list->at[i].version > got)
		i++;
	for (; i < list->n && next > known; i++, next--)
		if (list->at[i].version != next)
			return false;
	return next < got && next - known <= UNLISTED_MAX;
}

int
v1_jump_check(struct vaultenv_client *client, int64_t known, int64_t got,
    struct vaultenv_error *err)
{
	struct vaultenv_versions *list = NULL;
	int r;

	if (known == 0 || got <= known + 1)
		return 0;
	if ((r = vaultenv_secrets_versions(client, &list, err)) != 0)
		return r;
	if (!explains(list, known, got)) {
		r = err_set(err, VAULTENV_ERR_UNTRUSTED, NULL,
		    "%s gave version %" PRId64 " of %s after version %" PRId64
		    ", and its history does not have those between",
		    client->url, got, client->environment, known);
		err_hint(err, "If that is right, run: vault-env trust %s",
		    client->url);
	}
	vaultenv_versions_free(&list);
	return r;
}
