/* SPDX-License-Identifier: MIT */
/*
 * devices.c: devices: the secret of this machine, made and stored, and the
 * server's list of the machines that may pull. Only the secret's hash ever
 * leaves.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"
#include "disk/disk.h"

#define BACKUPS_A_SECOND 9

/*
 * Moves path to <path>.bak-<time>. link() and unlink() instead of rename(),
 * because link() never replaces. *backup is for free().
 */
static int
backup_make(const char *path, char **backup, struct vaultenv_error *err)
{
	const time_t now = time(NULL);
	char stamp[32], again[4] = "", *name = NULL;
	struct tm tm;
	int i, r = 0;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm) == 0)
		return err_set(err, VAULTENV_ERR_CLOCK, "Set it",
		    "This machine's clock cannot be right");
	for (i = 1; i <= BACKUPS_A_SECOND; i++) {
		if (i > 1)
			snprintf(again, sizeof(again), "-%d", i);
		if (asprintf(&name, "%s.bak-%s%s", path, stamp, again) < 0)
			return err_general(err, VAULTENV_ERR_NOMEM);
		if (link(path, name) == 0)
			break;
		if (errno != EEXIST || i == BACKUPS_A_SECOND) {
			r = err_errno(err, NULL,
			    "Cannot keep a copy of %s, so it stays as it is",
			    path);
			free(name);
			return r;
		}
		free(name);
	}
	if (unlink(path) != 0) {
		r = err_errno(err, NULL, "Cannot rename %s", path);
		unlink(name);
		free(name);
		return r;
	}
	*backup = name;
	return 0;
}

/* Stores keys->device_secret at the client's path. */
static int
secret_store(const struct vaultenv_client *c, const struct client_keys *keys,
    int replace, char **backup, struct vaultenv_error *err)
{
	char text[VAULTENV_DEVICE_SECRET_LEN + 2], *old = NULL;
	int r;

	*backup = NULL;
	if (access(c->device_path, F_OK) == 0) {
		if (!replace)
			return err_set(err, VAULTENV_ERR_EXISTS,
			    "Use it, or run: vault-env register-device --force "
			    "(the old one is kept as a dated copy)",
			    "%s holds a device secret already", c->device_path);
		if ((r = backup_make(c->device_path, &old, err)) != 0)
			return r;
	}
	memcpy(text, keys->device_secret, VAULTENV_DEVICE_SECRET_LEN);
	memcpy(text + VAULTENV_DEVICE_SECRET_LEN, "\n", 2);
	r = store_create_private(c->device_path, text, strlen(text), err);
	mem_wipe(text, sizeof(text));
	if (r == 0) {
		*backup = old;
		return 0;
	}
	/* link(): should somebody have made a file there, both are kept. */
	if (old != NULL && link(old, c->device_path) == 0)
		unlink(old);
	free(old);
	return r;
}

int
vaultenv_device_generate(struct vaultenv_client *client, int replace,
    char **backup, struct vaultenv_error *err)
{
	char hash[2 * HASH_LEN + 1], *kept = NULL;
	struct client_keys *keys = NULL;
	int r;

	if (client->project_id[0] == '\0')
		return err_set(err, VAULTENV_ERR_NO_KEY, "Set one first",
		    "The client has no VAULT_KEY to make a device secret for");
	if (client->keys->given_secret[0] != '\0')
		return err_set(err, VAULTENV_ERR_EXISTS, "Unset it first",
		    "VAULT_DEVICE_SECRET is set, and wins over any file");
	if (client->device_path == NULL)
		return err_set(err, VAULTENV_ERR_IO,
		    "Set HOME, or set VAULT_DEVICE_SECRET",
		    "There is no home folder to keep a device secret in");
	if ((keys = secmem_alloc(sizeof(*keys))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	memcpy(keys, client->keys, sizeof(*keys));
	/* All that can fail comes before the file is there. */
	if ((r = device_secret_generate(keys->device_secret)) != 0 ||
	    (r = client_keys_derive(keys, hash)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = secret_store(client, keys, replace, &kept, err)) != 0)
		goto out;
	memcpy(client->keys, keys, sizeof(*keys));
	memcpy(client->device_hash, hash, sizeof(hash));
	if (backup != NULL) {
		*backup = kept;
		kept = NULL;
	}
out:
	secmem_free(keys, sizeof(*keys));
	free(kept);
	return r;
}

static void
device_reset(struct vaultenv_device *d)
{
	free(d->id);
	free(d->name);
	free(d->status);
	free(d->created_at);
	free(d->approved_at);
	free(d->last_seen_at);
}

void
vaultenv_device_free(struct vaultenv_device **device)
{
	if (device == NULL || *device == NULL)
		return;
	device_reset(*device);
	free(*device);
	*device = NULL;
}

void
vaultenv_devices_free(struct vaultenv_devices **devices)
{
	size_t i;

	if (devices == NULL || *devices == NULL)
		return;
	for (i = 0; i < (*devices)->n; i++)
		device_reset(&(*devices)->at[i]);
	free((*devices)->at);
	free(*devices);
	*devices = NULL;
}

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

#define AT(member) offsetof(struct vaultenv_device, member)

int
vaultenv_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	static const struct member want[] = {
		MEMBER("device_id", take_uuid, AT(id)),
		MEMBER("status", take_status, AT(status)),
		MEMBERS_END,
	};
	struct vaultenv_device *d = NULL;
	struct call call;
	int r;

	if (client->project_id[0] != '\0' && client->device_hash[0] == '\0')
		return err_set(err, VAULTENV_ERR_DEVICE,
		    "Run: vault-env register-device",
		    "This machine has no device secret for project %s yet",
		    client->project_id);
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->name = strdup(name)) == NULL) {
		vaultenv_device_free(&d);
		return err_general(err, VAULTENV_ERR_NOMEM);
	}
	call_begin_signed(&call, client, "devices/register");
	call.is_write = true;
	call.body_is_bad = "The name of the device is not UTF-8 text";
	json_put_text(&call.body, "device_name", name);
	json_put_text(&call.body, "device_hash", client->device_hash);
	if ((r = call_perform(&call, want, d, err)) == 0) {
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
	static const struct member want[] = { MEMBER("status", take_string, 0),
		MEMBERS_END };
	struct json_value got;
	struct call call;
	int r;

	if (!uuid_is_canonical(id, strlen(id)))
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Copy it from: vault-env list-devices",
		    "That is not the id of a device");
	call_begin_signed(&call, c, path);
	call.is_write = true;
	json_put_text(&call.body, "device_id", id);
	if ((r = call_perform(&call, want, &got, err)) == 0 &&
	    strcmp(got.text, status) != 0)
		r = call_wrong(&call, "status", err);
	call_end(&call);
	return r;
}

int
vaultenv_device_approve(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return device_decide(client, "devices/approve", id, "approved", err);
}

int
vaultenv_device_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err)
{
	return device_decide(client, "devices/revoke", id, "revoked", err);
}

int
vaultenv_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err)
{
	static const struct member device[] = {
		MEMBER("id", take_uuid, AT(id)),
		MEMBER("device_name", take_text, AT(name)),
		MEMBER("status", take_status, AT(status)),
		MEMBER("created_at", take_text, AT(created_at)),
		MEMBER("approved_at", take_text_or_null, AT(approved_at)),
		MEMBER("last_seen_at", take_text_or_null, AT(last_seen_at)),
		MEMBERS_END,
	};
	static const struct member want[] = {
		MEMBER_ITEMS("devices", device, struct vaultenv_device),
		MEMBERS_END,
	};
	struct vaultenv_devices *list;
	struct items got = { 0 };
	struct call call;
	int r;

	if ((list = calloc(1, sizeof(*list))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	call_begin_signed(&call, client, "devices/list");
	r = call_perform(&call, want, &got, err);
	*list = (struct vaultenv_devices){ got.n, got.at };
	if (r == 0) {
		*out = list;
		list = NULL;
	}
	vaultenv_devices_free(&list);
	call_end(&call);
	return r;
}
