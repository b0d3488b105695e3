/* SPDX-License-Identifier: MIT */
/*
 * cmd-upgrade.c: a project of protocol v1 goes on in another one, of protocol
 * v2. Each step may be cut off, and is done again by the next run; what was
 * pushed is not pushed twice. Must not lose the old key: it stays in the file.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "envfile.h"
#include "git.h"
#include "init.h"
#include "key.h"
#include "output.h"
#include "secrets.h"
#include "session.h"
#include "upgrade.h"

/* ---- 1: what goes along ---- */

/* v1 cannot tell an old version, or one of another environment, from the right
 * one: a person can. */
static void
moving_show(const struct upgrade *u, const char *env,
    const struct vaultenv_moving *moving)
{
	const struct vaultenv_list *own = vaultenv_envfile_list(u->files.file);
	const size_t n_secrets = vaultenv_list_len(moving->secrets);
	struct vaultenv_change *changes = NULL;
	char when[WHEN_MAX], seen[64] = "not seen here before";
	size_t n = 0;

	when_text(moving->updated_at, when);
	if (moving->seen_version > 0)
		snprintf(seen, sizeof(seen), "version %lld was seen here",
		    (long long)moving->seen_version);
	note_print(u->args, "%s: version %lld of %s, %zu secret%s; %s", env,
	    (long long)moving->version, when, n_secrets,
	    n_secrets == 1 ? "" : "s", seen);
	if (strcmp(env, vaultenv_client_environment(u->old)) != 0 ||
	    !secrets_are_there(own) ||
	    vaultenv_list_diff(moving->secrets, own, &changes, &n) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (!vaultenv_name_is_reserved(changes[i].name))
			note_print(u->args, "  differs from %s: %s",
			    vaultenv_envfile_path(u->files.file),
			    changes[i].name);
	free(changes);
}

static int
look_fail(struct upgrade *u, const char *env,
    const struct vaultenv_moving *moving, const struct vaultenv_error *err)
{
	if (err->code == VAULTENV_ERR_NO_SECRETS)
		return EXIT_DONE;
	if (err->code != VAULTENV_ERR_DECRYPT)
		return session_fail(err);
	warning_print("Version %lld of %s stays behind, since this device "
		      "cannot decrypt it: push it from one that can, once that "
		      "has the new VAULT_KEY",
	    (long long)moving->version, env);
	return upgrade_note(u, env, moving->version);
}

static int
look_at(struct upgrade *u, const char *env, struct moved *moved)
{
	struct vaultenv_moving *moving = &moved->moving;
	struct vaultenv_error err;
	int code, r;

	wait_begin(u->args, "pulling the secrets");
	r = vaultenv_upgrade_look(u->old, env, moving, &err);
	wait_end();
	if (r != 0)
		return look_fail(u, env, moving, &err);
	if (secrets_drop_reserved(moving->secrets) != 0)
		return EXIT_FAILED;
	if ((code = upgrade_note(u, env, moving->version)) != EXIT_DONE)
		return code;
	moving_show(u, env, moving);
	moved->taken = u->args->yes ||
		       ask("Is that what %s has to be? Take it along?", env);
	if (!moved->taken)
		note_print(u->args, "%s stays behind", env);
	return EXIT_DONE;
}

static int
look(struct upgrade *u)
{
	int code = EXIT_DONE;

	for (size_t i = 0; code == EXIT_DONE && i < u->names->n; i++)
		code = look_at(u, u->names->at[i].name, &u->moved[i]);
	return code;
}

/* ---- 2: the new project ---- */

static int
project_begin(struct upgrade *u)
{
	struct vaultenv_client *client = NULL;
	const struct vaultenv_options opts = { .no_key = 1,
		.url = vaultenv_client_url(u->old),
		.insecure_http = u->args->insecure_http };
	char host[DEVICE_NAME_MAX];
	struct vaultenv_error err;
	int r;

	if (u->state->key != NULL)
		return EXIT_DONE;
	device_default_name(host);
	if ((r = vaultenv_client_open(&opts, &client, &err)) == 0)
		r = vaultenv_project_begin(
		    client, host, &u->state->key, &u->state->len, &err);
	vaultenv_client_free(&client);
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

static int
publish(struct upgrade *u, struct vaultenv_client *client, const char *name)
{
	struct vaultenv_error err;
	char *token = NULL;
	size_t len = 0;
	int code, r;

	if ((code = init_token_read(u->args, &token, &len)) != EXIT_DONE)
		return code;
	wait_begin(u->args, "creating the project");
	r = vaultenv_project_publish(client, name, token, &err);
	wait_end();
	vaultenv_text_free(&token, len);
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

/* The new key is on disk before a server hears of it. */
static int
project_make(struct upgrade *u, const char *name)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	int code;

	if ((code = project_begin(u)) != EXIT_DONE)
		return code;
	if (vaultenv_upgrade_write(u->old, u->state, &err) != 0 ||
	    upgrade_open_new(u, NULL, &client, &err) != 0)
		return session_fail(&err);
	code = publish(u, client, name);
	vaultenv_client_free(&client);
	return code;
}

/* ---- 3: announced and filled ---- */

static int
push(struct upgrade *u, const char *env, struct moved *moved)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_change *changes = NULL;
	struct vaultenv_error err;
	size_t n = 0;
	int r;

	if ((r = upgrade_open_new(u, env, &client, &err)) == 0)
		r = vaultenv_secrets_current_version(
		    client, &moved->version, NULL, &err);
	if (r != 0 || moved->version > 0)
		goto out;
	r = vaultenv_list_diff(NULL, moved->moving.secrets, &changes, &n);
	if (r != 0)
		vaultenv_error_set(&err, r, NULL, "Out of memory");
	else
		r = vaultenv_secrets_push(client, moved->moving.secrets, 0,
		    changes, n, &moved->version, &err);
out:
	free(changes);
	vaultenv_client_free(&client);
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

static int
fill(struct upgrade *u)
{
	struct vaultenv_error err;
	int code = EXIT_DONE, r;

	wait_begin(u->args, "pushing the secrets");
	r = vaultenv_project_move(u->old, u->new_id, 0, &err);
	for (size_t i = 0; r == 0 && code == EXIT_DONE && i < u->names->n; i++)
		if (u->moved[i].taken)
			code = push(u, u->names->at[i].name, &u->moved[i]);
	wait_end();
	return r == 0 ? code : session_fail(&err);
}

/* ---- 4 and 5: the key in its place, and what else there is to do ---- */

static int
key_place(const struct upgrade *u)
{
	const char *path = key_path(&u->files), *old;
	struct vaultenv_error err;

	if (path == NULL) {
		say(u->args, "Keep the old VAULT_KEY as VAULT_KEY_V1: "
			     "vault-env upgrade --finish needs it");
		return key_replace(u->args, &u->files, u->state->key);
	}
	old = envfile_get(u->files.key_at, "VAULT_KEY");
	git_protect(u->args, path);
	if (old != NULL &&
	    vaultenv_envfile_set(path, "VAULT_KEY_V1", old, &err) != 0)
		return session_fail(&err);
	return key_replace(u->args, &u->files, u->state->key);
}

static void
done_tell(const struct upgrade *u)
{
	say(u->args, "Project %s goes on as %s, of protocol v2",
	    vaultenv_client_project_id(u->old), u->new_id);
	for (size_t i = 0; i < u->names->n; i++)
		if (u->moved[i].taken)
			say(u->args, "Pushed version %lld to %s",
			    (long long)u->moved[i].version,
			    u->names->at[i].name);
	note_print(u->args,
	    "On each other machine put the new VAULT_KEY in place and run "
	    "vault-env register-device; for CI and servers run vault-env "
	    "enroll here. When all have moved, run vault-env upgrade --finish");
	if (!u->args->json)
		return;
	putchar('{');
	json_member("project_id", u->new_id);
	putchar(',');
	json_member("v1_project_id", vaultenv_client_project_id(u->old));
	printf(",\"environments\":[");
	for (size_t i = 0, n = 0; i < u->names->n; i++) {
		if (!u->moved[i].taken)
			continue;
		printf("%s{", n++ > 0 ? "," : "");
		json_member("environment", u->names->at[i].name);
		printf(",\"version\":%lld}", (long long)u->moved[i].version);
	}
	puts("]}");
}

static int
go_on(struct upgrade *u, const char *name)
{
	int code;

	if ((code = project_make(u, name)) != EXIT_DONE)
		return code;
	upgrade_new_id(u);
	if ((code = fill(u)) != EXIT_DONE || (code = key_place(u)) != EXIT_DONE)
		return code;
	done_tell(u);
	return EXIT_DONE;
}

static int
upgrade_start(struct upgrade *u)
{
	struct init in = { .args = u->args };
	const char *name;
	int code;

	if (!u->args->yes && !can_ask()) {
		error_print("See: vault-env upgrade --help",
		    "Nobody can be asked here whether the secrets are the "
		    "right ones: upgrade needs --yes");
		return EXIT_USAGE;
	}
	in.folder = folder_of(session_file(u->args));
	if (in.folder == NULL || (name = init_project_name(&in)) == NULL)
		code = EXIT_FAILED;
	else if ((code = key_path_check(&u->files)) == EXIT_DONE &&
		 (code = look(u)) == EXIT_DONE)
		code = go_on(u, name);
	free(in.folder);
	return code;
}

static int
upgrade_run(const struct args *args)
{
	struct upgrade u = { .args = args };
	int code;

	if ((code = upgrade_open(&u)) == EXIT_DONE)
		code = args->finish ? upgrade_finish(&u) : upgrade_start(&u);
	upgrade_close(&u);
	return code;
}

static const struct option_row upgrade_options[] = {
	{ "--finish", NULL, OPTION_FLAG, false, ARG(finish),
	    "let nothing change in the old project any more" },
	{ "--name", "NAME", OPTION_NAME, false, ARG(name),
	    "the new project's name (default: that of the folder)" },
	{ "--token-file", "FILE", OPTION_TEXT, false, ARG(token_file),
	    "holds the token, if the server asks for one" },
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "take each environment along as it is, without asking" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_upgrade = {
	.name = "upgrade",
	.summary = "Let a project of protocol 1 go on as one of protocol 2",
	.about =
	    "Makes a new project, pushes what this device can read of the old "
	    "one to it, and\nputs the new VAULT_KEY in place of the old one, "
	    "which stays as VAULT_KEY_V1. If\nit is interrupted, run it "
	    "again: it goes on where it was. With --finish, once\nall "
	    "machines have moved, the old project can be read, and not "
	    "changed any more.",
	.options = upgrade_options,
	.run = upgrade_run,
};
