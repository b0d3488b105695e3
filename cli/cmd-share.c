/* SPDX-License-Identifier: MIT */
/*
 * cmd-share.c: the keys of an environment, for devices that lack them.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static int
share_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	const char *environment;
	int64_t added = 0;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	environment = vaultenv_client_environment(client);
	wait_begin(args, "sharing the keys");
	r = vaultenv_secrets_share(client, &added, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
	} else if (args->json) {
		putchar('{');
		json_member("environment", environment);
		printf(",\"added\":%lld}\n", (long long)added);
	} else if (added == 0) {
		say(args, "Every device that may read %s has its keys",
		    environment);
	} else {
		say(args, "Added %lld %s of %s for devices that lacked %s",
		    (long long)added, added == 1 ? "key" : "keys", environment,
		    added == 1 ? "it" : "them");
	}
out:
	vaultenv_client_free(&client);
	return code;
}

const struct command command_share = {
	.name = "share",
	.summary = "Give the keys of an environment to devices that lack them",
	.about = "For a device that is told \"There is no key of ... for this "
		 "device\", after a\n"
		 "restore for example. Any device that may write and has the "
		 "keys can give them.\n"
		 "No key that is there is replaced; for one that does not open "
		 "there, run:\n"
		 "vault-env confirm --new-key",
	.v2 = true,
	.run = share_run,
};
