/* SPDX-License-Identifier: MIT */
/*
 * cmd-approve-device.c: lets a device pull and push.
 */
#include "config.h"

#include "device.h"

static int
approve_device_run(const struct args *args)
{
	static const struct device_change approve = { "Approve", "Approved",
		"approving the device", "approved", vaultenv_device_approve };

	return device_change(args, &approve);
}

static const struct option_row approve_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as list-devices shows it" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_approve_device = {
	.name = "approve-device",
	.summary = "Let a registered device pull and push",
	.about =
	    "Shows the device's name and when it was registered, and on a "
	    "terminal asks\nbefore it approves: anybody who has the VAULT_KEY "
	    "can register a device, under\nany name.",
	.options = approve_device_options,
	.run = approve_device_run,
};
