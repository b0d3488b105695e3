/* SPDX-License-Identifier: MIT */
/*
 * devices.c: the server's list of the machines that may pull. Only the hash of
 * a device secret ever leaves.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "v1/v1.h"

static int
take_status(struct json_object *o, const struct json_value *v, void *out)
{
	struct json_value status;
	int r;

	if ((r = take_string(o, v, &status)) != 0)
		return r;
	if (strcmp(status.text, "approved") != 0 &&
	    strcmp(status.text, "pending") != 0 &&
	    strcmp(status.text, "revoked") != 0)
		return VAULTENV_ERR_PROTOCOL;
	return take_text(o, v, out);
}

int
v1_check_device(
    const struct vaultenv_client *client, struct vaultenv_error *err)
{
	if (client->project_id[0] == '\0' || client->device_hash[0] != '\0')
		return 0;
	return err_set(err, VAULTENV_ERR_DEVICE,
	    "Run: vault-env register-device",
	    "This machine has no device secret for project %s yet",
	    client->project_id);
}

#define AT(member) offsetof(struct vaultenv_device, member)

int
v1_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	static const struct wanted want[] = {
		WANT("device_id", take_uuid, AT(id)),
		WANT("status", take_status, AT(status)),
		WANT_END,
	};
	struct vaultenv_device *d = NULL;
	struct call call;
	int r;

	if ((r = v1_check_device(client, err)) != 0)
		return r;
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->name = strdup(name)) == NULL) {
		vaultenv_device_free(&d);
		return err_general(err, VAULTENV_ERR_NOMEM);
	}
	v1_call_begin_signed(&call, client, "devices/register");
	call.is_write = true;
	call.body_is_bad = "The name of the device is not UTF-8 text";
	json_put_text(&call.body, "device_name", name);
	json_put_text(&call.body, "device_hash", client->device_hash);
	if ((r = v1_call_perform(&call, want, d, err)) == 0) {
		*device = d;
		d = NULL;
	}
	vaultenv_device_free(&d);
	call_end(&call);
	return r;
}

/* approve and revoke differ in path and outcome only. */
static int
device_decide(struct vaultenv_client *c, const char *path, const char *id,
    const char *status, struct vaultenv_error *err)
{
	static const struct wanted want[] = { WANT("status", take_string, 0),
		WANT_END };
	struct json_value got;
	struct call call;
	int r;

	if (!uuid_is_canonical(id, strlen(id)))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it from: vault-env list-devices",
		    "That is not the id of a device");
	v1_call_begin_signed(&call, c, path);
	call.is_write = true;
	json_put_text(&call.body, "device_id", id);
	if ((r = v1_call_perform(&call, want, &got, err)) == 0 &&
	    strcmp(got.text, status) != 0)
		r = call_wrong(&call, "status", err);
	call_end(&call);
	return r;
}

int
v1_device_approve(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return device_decide(client, "devices/approve", id, "approved", err);
}

int
v1_device_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return device_decide(client, "devices/revoke", id, "revoked", err);
}

int
v1_device_list(struct vaultenv_client *client, struct vaultenv_devices **out,
    struct vaultenv_error *err)
{
	static const struct wanted device[] = {
		WANT("id", take_uuid, AT(id)),
		WANT("device_name", take_text, AT(name)),
		WANT("status", take_status, AT(status)),
		WANT("created_at", take_text, AT(created_at)),
		WANT("approved_at", take_text_or_null, AT(approved_at)),
		WANT("last_seen_at", take_text_or_null, AT(last_seen_at)),
		WANT_END,
	};
	static const struct wanted want[] = {
		WANT_ITEMS("devices", device, struct vaultenv_device),
		WANT_END,
	};
	struct vaultenv_devices *list;
	struct items got = { 0 };
	struct call call;
	int r;

	if ((list = calloc(1, sizeof(*list))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	v1_call_begin_signed(&call, client, "devices/list");
	r = v1_call_perform(&call, want, &got, err);
	*list = (struct vaultenv_devices){ .n = got.n, .at = got.at };
	if (r == 0) {
		*out = list;
		list = NULL;
	}
	vaultenv_devices_free(&list);
	call_end(&call);
	return r;
}
