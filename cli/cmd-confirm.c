/* SPDX-License-Identifier: MIT */
/*
 * cmd-confirm.c: says that the newest version is still current, for devices
 * that accept none that is older than so many days.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static void
confirm_tell(const struct args *args, const char *environment, int64_t version,
    int pushed)
{
	if (args->json) {
		putchar('{');
		json_member("environment", environment);
		printf(",\"version\":%lld,\"pushed\":%s}\n", (long long)version,
		    pushed ? "true" : "false");
	}
	if (pushed)
		say(args, "Confirmed %s, now version %lld", environment,
		    (long long)version);
	else
		say(args,
		    "Version %lld of %s was confirmed today already: nothing "
		    "was pushed",
		    (long long)version, environment);
}

static int
confirm_run(const struct args *args)
{
	const struct vaultenv_confirm_options options = {
		.new_key = args->new_key, .take_stale = args->stale
	};
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	int64_t version = 0;
	int code, pushed = 0, r;

	if ((code = session_open(args, &client)) != EXIT_DONE ||
	    (code = session_stale_check(args, client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "confirming the secrets");
	r = vaultenv_secrets_confirm(client, &options, &version, &pushed, &err);
	wait_end();
	if (r != 0)
		code = session_fail(&err);
	else
		confirm_tell(
		    args, vaultenv_client_environment(client), version, pushed);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row confirm_options[] = {
	{ "--new-key", NULL, OPTION_FLAG, false, ARG(new_key),
	    "under a new data key, also where none is due" },
	{ "--stale", NULL, OPTION_FLAG, false, ARG(stale),
	    "also a version too old for this device, or of the future" },
	{ "--yes-i-looked", NULL, OPTION_FLAG, false, ARG(looked),
	    "with --stale: do not ask whether somebody has looked" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_confirm = {
	.name = "confirm",
	.summary = "Say that the newest version is still current",
	.about =
	    "Stores the same secrets again as the next version, for devices "
	    "that accept none\nolder than so many days (--fresh), and under a "
	    "new data key if a device was\nremoved since the last version. "
	    "Does nothing if that was done today (UTC).",
	.options = confirm_options,
	.v2 = true,
	.run = confirm_run,
};
