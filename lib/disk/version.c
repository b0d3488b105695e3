/* SPDX-License-Identifier: MIT */
/*
 * version.c: one version of an environment and what is known of it, so that
 * nothing travels beside its own content. Must not open it: that takes keys.
 */
#include "config.h"

#include "disk/disk.h"

void
version_init(struct version *v)
{
	*v = (struct version){ .number = 0 };
	blob_init(&v->text, VERSION_MAX);
}

void
version_reset(struct version *v)
{
	blob_reset(&v->text);
	vaultenv_list_free(&v->list);
	version_init(v);
}

int
version_hash(struct version *v)
{
	uint8_t hash[HASH_LEN];
	int r;

	if ((r = sha256(hash, v->text.data, v->text.len)) == 0)
		hex_encode(v->sha256, hash, sizeof(hash));
	return r;
}
