/* SPDX-License-Identifier: MIT */
/*
 * cmd-list-devices.c: the devices of the project, newest first.
 */
#include "config.h"

#include <stdio.h>

#include "device.h"
#include "session.h"

static void
devices_json(const struct vaultenv_devices *list)
{
	printf("{\"devices\":[");
	for (size_t i = 0; i < list->n; i++) {
		const struct vaultenv_device *d = &list->at[i];

		printf("%s{", i > 0 ? "," : "");
		json_member("id", d->id);
		putchar(',');
		json_member("device_name", d->name);
		putchar(',');
		json_member("status", d->status);
		putchar(',');
		json_member("created_at", d->created_at);
		putchar(',');
		json_member("approved_at", d->approved_at);
		putchar(',');
		json_member("last_seen_at", d->last_seen_at);
		putchar('}');
	}
	puts("]}");
}

static void
devices_table(const struct vaultenv_devices *list)
{
	static const char *const heads[] = { "ID", "NAME", "STATUS",
		"REGISTERED", "LAST SEEN" };
	char when[WHEN_MAX];
	struct table table;

	table_init(&table, 5);
	for (size_t i = 0; i < 5; i++)
		table_add(&table, heads[i], COLOUR_DIM);
	for (size_t i = 0; i < list->n; i++) {
		const struct vaultenv_device *d = &list->at[i];

		table_add(&table, d->id, COLOUR_NONE);
		table_add(&table, d->name, COLOUR_NONE);
		table_add(&table, d->status, device_colour(d->status));
		when_text(d->created_at, when);
		table_add(&table, when, COLOUR_NONE);
		when_ago(d->last_seen_at, when);
		table_add(&table, when, COLOUR_NONE);
	}
	table_print(&table);
	table_free(&table);
}

static int
list_devices_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_devices *list = NULL;
	struct vaultenv_error err;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "reading the devices");
	r = vaultenv_device_list(client, &list, &err);
	wait_end();
	if (r != 0)
		code = session_fail(&err);
	else if (args->json)
		devices_json(list);
	else if (list->n == 0)
		say(args, "No device is registered: run vault-env "
			  "register-device");
	else
		devices_table(list);
out:
	vaultenv_devices_free(&list);
	vaultenv_client_free(&client);
	return code;
}

const struct command command_list_devices = {
	.name = "list-devices",
	.summary = "List the project's devices, newest first",
	.run = list_devices_run,
};
