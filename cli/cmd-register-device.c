/* SPDX-License-Identifier: MIT */
/*
 * cmd-register-device.c: makes this machine a device of the project. An
 * existing device secret stays unless --force, and then as a dated backup.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "session.h"

#define HINT_MAX 160

/* Never over another file. *backup, the new path, is for free(). */
static int
rename_dated(const char *path, char **backup)
{
	time_t now = time(NULL);
	char stamp[32] = "", *name;
	struct tm tm;
	int r = -1;

	if (gmtime_r(&now, &tm) == NULL)
		return -1;
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	for (int i = 1; i <= 9; i++) {
		if (asprintf(&name, "%s.bak-%s.%d", path, stamp, i) < 0)
			return -1;
		r = renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE);
		if (r == 0) {
			*backup = name;
			return 0;
		}
		free(name);
		if (errno != EEXIST)
			break;
	}
	return r;
}

/*
 * With --force a device secret file that no client opens with (broken, or open
 * to others) is set aside like any old one; a client that is given some secret
 * does not read it, but knows where it is.
 */
static int
broken_set_aside(const struct args *args, char **backup)
{
	char zeros[VAULTENV_DEVICE_SECRET_LEN + 1];
	struct session_files files = { .file = NULL };
	struct vaultenv_client *client = NULL;
	struct vaultenv_options opts;
	const char *path;
	int code;

	if (session_variable("VAULT_DEVICE_SECRET") != NULL)
		return EXIT_DONE;
	if ((code = session_prepare(args, &files, &opts)) != EXIT_DONE)
		goto out;
	memset(zeros, '0', sizeof(zeros) - 1);
	zeros[sizeof(zeros) - 1] = '\0';
	/* The file's fault? Then this opens and the other does not. */
	if (vaultenv_client_open(&opts, &client, NULL) == 0)
		goto out;
	opts.device_secret = zeros;
	if (vaultenv_client_open(&opts, &client, NULL) != 0)
		goto out;
	path = vaultenv_client_device_path(client);
	if (path != NULL && access(path, F_OK) == 0 &&
	    rename_dated(path, backup) != 0) {
		error_print(
		    NULL, "Cannot rename %s: %s", path, strerror(errno));
		code = EXIT_FAILED;
	}
out:
	vaultenv_client_free(&client);
	session_files_free(&files);
	return code;
}

static bool
is_admin(const struct vaultenv_device *d)
{
	return strcmp(d->status, "approved") == 0 && d->role != NULL &&
	       strcmp(d->role, "admin") == 0 && !d->has_expired;
}

/*
 * A new device secret is a new device, which an admin has to let in: the only
 * one must not become it. What recovery create has made is an admin, too. A
 * device that may not see the list is none.
 */
static int
admin_is_left(struct vaultenv_client *client)
{
	struct vaultenv_devices *list = NULL;
	char id[VAULTENV_PROJECT_ID_LEN + 1];
	bool is_self = false, is_other = false;
	struct vaultenv_error err;
	int r;

	if (vaultenv_client_protocol(client) != 2 ||
	    vaultenv_device_id(client, id, NULL) != 0)
		return EXIT_DONE;
	r = vaultenv_device_list(client, &list, &err);
	if (r == VAULTENV_ERR_NETWORK)
		return session_fail(&err);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (!is_admin(&list->at[i]))
			continue;
		if (strcmp(list->at[i].id, id) == 0)
			is_self = true;
		else
			is_other = true;
	}
	vaultenv_devices_free(&list);
	if (!is_self || is_other)
		return EXIT_DONE;
	error_print("Let another admin in first (approve-device --role admin), "
		    "or run: vault-env recovery create",
	    "This device is the only admin: nobody could approve it with a new "
	    "device secret");
	return EXIT_REFUSED;
}

/* *kept: the key was there already; *backup: where the old one is now. */
static int
key_prepare(const struct args *args, struct vaultenv_client *client, bool *kept,
    char **backup)
{
	struct vaultenv_error err;
	int code;

	*kept = vaultenv_client_device_hash(client) != NULL;
	if (*kept && !args->force)
		return EXIT_DONE;
	if (session_variable("VAULT_DEVICE_SECRET") != NULL) {
		error_print("Unset it first",
		    "VAULT_DEVICE_SECRET is set and would be "
		    "used instead of a new device secret");
		return EXIT_FAILED;
	}
	if (*kept && (code = admin_is_left(client)) != EXIT_DONE)
		return code;
	*kept = false;
	if (vaultenv_device_generate(client, *backup == NULL && args->force,
		*backup == NULL ? backup : NULL, &err) != 0)
		return session_fail(&err);
	return EXIT_DONE;
}

static void
kept_say(const struct args *args, const struct vaultenv_client *client)
{
	if (session_variable("VAULT_DEVICE_SECRET") != NULL)
		say(args, "Kept the existing device secret of "
			  "VAULT_DEVICE_SECRET");
	else
		say(args,
		    "Kept the existing device secret %s; use --force to "
		    "make a new one",
		    vaultenv_client_device_path(client));
}

/* Its access may have ended: the log says so, the registration does not. */
static int
end_check(struct vaultenv_client *client)
{
	struct vaultenv_device *self = NULL;
	char hint[HINT_MAX];
	struct vaultenv_error err;
	int code = EXIT_DONE;

	if (vaultenv_client_protocol(client) == 2 &&
	    vaultenv_device_self(client, &self, &err) == 0 &&
	    self->has_expired) {
		snprintf(hint, sizeof(hint),
		    "Ask an admin to run: vault-env scope-device --id %s "
		    "--expires 365d",
		    self->id);
		error_print(hint,
		    "The access of this device (%s) ended on %.10s", self->id,
		    self->expires_at);
		code = EXIT_REFUSED;
	}
	vaultenv_device_free(&self);
	return code;
}

static int
register_device_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_device *device = NULL;
	char *backup = NULL;
	bool kept = false;
	int code;

	if (args->force &&
	    (code = broken_set_aside(args, &backup)) != EXIT_DONE)
		goto out;
	if ((code = session_open(args, &client)) != EXIT_DONE ||
	    (code = key_prepare(args, client, &kept, &backup)) != EXIT_DONE)
		goto out;
	/* Before the request: it is true whatever becomes of that. */
	if (backup != NULL)
		say(args, "The old device secret is kept as %s%s", backup,
		    vaultenv_client_protocol(client) == 2
			? ""
			: "; what was pushed with it can be read only with it");
	code = device_register(args, client, args->name, &device);
	if (code != EXIT_DONE)
		goto out;
	if (args->json) {
		printf("{\"device\":");
		device_json(device);
		printf(",\"new_key\":%s}\n", kept ? "false" : "true");
	}
	if (kept)
		kept_say(args, client);
	if (strcmp(device->status, "revoked") == 0) {
		error_print("Use --force to make a new device secret",
		    "This device (%s) was revoked, which is final", device->id);
		code = EXIT_REFUSED;
		goto out;
	}
	if ((code = end_check(client)) == EXIT_DONE)
		device_say(args, device);
out:
	free(backup);
	vaultenv_device_free(&device);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row register_device_options[] = {
	{ "--name", "NAME", OPTION_NAME, false, ARG(name),
	    "what list-devices calls it (default: the host name)" },
	{ "--force", NULL, OPTION_FLAG, false, ARG(force),
	    "make a new device secret; the old one is kept as a backup" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_register_device = {
	.name = "register-device",
	.summary = "Register this machine as a device of the project",
	.about =
	    "Makes a device secret if there is none. The first device of a "
	    "project is\napproved at once; a later one has to be approved "
	    "with approve-device.",
	.options = register_device_options,
	.run = register_device_run,
};
