/* SPDX-License-Identifier: MIT */
/*
 * upgrade.c: opens the old project, by VAULT_KEY or, once that is of the new
 * one, by VAULT_KEY_V1; and its end, after which it can be read and not
 * changed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "envfile.h"
#include "output.h"
#include "upgrade.h"

static const char *
old_key(const struct upgrade *u)
{
	const char *key = session_variable("VAULT_KEY_V1");

	if (key == NULL && u->files.key_at != NULL)
		key = envfile_get(u->files.key_at, "VAULT_KEY_V1");
	return key;
}

/* VAULT_KEY is of the new project already: the old one is asked for by name. */
static int
old_open(struct upgrade *u, const struct vaultenv_options *opts)
{
	struct vaultenv_client *given = u->old;
	struct vaultenv_options old = *opts;
	struct vaultenv_error err;
	int r;

	if (!u->args->finish) {
		error_print("When all machines have moved, run: vault-env "
			    "upgrade --finish",
		    "Project %s is of protocol v2 already",
		    vaultenv_client_project_id(u->old));
		return EXIT_REFUSED;
	}
	if ((old.vault_key = old_key(u)) == NULL) {
		error_print("Run it where vault-env upgrade was run",
		    "There is no VAULT_KEY_V1 beside VAULT_KEY, so the old "
		    "project is not known");
		return EXIT_FAILED;
	}
	if (old.url == NULL)
		old.url = vaultenv_client_url(given);
	u->old = NULL;
	r = vaultenv_client_open(&old, &u->old, &err);
	vaultenv_client_free(&given);
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

static int
state_open(struct upgrade *u)
{
	struct vaultenv_error err;
	int r;

	r = vaultenv_upgrade_environments(u->old, &u->names, &err);
	if (r == 0 && (r = vaultenv_upgrade_read(u->old, &u->state, &err)) ==
			  VAULTENV_ERR_NOT_FOUND) {
		if (u->args->finish) {
			error_print("Run first, or where it was run: vault-env "
				    "upgrade",
			    "No upgrade of project %s was begun on this "
			    "machine",
			    vaultenv_client_project_id(u->old));
			return EXIT_FAILED;
		}
		u->state = calloc(1, sizeof(*u->state));
		r = 0;
	}
	if (r != 0)
		return session_fail(&err);
	u->moved = calloc(u->names->n, sizeof(*u->moved));
	if (u->state != NULL && u->moved != NULL)
		return EXIT_DONE;
	error_print(NULL, "Out of memory");
	return EXIT_FAILED;
}

int
upgrade_open(struct upgrade *u)
{
	struct vaultenv_options opts;
	struct vaultenv_error err;
	int code;

	if ((code = session_prepare(u->args, &u->files, &opts)) != EXIT_DONE)
		return code;
	if (vaultenv_client_open(&opts, &u->old, &err) != 0)
		return session_fail(&err);
	if (vaultenv_client_protocol(u->old) == 2) {
		if ((code = old_open(u, &opts)) != EXIT_DONE)
			return code;
	} else if (u->args->finish) {
		error_print("Run first: vault-env upgrade",
		    "Project %s was not upgraded here",
		    vaultenv_client_project_id(u->old));
		return EXIT_FAILED;
	}
	return state_open(u);
}

void
upgrade_close(struct upgrade *u)
{
	for (size_t i = 0; u->moved != NULL && i < u->names->n; i++)
		vaultenv_moving_reset(&u->moved[i].moving);
	free(u->moved);
	vaultenv_environments_free(&u->names);
	vaultenv_upgrade_free(&u->state);
	vaultenv_client_free(&u->old);
	session_files_free(&u->files);
}

int
upgrade_note(struct upgrade *u, const char *env, int64_t version)
{
	if (vaultenv_upgrade_set(u->state, env, version) == 0)
		return EXIT_DONE;
	error_print(NULL, "Out of memory");
	return EXIT_FAILED;
}

void
upgrade_new_id(struct upgrade *u)
{
	memcpy(
	    u->new_id, u->state->key + strlen("vk_"), VAULTENV_PROJECT_ID_LEN);
}

int
upgrade_open_new(const struct upgrade *u, const char *env,
    struct vaultenv_client **client, struct vaultenv_error *err)
{
	struct vaultenv_options opts;

	session_options(u->args, &u->files, &opts);
	opts.vault_key = u->state->key;
	opts.url = vaultenv_client_url(u->old);
	if (env != NULL)
		opts.environment = env;
	return vaultenv_client_open(&opts, client, err);
}

/* ---- --finish ---- */

static int64_t
version_taken(const struct upgrade *u, const char *env)
{
	const struct vaultenv_environments *e = &u->state->environments;

	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->at[i].name, env) == 0)
			return e->at[i].version;
	return 0;
}

static int
newer_refuse(struct upgrade *u, const char *env, int64_t version)
{
	const int64_t taken = version_taken(u, env);

	if (version <= taken)
		return EXIT_DONE;
	error_print("Bring it over (vault-env push), then run: vault-env "
		    "upgrade --finish --yes",
	    "%s of the old project has version %lld, newer than the %lld that "
	    "was looked at",
	    env, (long long)version, (long long)taken);
	return EXIT_REFUSED;
}

static int
newer_check(struct upgrade *u)
{
	struct vaultenv_moving moving;
	struct vaultenv_error err;
	int code = EXIT_DONE, r;

	for (size_t i = 0; code == EXIT_DONE && i < u->names->n; i++) {
		const char *env = u->names->at[i].name;

		r = vaultenv_upgrade_look(u->old, env, &moving, &err);
		if (r == 0 || r == VAULTENV_ERR_DECRYPT)
			code = newer_refuse(u, env, moving.version);
		else if (r != VAULTENV_ERR_NO_SECRETS)
			code = session_fail(&err);
		vaultenv_moving_reset(&moving);
	}
	return code;
}

int
upgrade_finish(struct upgrade *u)
{
	const char *id = vaultenv_client_project_id(u->old);
	struct vaultenv_error err;
	int code;

	upgrade_new_id(u);
	wait_begin(u->args, "looking at the old project");
	code = u->args->yes ? EXIT_DONE : newer_check(u);
	wait_end();
	if (code != EXIT_DONE)
		return code;
	if (vaultenv_project_move(u->old, u->new_id, 1, &err) != 0 ||
	    vaultenv_upgrade_remove(u->old, &err) != 0)
		return session_fail(&err);
	if (u->args->json) {
		putchar('{');
		json_member("project_id", u->new_id);
		putchar(',');
		json_member("v1_project_id", id);
		puts(",\"frozen\":true}");
	}
	say(u->args,
	    "Nothing changes in project %s any more; it can be read as it is",
	    id);
	note_print(u->args, "Once no machine reads it, .vault-cache and "
			    "VAULT_KEY_V1 may be deleted");
	return EXIT_DONE;
}
