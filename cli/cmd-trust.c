/* SPDX-License-Identifier: MIT */
/*
 * cmd-trust.c: says that a server is the right one for a key, which the server
 * itself is not asked.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static int
trust_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct args own = *args;
	struct vaultenv_error err;
	int code;

	own.url = args->operand;
	if ((code = session_open(&own, &client)) != EXIT_DONE)
		goto out;
	if (vaultenv_client_trust(client, &err) != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("project_id", vaultenv_client_project_id(client));
		putchar(',');
		json_member("url", vaultenv_client_url(client));
		puts("}");
	}
	say(args, "The server of project %s is %s from now on",
	    vaultenv_client_project_id(client), vaultenv_client_url(client));
out:
	vaultenv_client_free(&client);
	return code;
}

const struct command command_trust = {
	.name = "trust",
	.summary = "Say that a server is the right one for the project",
	.operand = "URL",
	.about =
	    "A project's server is remembered with the first success, in "
	    "~/.vault; another\none is refused until this says otherwise. It "
	    "also forgets which versions that\nserver has given, so that one "
	    "restored from a backup is accepted.",
	.run = trust_run,
};
