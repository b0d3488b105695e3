/* SPDX-License-Identifier: MIT */
/*
 * init-v2.c: a new project of protocol v2: made here, whole, before the server
 * hears of it; sent again until it answers.
 */
#include "config.h"

#include "envfile.h"
#include "git.h"
#include "init.h"
#include "recovery.h"
#include "session.h"

static int
publish(struct init *in)
{
	const char *name = init_project_name(in);
	struct vaultenv_error err;
	char *token = NULL;
	size_t len = 0;
	int code, r;

	if (name == NULL)
		return EXIT_FAILED;
	if ((code = init_token_read(in->args, &token, &len)) != EXIT_DONE)
		goto out;
	wait_begin(in->args, "creating the project");
	r = vaultenv_project_publish(in->client, name, token, &err);
	wait_end();
	if (r != 0)
		code = session_fail(&err);
	else
		say(in->args, "Created project %s (%s)", name,
		    vaultenv_client_project_id(in->client));
out:
	vaultenv_text_free(&token, len);
	return code;
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

/* The name and the token are asked for first: a project that cannot be made
 * leaves no key behind. */
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
	int code;

	if ((code = publish(in)) != EXIT_DONE)
		return code;
	in->created = true;
	if ((code = init_finish(in)) == EXIT_DONE)
		recovery_offer(in->args, in->client);
	return code;
}
