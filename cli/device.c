/* SPDX-License-Identifier: MIT */
/*
 * device.c: devices of a project: this machine, and others by their id. Makes
 * no key and replaces none: init and register-device decide that.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "device.h"
#include "session.h"

#define DEVICE_TEXT_MAX 512

void
device_default_name(char out[DEVICE_NAME_MAX])
{
	if (gethostname(out, DEVICE_NAME_MAX) != 0 || out[0] == '\0')
		strcpy(out, "device");
	out[DEVICE_NAME_MAX - 1] = '\0';
}

int
device_register(const struct args *args, struct vaultenv_client *client,
    const char *name, struct vaultenv_device **device)
{
	char host[DEVICE_NAME_MAX];
	struct vaultenv_error err;
	int r;

	if (name == NULL) {
		device_default_name(host);
		name = host;
	}
	wait_begin(args, "registering this device");
	r = vaultenv_device_register(client, name, device, &err);
	wait_end();
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

void
device_say(const struct args *args, const struct vaultenv_device *device)
{
	if (strcmp(device->status, "approved") == 0)
		say(args, "This device (%s) is approved", device->id);
	else if (strcmp(device->status, "pending") == 0)
		say(args,
		    "This device waits for approval. Ask the project "
		    "owner to run: vault-env approve-device --id %s",
		    device->id);
	else
		say(args, "This device (%s) is %s", device->id, device->status);
}

void
device_json(const struct vaultenv_device *device)
{
	if (device == NULL) {
		json_string(NULL);
		return;
	}
	putchar('{');
	json_member("id", device->id);
	putchar(',');
	json_member("device_name", device->name);
	putchar(',');
	json_member("status", device->status);
	putchar('}');
}

/* "NAME, registered WHEN, ID"; for an id that the server does not know, that.
 */
static int
device_describe(const struct args *args, struct vaultenv_client *client,
    char what[DEVICE_TEXT_MAX])
{
	struct vaultenv_devices *list = NULL;
	struct vaultenv_error err;
	char when[WHEN_MAX];
	int r;

	wait_begin(args, "reading the devices");
	r = vaultenv_device_list(client, &list, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	snprintf(what, DEVICE_TEXT_MAX, "%s", args->id);
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->at[i].id, args->id) != 0)
			continue;
		when_text(list->at[i].created_at, when);
		snprintf(what, DEVICE_TEXT_MAX, "%s, registered %s, %s",
		    list->at[i].name, when, args->id);
	}
	vaultenv_devices_free(&list);
	return EXIT_DONE;
}

int
device_change(const struct args *args, struct vaultenv_client *client,
    const struct device_change *change)
{
	struct vaultenv_error err;
	char what[DEVICE_TEXT_MAX];
	int code, r;

	if ((code = device_describe(args, client, what)) != EXIT_DONE)
		return code;
	if (!args->yes && can_ask() && !ask("%s %s?", change->verb, what)) {
		error_print(NULL, "The device was not %s", change->status);
		return EXIT_FAILED;
	}
	wait_begin(args, change->doing);
	r = change->call(client, args->id, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	if (args->json) {
		putchar('{');
		json_member("device_id", args->id);
		putchar(',');
		json_member("status", change->status);
		puts("}");
	}
	say(args, "%s %s", change->past, what);
	return EXIT_DONE;
}

enum colour
device_colour(const char *status)
{
	if (strcmp(status, "approved") == 0)
		return COLOUR_GREEN;
	if (strcmp(status, "pending") == 0)
		return COLOUR_YELLOW;
	return strcmp(status, "revoked") == 0 ? COLOUR_RED : COLOUR_NONE;
}
