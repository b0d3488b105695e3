/* SPDX-License-Identifier: MIT */
/*
 * cmd-revoke-device.c: shuts a device out for good.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static int
revoke_device_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "revoking the device");
	r = vaultenv_device_revoke(client, args->id, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("id", args->id);
		putchar(',');
		json_member("status", "revoked");
		puts("}");
	}
	say(args, "Revoked device %s", args->id);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row revoke_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as list-devices shows it" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_revoke_device = {
	.name = "revoke-device",
	.summary = "Shut a device out, for good",
	.about = "A revoked device cannot be approved again. What it has read "
		 "it knows: change\nthose secrets where they come from.",
	.options = revoke_device_options,
	.run = revoke_device_run,
};
