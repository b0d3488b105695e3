/* SPDX-License-Identifier: MIT */
/*
 * versions.c: what is the same of a version whatever protocol it came by.
 */
#include "config.h"

#include <stdlib.h>

#include "client/client.h"

int
version_is_real(int64_t version, struct vaultenv_error *err)
{
	if (version >= 1 && version <= JSON_INT_MAX)
		return 0;
	return err_set(err, VAULTENV_ERR_INVALID,
	    "Versions are whole numbers from 1; see: vault-env versions",
	    "There is no such version");
}

void
version_entry_reset(struct vaultenv_version *v)
{
	for (size_t i = 0; i < v->n_changed; i++)
		free(v->changed[i]);
	free(v->changed);
	free(v->created_at);
	free(v->author);
	free(v->author_id);
	free(v->note);
}

void
vaultenv_versions_free(struct vaultenv_versions **versions)
{
	if (versions == NULL || *versions == NULL)
		return;
	for (size_t i = 0; i < (*versions)->n; i++)
		version_entry_reset(&(*versions)->at[i]);
	free((*versions)->at);
	free(*versions);
	*versions = NULL;
}
