/* SPDX-License-Identifier: MIT */
/*
 * cmd-approve-device.c: lets a device in: in a project of protocol v1 to pull
 * and push, in one of v2 with a scope.
 */
#include "config.h"

#include <string.h>

#include "members.h"
#include "session.h"

static void
approved_print(const struct args *args, const struct vaultenv_device *d)
{
	char scope[SCOPE_TEXT_MAX];

	members_scope_text(d, scope);
	say(args, "Approved %s, %s: %s", d->name, d->id, scope);
	if (!args->json)
		return;
	putchar('{');
	json_member("device_id", d->id);
	putchar(',');
	json_member("status", "approved");
	members_scope_json(d);
	puts("}");
}

/* The id is the hash of the device's keys: who types it has compared. Without a
 * word, by options or by who is asked, it may write all, and how to narrow that
 * is told. */
static int
approve_v2(const struct args *args, struct vaultenv_client *client)
{
	struct vaultenv_device *device = NULL;
	struct vaultenv_scope scope;
	struct vaultenv_error err;
	struct typed typed;
	bool was_asked;
	int code, r;

	if ((code = scope_from_args(args, &scope)) != EXIT_DONE ||
	    (code = members_tend(args, client, NULL)) != EXIT_DONE ||
	    (code = scope_ask(args, &scope, &typed, "writer", &was_asked)) !=
		EXIT_DONE)
		return code;
	wait_begin(args, "approving the device");
	r = vaultenv_device_approve_as(client, args->id, &scope, &device, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	approved_print(args, device);
	if (!was_asked && scope.role == NULL && scope.environments == NULL &&
	    strcmp(device->environments, "*") == 0)
		note_print(args,
		    "To narrow that, run: vault-env scope-device --id %s "
		    "--role reader --env NAME",
		    device->id);
	vaultenv_device_free(&device);
	return EXIT_DONE;
}

static bool
has_scope(const struct args *args)
{
	return args->role != NULL || args->envs[0] != NULL ||
	       args->expires != NULL || args->max_cache != NULL ||
	       args->fresh != NULL;
}

static int
approve_device_run(const struct args *args)
{
	static const struct device_change approve = { "Approve", "Approved",
		"approving the device", "approved", vaultenv_device_approve };
	struct vaultenv_client *client = NULL;
	int code;

	if ((code = session_open(args, &client)) == EXIT_DONE)
		code = vaultenv_client_protocol(client) == 2 || has_scope(args)
			   ? approve_v2(args, client)
			   : device_change(args, client, &approve);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row approve_device_options[] = {
	{ "--id", "ID", OPTION_TEXT, true, ARG(id),
	    "the device, as its own screen shows it" },
	SCOPE_OPTIONS("reader, writer (default) or admin",
	    "how long it may, such as 365d, or never (default)"),
	{ "--no-history", NULL, OPTION_FLAG, false, ARG(no_history),
	    "without the keys of older versions" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask, even on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_approve_device = {
	.name = "approve-device",
	.summary = "Let a registered device pull and push",
	.about =
	    "The id has to come from the new machine's screen, or from its "
	    "user: it is the\nhash of that machine's keys, and typing it is "
	    "what tells it from a false one. On\na terminal it asks for role "
	    "and environments where they are not given. In a\nproject of "
	    "protocol v1 it shows the device and asks; there are no scopes.",
	.options = approve_device_options,
	.run = approve_device_run,
};
