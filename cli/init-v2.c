/* SPDX-License-Identifier: MIT */
/*
 * init-v2.c: a new project of protocol v2: made here, whole, before the server
 * hears of it; sent again until it answers.
 */
#include "config.h"

#include <string.h>

#include "envfile.h"
#include "git.h"
#include "init.h"
#include "recovery.h"
#include "session.h"

static int
publish(struct vaultenv_client *client, const char *name, const char *token,
    char id[VAULTENV_PROJECT_ID_LEN + 1], struct vaultenv_error *err)
{
	memcpy(id, vaultenv_client_project_id(client),
	    VAULTENV_PROJECT_ID_LEN + 1);
	return vaultenv_project_publish(client, name, token, err);
}

static int
key_make(struct init *in)
{
	char host[DEVICE_NAME_MAX], *key = NULL;
	struct vaultenv_error err;
	size_t len = 0;
	int code;

	device_default_name(host);
	git_protect(in->args, in->path);
	if (vaultenv_project_begin(in->client, host, &key, &len, &err) != 0)
		code = session_fail(&err);
	else
		code = init_key_store(in, key, NULL);
	vaultenv_text_free(&key, len);
	return code;
}

/* The name is looked at first: a project that can have none leaves no key
 * behind. */
int
init_v2_start(struct init *in)
{
	int code;

	if (init_project_name(in) == NULL)
		return EXIT_FAILED;
	if ((code = init_client_open(in, false)) != EXIT_DONE ||
	    (code = key_make(in)) != EXIT_DONE)
		return code;
	return init_v2_resume(in);
}

int
init_v2_resume(struct init *in)
{
	char id[VAULTENV_PROJECT_ID_LEN + 1];
	int code;

	if ((code = init_project_create(in, publish, id)) != EXIT_DONE)
		return code;
	in->created = true;
	if ((code = init_finish(in)) == EXIT_DONE)
		recovery_offer(in->args, in->client);
	return code;
}
