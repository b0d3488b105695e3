/* SPDX-License-Identifier: MIT */
/*
 * server.c: a server belongs to a key. Which one is remembered with the first
 * success; another one has to be named by the user, not by some file that lies
 * where a command is run: it would get what only the right one may have. Must
 * not ask either of them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "disk/state.h"

/* The URL is not the user's own word, and the project has another server. */
static int
stranger(const struct vaultenv_client *c, const struct url_origin *origin,
    const char *server, struct vaultenv_error *err)
{
	if (origin->path == NULL)
		err_set(err, VAULTENV_ERR_UNTRUSTED, NULL,
		    "The server of project %s is %s, and not %s, which is used "
		    "where no URL is given",
		    c->project_id, server, c->url);
	else
		err_set(err, VAULTENV_ERR_UNTRUSTED, NULL,
		    "The server of project %s is %s, and not %s, which the "
		    "VAULT_URL in %s names",
		    c->project_id, server, c->url, origin->path);
	return err_hint(err,
	    "Name the right one by --url or VAULT_URL in the environment; if "
	    "it is another one now, run: vault-env trust %s",
	    c->url);
}

static int
file_of_others(const struct vaultenv_client *c, const struct url_origin *origin,
    struct vaultenv_error *err)
{
	err_set(err, VAULTENV_ERR_UNTRUSTED, NULL,
	    "The VAULT_URL in %s is not used with a VAULT_KEY from elsewhere: "
	    "it names %s, and nothing says that this is the server of project "
	    "%s",
	    origin->path, c->url, c->project_id);
	return err_hint(err,
	    "Put both into one file, give --url or VAULT_URL in the "
	    "environment, or run: vault-env trust %s",
	    c->url);
}

int
server_check(const struct vaultenv_client *c, const struct url_origin *origin,
    struct vaultenv_error *err)
{
	struct state state;
	int r;

	if (origin->is_given || c->project_id[0] == '\0')
		return 0;
	if ((r = state_read(&state, c->state_path)) != 0)
		return err_general(err, r);
	if (state.server != NULL && strcmp(state.server, c->url) != 0)
		r = stranger(c, origin, state.server, err);
	else if (state.server == NULL && origin->is_foreign)
		r = file_of_others(c, origin, err);
	state_reset(&state);
	return r;
}

static int
set_if_unknown(struct state *state, void *url)
{
	return state->server == NULL ? state_set_server(state, url) : 0;
}

/* What cannot be remembered is found out again the next time. */
void
server_remember(struct vaultenv_client *c)
{
	if (c->server_is_known)
		return;
	c->server_is_known = true;
	if (!vaultenv_client_is_known(c))
		(void)state_change(c->state_path, set_if_unknown, c->url, NULL);
}

static int
trust(struct state *state, void *url)
{
	state_forget(state, url);
	return state_set_server(state, url);
}

int
vaultenv_client_is_known(const struct vaultenv_client *client)
{
	struct state state;
	bool known;

	if (state_read(&state, client->state_path) != 0)
		return 0;
	known = state.server != NULL;
	state_reset(&state);
	return known;
}

int
vaultenv_client_trust(
    struct vaultenv_client *client, struct vaultenv_error *err)
{
	if (client->project_id[0] == '\0')
		return err_general(err, VAULTENV_ERR_NO_KEY);
	if (client->state_path == NULL)
		return err_set(err, VAULTENV_ERR_IO,
		    "Set HOME to a folder of yours",
		    "There is no home folder to remember the server in");
	return state_change(client->state_path, trust, client->url, err);
}
