/* SPDX-License-Identifier: MIT */
/*
 * cmd-approve-device.c: lets a device pull and push.
 */
#include "config.h"

#include "output.h"
#include "session.h"

static int
approve_device_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "approving the device");
	r = vaultenv_device_approve(client, args->id, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("id", args->id);
		putchar(',');
		json_member("status", "approved");
		puts("}");
	}
	say(args, "Approved device %s", args->id);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row approve_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as list-devices shows it" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_approve_device = {
	.name = "approve-device",
	.summary = "Let a registered device pull and push",
	.options = approve_device_options,
	.run = approve_device_run,
};
