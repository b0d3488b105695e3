/* SPDX-License-Identifier: MIT */
/*
 * devices.c: the device secret of this machine, made and stored; it never
 * leaves. And what is the same of a device whatever protocol it came by. Must
 * not ask the server.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/client.h"
#include "disk/disk.h"

#define BACKUPS_A_SECOND 9

void
device_host_name(char out[NAME_MAX_LEN + 1])
{
	if (gethostname(out, NAME_MAX_LEN) != 0 || out[0] == '\0')
		strcpy(out, "device");
	out[NAME_MAX_LEN] = '\0';
}

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
		return clock_wrong(err);
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
	    (r = client_keys_derive(client, keys, hash)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = secret_store(client, keys, replace, &kept, err)) != 0)
		goto out;
	client_forget(client);
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

/* True if the file holds this secret. */
static bool
is_stored(const struct vaultenv_client *c)
{
	struct blob text;
	bool same;

	blob_init(&text, VAULTENV_DEVICE_SECRET_LEN + 1);
	same = store_read_private(c->device_path, text.max, &text, NULL) == 0 &&
	       text.len == VAULTENV_DEVICE_SECRET_LEN &&
	       mem_equal(text.data, c->keys->given_secret, text.len);
	blob_reset(&text);
	return same;
}

int
vaultenv_device_adopt(struct vaultenv_client *client, int replace,
    char **backup, struct vaultenv_error *err)
{
	char *kept = NULL;
	int r;

	if (client->project_id[0] == '\0' ||
	    client->keys->given_secret[0] == '\0')
		return err_set(err, VAULTENV_ERR_INVALID, "Open it with both",
		    "The client was given no VAULT_KEY, or no device secret");
	if (client->device_path == NULL)
		return err_set(err, VAULTENV_ERR_IO, "Set HOME",
		    "There is no home folder to keep a device secret in");
	if (is_stored(client))
		return 0;
	r = secret_store(client, client->keys, replace, &kept, err);
	if (r == 0 && backup != NULL) {
		*backup = kept;
		kept = NULL;
	}
	free(kept);
	return r;
}

void
device_reset(struct vaultenv_device *d)
{
	free(d->id);
	free(d->name);
	free(d->status);
	free(d->created_at);
	free(d->approved_at);
	free(d->last_seen_at);
	free(d->role);
	free(d->environments);
	free(d->expires_at);
	free(d->approved_by);
	free(d->address);
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
