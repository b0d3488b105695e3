/* SPDX-License-Identifier: MIT */
/*
 * cmd-push.c: encrypts the variables of a .env file and stores them as the
 * next version. Shows names only. What is compared, merged and refused is the
 * library's; here are the options, the question and the words.
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
	struct session_files files;
	bool from_stdin;
	struct vaultenv_changed *changed;
};

static int
file_read(struct push *p)
{
	struct vaultenv_error err;
	const char *path;
	int code;

	if (p->from_stdin && envfile_read_stdin(&p->files.file, &err) != 0)
		return session_fail(&err);
	if ((code = session_files_read(p->args, &p->files)) != EXIT_DONE)
		return code;
	path = vaultenv_envfile_path(p->files.file);
	if (!envfile_exists(p->files.file))
		error_print(NULL,
		    p->from_stdin ? "Nothing to push: nothing arrived on %s"
				  : "Nothing to push: there is no %s",
		    path);
	else if (!secrets_are_there(vaultenv_envfile_list(p->files.file)))
		error_print(NULL,
		    "Nothing to push: %s holds no variable to share", path);
	else
		return EXIT_DONE;
	return EXIT_FAILED;
}

static int
client_open(struct push *p)
{
	struct vaultenv_options opts;
	struct vaultenv_error err;

	session_options(p->args, &p->files, &opts);
	if (vaultenv_client_open(&opts, &p->client, &err) != 0)
		return session_fail(&err);
	p->environment = vaultenv_client_environment(p->client);
	return session_write_check(p->args, &p->files, p->client);
}

/* Version 1 of the protocol does not say who, but when. */
static int
race_explain(const struct push *p, int64_t current)
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
	    (long long)p->changed->base_version);
	vaultenv_versions_free(&list);
	return EXIT_REFUSED;
}

static int
push_fail(const struct push *p, struct vaultenv_error *err)
{
	if (err->code == VAULTENV_ERR_CONFLICT && err->current_version > 0)
		return race_explain(p, err->current_version);
	if (err->code == VAULTENV_ERR_DECRYPT)
		snprintf(err->hint, sizeof(err->hint),
		    "Use --force to replace it all the same");
	return session_fail(err);
}

static int
push_run(const struct args *args)
{
	struct push p = { .args = args };
	struct vaultenv_change_options options = { .base_version = -1,
		.replace = 1,
		.force = args->force,
		.dry_run = args->dry_run };
	struct vaultenv_error err;
	int code, r;

	p.from_stdin = args->file != NULL && strcmp(args->file, "-") == 0;
	if ((code = file_read(&p)) != EXIT_DONE ||
	    (code = client_open(&p)) != EXIT_DONE)
		goto out;
	options.list = vaultenv_envfile_list(p.files.file);
	wait_begin(args, "pushing the secrets");
	r = vaultenv_secrets_change(p.client, &options, &p.changed, &err);
	wait_end();
	if (r != 0)
		code = push_fail(&p, &err);
	else
		changed_tell(args, p.environment, p.changed);
out:
	vaultenv_changed_free(&p.changed);
	session_files_free(&p.files);
	vaultenv_client_free(&p.client);
	return code;
}

static const struct option_row push_options[] = {
	{ "--dry-run", NULL, OPTION_FLAG, false, ARG(dry_run),
	    "show the changes, push nothing" },
	{ "--force", NULL, OPTION_FLAG, false, ARG(force),
	    "replace a current version that this device cannot read" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask about a key that is new on this machine" },
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
