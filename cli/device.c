/* SPDX-License-Identifier: MIT */
/*
 * device.c: this machine as a device of a project. Makes no key and replaces
 * none: init and register-device decide that.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "device.h"
#include "session.h"

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
	json_member("name", device->name);
	putchar(',');
	json_member("status", device->status);
	putchar('}');
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
