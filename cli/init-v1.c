/* SPDX-License-Identifier: MIT */
/*
 * init-v1.c: a new project of protocol v1. Before the key is in .env there is
 * nothing (the server forgets a project that no key was set for), from then on
 * the marker in .env makes the next init go on.
 */
#include "config.h"

#include <string.h>

#include "envfile.h"
#include "git.h"
#include "init.h"
#include "session.h"

/* A signed call without a device check: does the server take this key? */
static int
key_try(struct init *in, struct vaultenv_error *err)
{
	struct vaultenv_devices *devices = NULL;
	int r;

	wait_begin(in->args, "checking the key");
	r = vaultenv_device_list(in->client, &devices, err);
	wait_end();
	vaultenv_devices_free(&devices);
	return r;
}

/*
 * A project and its key in .env, not yet known to the server. old_key, which
 * may be NULL, belongs to a project that the server has forgotten.
 */
static int
key_make(struct init *in, const char *old_key)
{
	char id[VAULTENV_PROJECT_ID_LEN + 1], *key = NULL;
	struct vaultenv_error err;
	size_t len = 0;
	int code;

	if ((code = init_project_create(in, vaultenv_project_create, id)) !=
	    EXIT_DONE)
		return code;
	/* Ignored before it is there, so that no commit comes in between. */
	git_protect(in->args, in->path);
	if (vaultenv_key_generate(id, &key, &len, &err) != 0)
		code = session_fail(&err);
	else if ((code = init_key_store(in, key, old_key)) == EXIT_DONE &&
		 vaultenv_client_set_key(in->client, key, &err) != 0)
		code = session_fail(&err);
	vaultenv_text_free(&key, len);
	return code;
}

static int
key_claim(struct init *in)
{
	struct vaultenv_error err;
	int r;

	wait_begin(in->args, "setting the key");
	r = vaultenv_project_set_key(in->client, &err);
	wait_end();
	if (r == VAULTENV_ERR_CONFLICT) {
		error_print("Remove the VAULT_KEY line to make a new project",
		    "Project %s has another key than the VAULT_KEY in %s: "
		    "somebody else set one",
		    vaultenv_client_project_id(in->client), in->path);
		return EXIT_REFUSED;
	}
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

int
init_v1_start(struct init *in)
{
	int code;

	if ((code = init_client_open(in, false)) != EXIT_DONE ||
	    (code = key_make(in, NULL)) != EXIT_DONE ||
	    (code = key_claim(in)) != EXIT_DONE)
		return code;
	return init_finish(in);
}

/* Why: what an earlier init has left cannot be gone on with. */
static int
key_replace(struct init *in, const char *why)
{
	const char *key = envfile_get(in->file, "VAULT_KEY");
	char *old_key = strdup(key);
	size_t len = strlen(key);
	int code;

	if (old_key == NULL) {
		error_print(NULL, "Out of memory");
		return EXIT_FAILED;
	}
	say(in->args, "%s: starting over, the old key stays in %s as a comment",
	    why, in->path);
	code = key_make(in, old_key);
	vaultenv_text_free(&old_key, len);
	return code == EXIT_DONE ? key_claim(in) : code;
}

int
init_v1_instead(struct init *in)
{
	int code;

	vaultenv_client_free(&in->client);
	if ((code = init_client_open(in, false)) != EXIT_DONE ||
	    (code = key_replace(in, "That project is of protocol 2")) !=
		EXIT_DONE)
		return code;
	return init_finish(in);
}

int
init_v1_resume(struct init *in)
{
	struct vaultenv_error err;
	int code, r;

	r = key_try(in, &err);
	if (r == VAULTENV_ERR_UNAUTHORIZED) {
		if ((code = key_claim(in)) != EXIT_DONE)
			return code;
	} else if (r == VAULTENV_ERR_NOT_FOUND) {
		code = key_replace(in,
		    "The server has forgotten that project, since "
		    "it got no key in time");
		if (code != EXIT_DONE)
			return code;
	} else if (r != 0) {
		return session_fail(&err);
	}
	return init_finish(in);
}
