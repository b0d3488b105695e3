/* SPDX-License-Identifier: MIT */
/*
 * environments.c: the environments that every project begins with, and which of
 * them have secrets, for who looked in the wrong place. Protocol v1 lists none:
 * so they are asked for, one by one, and what cannot be had is not told.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

const char *const environments_offered[ENVIRONMENTS_OFFERED] = { "development",
	"staging", "production" };

bool
environment_is_offered(const char *name)
{
	for (size_t i = 0; i < ENVIRONMENTS_OFFERED; i++)
		if (strcmp(environments_offered[i], name) == 0)
			return true;
	return false;
}

static bool
has_secrets(struct vaultenv_client *client, const char *name)
{
	char *own = client->environment;
	int64_t version = 0;
	int r;

	if ((client->environment = strdup(name)) == NULL) {
		client->environment = own;
		return false;
	}
	r = vaultenv_secrets_current_version(client, &version, NULL, NULL);
	free(client->environment);
	client->environment = own;
	return r == 0 && version > 0;
}

void
vaultenv_environments_explain(
    struct vaultenv_client *client, struct vaultenv_error *err)
{
	const char *found[ENVIRONMENTS_OFFERED];
	char list[128] = "";
	size_t n = 0, len = 0;

	if (err == NULL || err->code != VAULTENV_ERR_NO_SECRETS)
		return;
	for (size_t i = 0; i < ENVIRONMENTS_OFFERED; i++)
		if (strcmp(environments_offered[i], client->environment) != 0 &&
		    has_secrets(client, environments_offered[i]))
			found[n++] = environments_offered[i];
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
		    i == 0      ? ""
		    : i + 1 < n ? ", "
				: " and ",
		    found[i]);
	if (n == 0)
		return;
	err_set(err, VAULTENV_ERR_NO_SECRETS, NULL,
	    "No secrets stored yet in environment %s, but in %s",
	    client->environment, list);
	err_hint(err,
	    "To use those, name that environment (NODE_ENV, ENVIRONMENT, "
	    "--env); to fill this one, run: vault-env push --env %s",
	    client->environment);
}

void
environments_reset(struct vaultenv_environments *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->at[i].name);
	free(e->at);
}

void
vaultenv_environments_free(struct vaultenv_environments **environments)
{
	if (environments == NULL || *environments == NULL)
		return;
	environments_reset(*environments);
	free(*environments);
	*environments = NULL;
}
