/* SPDX-License-Identifier: MIT */
/*
 * cmd-rollback.c: makes an old version the newest one again. Shows no secret.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static int
rollback_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	const char *environment;
	int64_t version = 0;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	environment = vaultenv_client_environment(client);
	wait_begin(args, "rolling back");
	r = vaultenv_secrets_rollback(client, args->version, &version, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("environment", environment);
		printf(",\"version\":%lld,\"rolled_back_to\":%lld}\n",
		    (long long)version, (long long)args->version);
	}
	say(args, "Rolled %s back to version %lld, now also version %lld",
	    environment, (long long)args->version, (long long)version);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row rollback_options[] = {
	{ "--version", "N", OPTION_VERSION, true, ARG(version),
	    "the version to go back to" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_rollback = {
	.name = "rollback",
	.summary = "Store an old version again, as the newest",
	.options = rollback_options,
	.run = rollback_run,
};
