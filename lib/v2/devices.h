/* SPDX-License-Identifier: MIT */
/*
 * devices.h: what the calls about devices of protocol v2 share: the server's
 * list, scopes as people write them, and what goes along with an admission.
 */
#ifndef V2_DEVICES_H
#define V2_DEVICES_H

#include "v2/v2.h"

/* ---- devices.c ---- */

/* A row of devices/list, all of it the server's word. */
struct seen_device {
	char *id;
	char *status;
	char *registration; /* base64; pending only, as is the address */
	char *address;
	char *created_at;
	char *last_seen_at; /* NULL: never */
};

struct seen_devices {
	size_t n;
	struct seen_device *at;
};

/* *out is for seen_reset() whatever it returns. */
int seen_read(struct vaultenv_client *client, struct seen_devices *out,
    struct vaultenv_error *err);
void seen_reset(struct seen_devices *seen);
/* NULL: it is not there. */
const struct seen_device *
seen_find(const struct seen_devices *seen, const char *id);
/* A code: whether it is genuine, by the newest log. g borrows bytes, which has
 * room for it. */
int seen_judge(const struct vaultenv_client *client,
    const struct seen_device *seen, struct registration *g, struct blob *bytes);
/* As the log has it; seen NULL: not known. A status. */
int device_from_log(struct vaultenv_device *device, const struct members *log,
    const struct member *member, const struct seen_device *seen);
/* *device is for vaultenv_device_free(). DEVICE: the log that is known has none
 * of this id. */
int device_known(struct vaultenv_client *client, const char *id,
    struct vaultenv_device **device, struct vaultenv_error *err);
/* INVALID: no name that may stand in the log. */
int device_name_check(const char *name, struct vaultenv_error *err);
/* "reader"; NULL: it is none. */
const char *role_name(int64_t role);

/* ---- give.c ---- */

/* An environment that an entry of the log gives a device. */
struct given {
	char env[ENV_LEN_MAX + 1];
	struct wrap wrap; /* of the newest version, for that device */
	struct wraps own; /* of all versions that are kept, for this one */
};

/* The keys of older versions, for a device that was given these. What cannot be
 * given is a notice. */
void history_give(struct vaultenv_client *client, const char *device,
    const struct given *given, size_t n);
/* The same of all that it may read, where the run that gave it was cut off. */
void history_resume(struct vaultenv_client *client, const char *device);

/* ---- scope.c ---- */

/* A writer of everything without an end, whose cache serves for a week. */
struct scope scope_of_new(void);

/* Lays what was said over *scope. INVALID. */
int scope_apply(const struct vaultenv_scope *said, struct scope *scope,
    struct vaultenv_error *err);
/* The device is there, and not revoked. NOT_FOUND, CONFLICT. */
int member_check(struct vaultenv_client *client, const char *id,
    const struct member **out, struct vaultenv_error *err);
/* INVALID: no UUID. */
int device_id_check(const char *id, struct vaultenv_error *err);

#endif
