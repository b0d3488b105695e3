/* SPDX-License-Identifier: MIT */
/*
 * device.h: what init and register-device share, this machine as a device; and
 * what approve-device and revoke-device do with others.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <vaultenv.h>

#include "cmd.h"
#include "output.h"

/* The host's name, or "device". */
#define DEVICE_NAME_MAX 129
void device_default_name(char out[DEVICE_NAME_MAX]);

/* Registers under name (NULL: the default). An exit code, error printed. */
int device_register(const struct args *args, struct vaultenv_client *client,
    const char *name, struct vaultenv_device **device);

/* Says whether it is approved, and if not, what to do. */
void device_say(const struct args *args, const struct vaultenv_device *device);

/* {"id":…,"device_name":…,"status":…} */
void device_json(const struct vaultenv_device *device);

struct device_change {
	const char *verb, *past,
	    *doing;         /* "Approve", "Approved", "approving" */
	const char *status; /* that the device has then */
	int (*call)(struct vaultenv_client *client, const char *id,
	    struct vaultenv_error *err);
};

/* Of the device args->id; on a terminal it is shown and asked about before. */
int device_change(const struct args *args, struct vaultenv_client *client,
    const struct device_change *change);

enum colour device_colour(const char *status);

#endif
