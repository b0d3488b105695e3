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
#include "move.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

#define WAITING "pushing the secrets"

struct push {
	const struct args *args;
	struct vaultenv_client *client;
	const char *environment;
	struct session_files files;
	bool from_stdin;
	char answer; /* of who was asked, 0: nobody was */
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
	char when[WHEN_MAX + 16] = "", hint[VAULTENV_ERROR_HINT];
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
	snprintf(hint, sizeof(hint),
	    "Run vault-env pull --env %s to see it, then push again",
	    p->environment);
	error_print(hint,
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
	const struct vaultenv_changed *changed = p->changed;

	if (err->code == VAULTENV_ERR_CONFLICT && err->current_version > 0)
		return race_explain(p, err->current_version);
	if (err->code == VAULTENV_ERR_NO_SECRETS)
		vaultenv_error_set(err, VAULTENV_ERR_NO_SECRETS,
		    "Check --env, or leave --existing out",
		    "There is no environment %s yet, and --existing makes none",
		    p->environment);
	else if (err->code == VAULTENV_ERR_DECRYPT)
		snprintf(err->hint, sizeof(err->hint),
		    "Use --force to replace it all the same");
	else if (err->code == VAULTENV_ERR_CONFLICT &&
		 vaultenv_list_len(changed->conflicts) > 0)
		snprintf(
		    err->hint, sizeof(err->hint), "Use --ours or --theirs");
	else if (err->code == VAULTENV_ERR_CONFLICT && changed->unfounded)
		snprintf(err->hint, sizeof(err->hint),
		    "Use --replace if %.80s is the whole, or --merge to add "
		    "and change only",
		    vaultenv_envfile_path(p->files.file));
	return session_fail(err);
}

/* A file that does not know what it was made from takes something away. */
static int
confirm(void *arg, const struct vaultenv_changed *changed,
    struct vaultenv_error *err)
{
	struct push *p = arg;
	bool yes;

	wait_end();
	changes_show(p->args, changed->changes, changed->n_changes);
	yes = ask("It is not known from which version of %s %s was made. Push "
		  "these changes?",
	    p->environment, vaultenv_envfile_path(p->files.file));
	wait_begin(p->args, WAITING);
	p->answer = yes ? 'y' : 'n';
	return yes ? 0
		   : vaultenv_error_set(err, VAULTENV_ERR_CONFLICT, NULL,
			 "Nothing was pushed");
}

/* The names that others have changed, which are in the file now. */
static int
taken_tell(const struct push *p)
{
	const struct vaultenv_envfile *file = p->files.file;
	struct vaultenv_change *changes = NULL;
	size_t n = 0, n_shown = 0;
	int r;

	if (!p->changed->followed || p->args->quiet || p->args->json)
		return EXIT_DONE;
	r = vaultenv_list_diff(
	    vaultenv_envfile_list(file), p->changed->secrets, &changes, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (vaultenv_name_is_reserved(changes[i].name))
			continue;
		if (n_shown++ == 0)
			say(p->args, "Took into %s what others have changed:",
			    vaultenv_envfile_path(file));
		change_show(p->args, &changes[i]);
	}
	free(changes);
	return session_exit_code(r);
}

/*
 * Once for each file, when its first push has noted in it what it is now: later
 * it is known.
 */
static bool
offers_move(const struct push *p)
{
	const struct args *args = p->args;

	return p->changed->followed && !args->json && !args->quiet &&
	       !args->yes && args->file == NULL && can_ask() &&
	       vaultenv_envfile_base(p->files.file, p->client) < 0 &&
	       ask("Leave only the keys in %s? Its values are in the vault now",
		   vaultenv_envfile_path(p->files.file));
}

static int
push_done(const struct push *p)
{
	const struct args *args = p->args;
	int code;

	if (p->answer == 0)
		changed_tell(args, p->environment, p->changed);
	else
		pushed_say(args, p->environment, p->changed);
	if (args->dry_run)
		return EXIT_DONE;
	if ((code = taken_tell(p)) == EXIT_DONE &&
	    (args->move || offers_move(p)))
		code = move_out(args, p->client,
		    vaultenv_envfile_path(p->files.file), p->changed->version);
	return code;
}

static int
options_check(const struct push *p)
{
	const struct args *args = p->args;
	const char *one = NULL, *other = NULL;

	if (args->ours && args->theirs)
		one = "--ours", other = "--theirs";
	else if (args->replace && args->merge)
		one = "--replace", other = "--merge";
	else if (args->move && p->from_stdin)
		one = "--move", other = "--file -";
	if (one == NULL)
		return EXIT_DONE;
	error_print("See: vault-env push --help",
	    "%s and %s do not go together", one, other);
	return EXIT_USAGE;
}

static int
push_run(const struct args *args)
{
	struct push p = { .args = args };
	const struct vaultenv_change_options options = {
		.ours = args->ours,
		.theirs = args->theirs,
		.replace = args->replace,
		.merge = args->merge,
		.confirm = can_ask() ? confirm : NULL,
		.force = args->force,
		.arg = &p,
		.dry_run = args->dry_run,
		.take_stale = args->stale,
		.needs_secrets = args->existing,
	};
	struct vaultenv_error err;
	int code, r;

	p.from_stdin = args->file != NULL && strcmp(args->file, "-") == 0;
	if ((code = options_check(&p)) != EXIT_DONE ||
	    (code = file_read(&p)) != EXIT_DONE ||
	    (code = client_open(&p)) != EXIT_DONE ||
	    (code = session_stale_check(args, p.client)) != EXIT_DONE)
		goto out;
	wait_begin(args, WAITING);
	r = vaultenv_envfile_push(
	    p.client, p.files.file, &options, &p.changed, &err);
	wait_end();
	code = r != 0 ? push_fail(&p, &err) : push_done(&p);
out:
	vaultenv_changed_free(&p.changed);
	session_files_free(&p.files);
	vaultenv_client_free(&p.client);
	return code;
}

static const struct option_row push_options[] = {
	{ "--dry-run", NULL, OPTION_FLAG, false, ARG(dry_run),
	    "show the changes, push nothing" },
	{ "--existing", NULL, OPTION_FLAG, false, ARG(existing),
	    "make no new environment" },
	{ "--force", NULL, OPTION_FLAG, false, ARG(force),
	    "protocol 1: replace a version that this device cannot read" },
	{ "--move", NULL, OPTION_FLAG, false, ARG(move),
	    "then leave only the keys in the file" },
	{ "--ours", NULL, OPTION_FLAG, false, ARG(ours),
	    "a name that both sides changed keeps the file's value" },
	{ "--theirs", NULL, OPTION_FLAG, false, ARG(theirs),
	    "a name that both sides changed takes the others' value" },
	{ "--replace", NULL, OPTION_FLAG, false, ARG(replace),
	    "the file is the whole: what it lacks is removed" },
	{ "--stale", NULL, OPTION_FLAG, false, ARG(stale),
	    "also over one too old for this device, or dated ahead" },
	{ "--merge", NULL, OPTION_FLAG, false, ARG(merge),
	    "the file only adds and changes: nothing is removed" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask about a key that is new on this machine" },
	{ "--yes-i-looked", NULL, OPTION_FLAG, false, ARG(looked),
	    "with --stale: do not ask whether somebody has looked" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_push = {
	.name = "push",
	.summary = "Encrypt the .env file and store it as the next version",
	.about = "Prints what changes: + added, ~ changed, - removed. Reserved "
		 "names, such as\nVAULT_KEY and VAULT_URL, are never pushed. "
		 "The key is taken from FILE if it\nholds one, else from .env. "
		 "FILE may be -, which is standard input. What others\nhave "
		 "pushed since the version that the file was made from stays, "
		 "and is written\ninto the file.",
	.options = push_options,
	.run = push_run,
};
