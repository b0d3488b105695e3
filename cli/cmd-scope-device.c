/* SPDX-License-Identifier: MIT */
/*
 * cmd-scope-device.c: changes what a device may, and for how long.
 */
#include "config.h"

#include "members.h"
#include "session.h"

static void
changed_print(const struct args *args, const struct vaultenv_device *d)
{
	char scope[SCOPE_TEXT_MAX];

	members_scope_text(d, scope);
	say(args, "Changed %s, %s: %s", d->name, d->id, scope);
	if (!args->json)
		return;
	putchar('{');
	json_member("device_id", d->id);
	members_scope_json(d);
	puts("}");
}

static int
scope_change(const struct args *args, struct vaultenv_client *client,
    const struct vaultenv_scope *scope)
{
	struct vaultenv_device *device = NULL;
	struct vaultenv_error err;
	int r;

	wait_begin(args, "changing what the device may");
	r = vaultenv_device_scope(client, args->id, scope, &device, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	changed_print(args, device);
	vaultenv_device_free(&device);
	return EXIT_DONE;
}

static int
scope_device_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_scope scope;
	int code;

	if ((code = scope_from_args(args, &scope)) == EXIT_DONE &&
	    (code = session_open(args, &client)) == EXIT_DONE &&
	    (code = members_tend(args, client, NULL)) == EXIT_DONE)
		code = scope_change(args, client, &scope);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row scope_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as list-devices shows it" },
	SCOPE_OPTIONS(
	    "reader, writer or admin", "from now on, such as 365d, or never"),
	{ "--no-history", NULL, OPTION_FLAG, false, ARG(no_history),
	    "without the keys of older versions" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_scope_device = {
	.name = "scope-device",
	.summary = "Change what a device may, and for how long",
	.about =
	    "What is not given stays as it is. What is taken away is "
	    "taken from the next push\non, which makes a new key: what the "
	    "device has read, it keeps.",
	.options = scope_device_options,
	.v2 = true,
	.run = scope_device_run,
};
