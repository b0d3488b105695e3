/* SPDX-License-Identifier: MIT */
/*
 * cmd-revoke-device.c: shuts devices out for good.
 */
#include "config.h"

#include "revoke.h"
#include "session.h"

/* What only protocol v2 can do. */
static bool
is_v2(const struct args *args)
{
	return args->ids[0] == NULL || args->ids[1] != NULL ||
	       args->admitted_by != NULL || args->keep_key;
}

static int
revoke_device_run(const struct args *args)
{
	static const struct device_change revoke = { "Revoke", "Revoked",
		"revoking the device", "revoked", vaultenv_device_revoke };
	struct vaultenv_client *client = NULL;
	struct args one = *args;
	int code;

	one.id = args->ids[0];
	if (args->ids[0] == NULL && args->admitted_by == NULL) {
		error_print("See: vault-env revoke-device --help",
		    "One of --id ID and --admitted-by ID is needed");
		return EXIT_USAGE;
	}
	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	if (vaultenv_client_protocol(client) == 2 || is_v2(args))
		code = revoke_v2(args, client);
	else
		code = device_change(&one, client, &revoke);
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row revoke_device_options[] = {
	{ "--id", "ID", OPTION_LIST, false, ARG(ids),
	    "the device, as list-devices shows it; may be repeated" },
	{ "--admitted-by", "ID", OPTION_TEXT, false, ARG(admitted_by),
	    "all devices that this admin's device has let in" },
	{ "--keep-key", NULL, OPTION_FLAG, false, ARG(keep_key),
	    "keep VAULT_KEY although an admin's device is revoked" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_revoke_device = {
	.name = "revoke-device",
	.summary = "Shut devices out, for good",
	.about = "A revoked device cannot be approved again. It keeps what it "
		 "has read: in a\nproject of protocol v2 these names are "
		 "printed, and status lists them until they\nchange; each "
		 "environment gets a new data key; and after an admin's "
		 "device\nVAULT_KEY is replaced.",
	.options = revoke_device_options,
	.run = revoke_device_run,
};
