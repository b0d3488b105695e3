/* SPDX-License-Identifier: MIT */
/*
 * cmd-revoke-device.c: shuts a device out for good.
 */
#include "config.h"

#include "device.h"
#include "session.h"

static int
revoke_device_run(const struct args *args)
{
	static const struct device_change revoke = { "Revoke", "Revoked",
		"revoking the device", "revoked", vaultenv_device_revoke };

	struct vaultenv_client *client = NULL;
	int code;

	if ((code = session_open(args, &client)) == EXIT_DONE)
		code = device_change(args, client, &revoke);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row revoke_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as list-devices shows it" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_revoke_device = {
	.name = "revoke-device",
	.summary = "Shut a device out, for good",
	.about = "A revoked device cannot be approved again. It keeps what it "
		 "has read: change\nthose secrets where they come from.",
	.options = revoke_device_options,
	.run = revoke_device_run,
};
