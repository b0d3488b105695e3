/* SPDX-License-Identifier: MIT */
/*
 * cmd-push.c: encrypts the variables of a .env file and stores them as the
 * next version. Shows names only. Must not replace a version that nobody has
 * seen: what it was compared with goes along as base_version.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envfile.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

struct push {
	const struct args *args;
	struct vaultenv_client *client;
	const char *environment;
	struct envfile file;
	bool from_stdin;
	struct vaultenv_list *before; /* NULL: nothing there, or unreadable */
	int64_t base_version;
	struct vaultenv_change *changes;
	size_t n_changes;
};

static int
file_read(struct push *p)
{
	static const char *const reserved[] = { "VAULT_KEY", "VAULT_URL",
		"VAULT_DEVICE_SECRET" };
	const char *path = session_file(p->args);
	struct vaultenv_error err;

	if ((p->from_stdin ? envfile_load_stdin(&p->file, &err)
			   : envfile_load(&p->file, path, &err)) != 0)
		return session_fail(&err);
	if (p->file.bytes == NULL) {
		error_print(NULL,
		    p->from_stdin ? "Nothing to push: nothing arrived on %s"
				  : "Nothing to push: there is no %s",
		    p->file.path);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		vaultenv_list_delete(p->file.list, reserved[i]);
	if (vaultenv_list_len(p->file.list) == 0) {
		error_print(NULL,
		    "Nothing to push: %s holds no variable to share",
		    p->file.path);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* The version that this push would follow, to compare with. */
static int
current_read(struct push *p)
{
	struct vaultenv_error err;
	int r;

	wait_begin(p->args, "reading the current version");
	r = vaultenv_secrets_pull(
	    p->client, 0, &p->before, &p->base_version, &err);
	if (r == VAULTENV_ERR_DECRYPT && p->args->force && p->base_version == 0)
		r = vaultenv_secrets_current_version(
		    p->client, &p->base_version, NULL, &err);
	wait_end();
	if (r == 0)
		return EXIT_DONE;
	if (r == VAULTENV_ERR_NO_SECRETS) {
		p->base_version = 0;
		return EXIT_DONE;
	}
	if (r != VAULTENV_ERR_DECRYPT)
		return session_fail(&err);
	if (p->args->force)
		return EXIT_DONE;
	error_print("Use --force to replace it all the same",
	    "The current version of %s cannot be read with this device secret, "
	    "and a push would replace it unseen",
	    p->environment);
	return EXIT_FAILED;
}

static void
json_out(const struct push *p, int64_t version, bool pushed)
{
	const struct push_result result = { p->environment, version, pushed,
		p->changes, p->n_changes };

	push_json(p->args, &result);
}

/* Version 1 of the protocol does not say who, but when. */
static int
conflict_explain(const struct push *p, int64_t current)
{
	struct vaultenv_versions *list = NULL;
	char when[WHEN_MAX + 16] = "";
	int r;

	wait_begin(p->args, "reading the versions");
	r = vaultenv_secrets_versions(p->client, &list, NULL);
	wait_end();
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (list->at[i].version != current)
			continue;
		strcpy(when, ", pushed ");
		when_ago(list->at[i].created_at, when + strlen(when));
	}
	error_print("Run vault-env pull to see it, then push again",
	    "%s changed while you were pushing: version %lld%s, is newer than "
	    "the %lld that your push was based on",
	    p->environment, (long long)current, when,
	    (long long)p->base_version);
	vaultenv_versions_free(&list);
	return EXIT_REFUSED;
}

static int
push_send(struct push *p)
{
	struct vaultenv_error err;
	int64_t version = 0;
	int r;

	wait_begin(p->args, "pushing the secrets");
	r = vaultenv_secrets_push(p->client, p->file.list, p->base_version,
	    p->changes, p->n_changes, &version, &err);
	wait_end();
	if (r == VAULTENV_ERR_CONFLICT && err.current_version > 0)
		return conflict_explain(p, err.current_version);
	if (r != 0)
		return session_fail(&err);
	json_out(p, version, true);
	say(p->args, "Pushed version %lld to %s", (long long)version,
	    p->environment);
	return EXIT_DONE;
}

static int
push_run(const struct args *args)
{
	struct push p = { .args = args };
	struct args key_args = *args; /* whose file may hold the key */
	int code;

	p.from_stdin = args->file != NULL && strcmp(args->file, "-") == 0;
	if (p.from_stdin)
		key_args.file = NULL;
	if ((code = file_read(&p)) != EXIT_DONE ||
	    (code = session_open(&key_args, &p.client)) != EXIT_DONE)
		goto out;
	p.environment = vaultenv_client_environment(p.client);
	if ((code = current_read(&p)) != EXIT_DONE)
		goto out;
	if (vaultenv_list_diff(
		p.before, p.file.list, &p.changes, &p.n_changes) != 0) {
		error_print(NULL, "Out of memory");
		code = EXIT_FAILED;
		goto out;
	}
	if (p.n_changes == 0) {
		json_out(&p, p.base_version, false);
		say(args, "Nothing changed: %s is at version %lld",
		    p.environment, (long long)p.base_version);
		goto out;
	}
	if (!args->quiet || args->dry_run)
		changes_show(args, p.changes, p.n_changes);
	if (args->dry_run) {
		json_out(&p, p.base_version, false);
		say(args, "Nothing was pushed: this was a dry run");
		goto out;
	}
	code = push_send(&p);
out:
	free(p.changes);
	vaultenv_list_free(&p.before);
	envfile_free(&p.file);
	vaultenv_client_free(&p.client);
	return code;
}

static const struct option_row push_options[] = {
	{ "--dry-run", NULL, OPTION_FLAG, false, ARG(dry_run),
	    "show the changes, push nothing" },
	{ "--force", NULL, OPTION_FLAG, false, ARG(force),
	    "replace a current version that this device cannot read" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_push = {
	.name = "push",
	.summary = "Encrypt the .env file and store it as the next version",
	.about =
	    "Prints what changes: + added, ~ changed, - removed. "
	    "VAULT_KEY, VAULT_URL and\nVAULT_DEVICE_SECRET are never pushed. "
	    "The key is taken from FILE if it holds\none, else from .env. "
	    "FILE may be -, which is standard input.",
	.options = push_options,
	.run = push_run,
};
