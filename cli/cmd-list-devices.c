/* SPDX-License-Identifier: MIT */
/*
 * cmd-list-devices.c: the devices of the project, newest first.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "members.h"
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

static void
devices_json_v2(const struct vaultenv_devices *list)
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
		members_scope_json(d);
		printf(",\"expired\":%s,", d->has_expired ? "true" : "false");
		json_member("created_at", d->created_at);
		putchar(',');
		json_member("approved_at", d->approved_at);
		putchar(',');
		json_member("approved_by", d->approved_by);
		putchar(',');
		json_member("last_seen_at", d->last_seen_at);
		putchar(',');
		json_member("address", d->address);
		putchar('}');
	}
	puts("]}");
}

static const char *
or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

/* Of who waits: when, and from where, instead of a scope that it has not. */
static void
row_v2(struct table *table, const struct vaultenv_device *d, bool is_from_log)
{
	const bool waits = strcmp(d->status, "pending") == 0;
	const char *status = d->has_expired ? "expired" : d->status;
	char when[WHEN_MAX];

	table_add(table, d->id, COLOUR_NONE);
	table_add(table, d->name, COLOUR_NONE);
	table_add(table, status,
	    d->has_expired ? COLOUR_RED : device_colour(d->status));
	table_add(table, or_dash(d->role), COLOUR_NONE);
	table_add(table, or_dash(d->environments), COLOUR_NONE);
	if (waits)
		strcpy(when, "-");
	else if (d->expires_at == NULL)
		strcpy(when, "never");
	else
		snprintf(when, sizeof(when), "%.10s", d->expires_at);
	table_add(table, when, COLOUR_NONE);
	if (is_from_log)
		return;
	if (waits) {
		char since[WHEN_MAX], asked[2 * WHEN_MAX];

		when_ago(d->created_at, since);
		snprintf(asked, sizeof(asked), "asked %s from %.48s", since,
		    or_dash(d->address));
		table_add(table, asked, COLOUR_NONE);
		return;
	}
	when_ago(d->last_seen_at, when);
	table_add(table, when, COLOUR_NONE);
}

static void
devices_table_v2(const struct vaultenv_devices *list)
{
	static const char *const heads[] = { "ID", "NAME", "STATUS", "ROLE",
		"ENVIRONMENTS", "EXPIRES", "LAST SEEN" };
	const size_t n = list->is_from_log ? 6 : 7;
	struct table table;

	table_init(&table, n);
	for (size_t i = 0; i < n; i++)
		table_add(&table, heads[i], COLOUR_DIM);
	for (size_t i = 0; i < list->n; i++)
		row_v2(&table, &list->at[i], list->is_from_log);
	table_print(&table);
	table_free(&table);
}

static void
list_print(
    const struct args *args, int protocol, const struct vaultenv_devices *list)
{
	if (args->json && protocol == 2)
		devices_json_v2(list);
	else if (args->json)
		devices_json(list);
	else if (list->n == 0)
		say(args, "No device is registered: run vault-env "
			  "register-device");
	else if (protocol == 2)
		devices_table_v2(list);
	else
		devices_table(list);
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
	else
		list_print(args, vaultenv_client_protocol(client), list);
out:
	vaultenv_devices_free(&list);
	vaultenv_client_free(&client);
	return code;
}

const struct command command_list_devices = {
	.name = "list-devices",
	.summary = "List the project's devices, newest first",
	.about =
	    "In a project of protocol v2 with role, environments and end. "
	    "Of a device that\nwaits for approval only the first digits of "
	    "its id are shown: the id has to come\nfrom that machine. Who "
	    "is no admin sees what the signed log says.",
	.run = list_devices_run,
};
