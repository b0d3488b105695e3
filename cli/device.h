/* SPDX-License-Identifier: MIT */
/*
 * device.h: what init and register-device share: this machine as a device.
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

/* {"id":…,"name":…,"status":…} */
void device_json(const struct vaultenv_device *device);

enum colour device_colour(const char *status);

#endif
