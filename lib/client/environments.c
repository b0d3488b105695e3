/* SPDX-License-Identifier: MIT */
/*
 * environments.c: where a project has secrets, for who looked in the wrong
 * place. Protocol v1 lists no environments: those that every project begins
 * with are asked for, one by one. It only adds to a sentence, and cannot fail.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

static const char *const names[] = { "development", "staging", "production" };

#define N_NAMES (sizeof(names) / sizeof(names[0]))

bool
environment_is_offered(const char *name)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (strcmp(names[i], name) == 0)
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
	const char *found[N_NAMES];
	char list[128] = "";
	size_t n = 0, len = 0;

	if (err == NULL || err->code != VAULTENV_ERR_NO_SECRETS)
		return;
	for (size_t i = 0; i < N_NAMES; i++)
		if (strcmp(names[i], client->environment) != 0 &&
		    has_secrets(client, names[i]))
			found[n++] = names[i];
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
vaultenv_environments_free(struct vaultenv_environments **environments)
{
	struct vaultenv_environments *e;

	if (environments == NULL || (e = *environments) == NULL)
		return;
	for (size_t i = 0; e->at != NULL && i < e->n; i++)
		free(e->at[i].name);
	free(e->at);
	free(e);
	*environments = NULL;
}
