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
vaultenv_versions_free(struct vaultenv_versions **versions)
{
	struct vaultenv_version *v;
	size_t i, k;

	if (versions == NULL || *versions == NULL)
		return;
	for (i = 0; i < (*versions)->n; i++) {
		v = &(*versions)->at[i];
		for (k = 0; k < v->n_changed; k++)
			free(v->changed[k]);
		free(v->changed);
		free(v->created_at);
	}
	free((*versions)->at);
	free(*versions);
	*versions = NULL;
}
