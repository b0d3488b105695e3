/* SPDX-License-Identifier: MIT */
/*
 * Devices: the secret of this machine, made and stored, and the server's list
 * of the machines that may pull. Only the secret's hash ever leaves.
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

#define TEXT_MAX         512 /* bytes of a name or time that are kept */
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
		return err_set(err, VAULTENV_ERR_CLOCK,
		    "This machine's clock "
		    "cannot be right. Set it");
	for (i = 1; i <= BACKUPS_A_SECOND; i++) {
		if (i > 1)
			snprintf(again, sizeof(again), "-%d", i);
		if (asprintf(&name, "%s.bak-%s%s", path, stamp, again) < 0)
			return err_general(err, VAULTENV_ERR_NOMEM);
		if (link(path, name) == 0)
			break;
		if (errno != EEXIST || i == BACKUPS_A_SECOND) {
			r = err_errno(err,
			    "Cannot keep a copy of %s, so it "
			    "stays as it is",
			    path);
			free(name);
			return r;
		}
		free(name);
	}
	if (unlink(path) != 0) {
		r = err_errno(err, "Cannot rename %s", path);
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
			    "%s holds a "
			    "device secret already. Use it, or run: vault-env "
			    "register-device --force (the old one is kept as a "
			    "dated copy)",
			    c->device_path);
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
		return err_set(err, VAULTENV_ERR_NO_KEY,
		    "The client has no "
		    "VAULT_KEY to make a device secret for. Set one first");
	if (client->keys->given_secret[0] != '\0')
		return err_set(err, VAULTENV_ERR_EXISTS,
		    "VAULT_DEVICE_SECRET "
		    "is set, and wins over any file. Unset it first");
	if (client->device_path == NULL)
		return err_set(err, VAULTENV_ERR_IO,
		    "There is no home folder "
		    "to keep a device secret in. Set HOME, or set "
		    "VAULT_DEVICE_SECRET");
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

static bool
status_is_valid(const char *status)
{
	return status != NULL && (strcmp(status, "approved") == 0 ||
				     strcmp(status, "pending") == 0 ||
				     strcmp(status, "revoked") == 0);
}

/* *bad names the member that is wrong, on PROTOCOL. */
static int
device_member(const struct json_object *o, const char *name, bool optional,
    char **out, const char **bad)
{
	const struct json_value *v = json_object_find(o, name);

	if (optional && v != NULL && v->type == JSON_NULL)
		return 0;
	*bad = name;
	if (v == NULL || v->type != JSON_STRING)
		return VAULTENV_ERR_PROTOCOL;
	*out = text_printable(v->text, TEXT_MAX);
	return *out == NULL ? VAULTENV_ERR_NOMEM : 0;
}

static int
device_parse(
    struct vaultenv_device *d, const struct json_object *o, const char **bad)
{
	int r;

	if ((r = device_member(o, "id", false, &d->id, bad)) != 0 ||
	    (r = device_member(o, "device_name", false, &d->name, bad)) != 0 ||
	    (r = device_member(o, "status", false, &d->status, bad)) != 0 ||
	    (r = device_member(o, "created_at", false, &d->created_at, bad)) !=
		0 ||
	    (r = device_member(o, "approved_at", true, &d->approved_at, bad)) !=
		0 ||
	    (r = device_member(
		 o, "last_seen_at", true, &d->last_seen_at, bad)) != 0)
		return r;
	*bad = "id";
	if (!uuid_is_canonical(d->id, strlen(d->id)))
		return VAULTENV_ERR_PROTOCOL;
	*bad = "status";
	return status_is_valid(d->status) ? 0 : VAULTENV_ERR_PROTOCOL;
}

int
vaultenv_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err)
{
	struct vaultenv_device *d = NULL;
	const char *id, *status;
	struct answer reply;
	struct blob body;
	int r;

	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if (client->project_id[0] != '\0' && client->device_hash[0] == '\0') {
		r = err_set(err, VAULTENV_ERR_DEVICE,
		    "This machine has no "
		    "device secret for project %s yet. Run: vault-env "
		    "register-device",
		    client->project_id);
		goto out;
	}
	if ((r = body_begin(&body, client)) != 0 ||
	    (r = body_add_text(&body, "device_name", name)) != 0 ||
	    (r = body_add_text(&body, "device_hash", client->device_hash)) !=
		0) {
		if (r == VAULTENV_ERR_INVALID)
			err_set(err, r,
			    "The name of the device is not UTF-8 "
			    "text. Use another one");
		else
			err_general(err, r);
		goto out;
	}
	if ((r = client_call(client, "devices/register", &body, &reply, err)) !=
	    0)
		goto out;
	id = json_find_text(&reply.json, "device_id");
	status = json_find_text(&reply.json, "status");
	if (id == NULL || !uuid_is_canonical(id, strlen(id))) {
		r = answer_error(client, &reply, "device_id", err);
		goto out;
	}
	if (!status_is_valid(status)) {
		r = answer_error(client, &reply, "status", err);
		goto out;
	}
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->id = strdup(id)) == NULL || (d->name = strdup(name)) == NULL ||
	    (d->status = strdup(status)) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	*device = d;
	d = NULL;
out:
	vaultenv_device_free(&d);
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}

/* approve and revoke differ in path and outcome only. */
static int
device_decide(struct vaultenv_client *c, const char *path, const char *id,
    const char *status, struct vaultenv_error *err)
{
	const char *answer;
	struct answer reply;
	struct blob body;
	int r;

	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if (!uuid_is_canonical(id, strlen(id))) {
		r = err_set(err, VAULTENV_ERR_INVALID,
		    "That is not the id of "
		    "a device. Copy it from: vault-env list-devices");
		goto out;
	}
	if ((r = body_begin(&body, c)) != 0 ||
	    (r = body_add_text(&body, "device_id", id)) != 0) {
		err_general(err, r);
		goto out;
	}
	if ((r = client_call(c, path, &body, &reply, err)) != 0)
		goto out;
	answer = json_find_text(&reply.json, "status");
	if (answer == NULL || strcmp(answer, status) != 0)
		r = answer_error(c, &reply, "status", err);
out:
	answer_reset(&reply);
	blob_reset(&body);
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

/* Adds one device that the array item describes. */
static int
devices_add(struct vaultenv_devices *list, const struct json_value *item,
    const char **bad)
{
	struct vaultenv_device *grown;
	struct json_object o;
	int r;

	*bad = "devices";
	if (item->type != JSON_OBJECT)
		return VAULTENV_ERR_PROTOCOL;
	grown = reallocarray(list->at, list->n + 1, sizeof(*grown));
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	list->at = grown;
	r = json_object_parse(&o, item->text, item->len, ANSWER_MEMBERS_MAX);
	if (r != 0)
		return r == VAULTENV_ERR_NOMEM ? r : VAULTENV_ERR_PROTOCOL;
	memset(&list->at[list->n], 0, sizeof(*grown));
	r = device_parse(&list->at[list->n++], &o, bad);
	json_object_reset(&o);
	return r;
}

int
vaultenv_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err)
{
	struct vaultenv_devices *list = NULL;
	const struct json_value *array;
	struct json_value item;
	const char *bad = "devices";
	struct answer reply;
	struct blob body;
	size_t pos = 0;
	int more, r;

	blob_init(&body, REQUEST_MAX);
	answer_init(&reply);
	if ((r = body_begin(&body, client)) != 0 ||
	    (list = calloc(1, sizeof(*list))) == NULL) {
		r = err_general(err, VAULTENV_ERR_NOMEM);
		goto out;
	}
	if ((r = client_call(client, "devices/list", &body, &reply, err)) != 0)
		goto out;
	array = json_object_find(&reply.json, "devices");
	if (array == NULL || array->type != JSON_ARRAY)
		r = VAULTENV_ERR_PROTOCOL;
	while (r == 0 &&
	       (more = json_array_next(&reply.json, array, &pos, &item)) != 0)
		r = more < 0 ? more : devices_add(list, &item, &bad);
	if (r == VAULTENV_ERR_PROTOCOL)
		answer_error(client, &reply, bad, err);
	else if (r != 0)
		err_general(err, r);
	if (r != 0)
		goto out;
	*out = list;
	list = NULL;
out:
	vaultenv_devices_free(&list);
	answer_reset(&reply);
	blob_reset(&body);
	return r;
}
