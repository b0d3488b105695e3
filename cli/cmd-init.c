/* SPDX-License-Identifier: MIT */
/*
 * cmd-init.c: a new project, its key in .env, this machine as its first
 * device. How a project is made is in init-v1.c and init-v2.c; here is what
 * there is already: a key of somebody's, or an init that was cut off.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envfile.h"
#include "git.h"
#include "init.h"
#include "session.h"

/* Two at once would make two projects and keep the key of one. */
static int
folder_lock(struct init *in)
{
	if ((in->folder = folder_of(in->path)) == NULL) {
		error_print(NULL, "Cannot open the folder of %s: %s", in->path,
		    strerror(errno));
		return EXIT_FAILED;
	}
	in->lock = open(in->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->lock >= 0 && flock(in->lock, LOCK_EX | LOCK_NB) != 0 &&
	    errno == EWOULDBLOCK) {
		error_print("Wait for it to end",
		    "Another vault-env init is at work in %s", in->folder);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

int
init_client_open(struct init *in, bool with_key)
{
	const struct session_files files = { .file = in->file };
	struct vaultenv_options opts;
	struct vaultenv_error err;

	session_options(in->args, &files, &opts);
	opts.no_key = !with_key;
	if (vaultenv_client_open(&opts, &in->client, &err) != 0)
		return session_fail(&err);
	return EXIT_DONE;
}

/* Does the server take this key? */
static int
key_try(struct init *in, struct vaultenv_error *err)
{
	int r;

	wait_begin(in->args, "checking the key");
	r = vaultenv_client_check(in->client, err);
	wait_end();
	return r;
}

static void
json_out(const struct init *in)
{
	if (!in->args->json)
		return;
	putchar('{');
	json_member("project_id", vaultenv_client_project_id(in->client));
	putchar(',');
	json_member("url", vaultenv_client_url(in->client));
	printf(",\"created\":%s,\"device\":", in->created ? "true" : "false");
	device_json(in->device);
	puts("}");
}

/* A key that init did not make, or has finished with: look, touch nothing. */
static int
key_check(struct init *in, const char *where)
{
	struct vaultenv_error err;
	const char *id, *url;
	int code, r;

	if ((code = init_client_open(in, true)) != EXIT_DONE)
		return code;
	id = vaultenv_client_project_id(in->client);
	url = vaultenv_client_url(in->client);
	switch (r = key_try(in, &err)) {
	case 0:
		say(in->args,
		    "Already set up: the VAULT_KEY in %s opens "
		    "project %s",
		    where, id);
		if (vaultenv_client_device_hash(in->client) == NULL)
			say(in->args, "This machine has no device secret yet: "
				      "run vault-env register-device");
		json_out(in);
		return EXIT_DONE;
	case VAULTENV_ERR_UNAUTHORIZED:
		error_print("Put the right key there, or remove it to make a "
			    "new project",
		    "The VAULT_KEY in %s is not the key of project %s on %s, "
		    "so nothing was changed",
		    where, id, url);
		return EXIT_REFUSED;
	case VAULTENV_ERR_NOT_FOUND:
		error_print("Name the right server with --url, or remove the "
			    "key to make a new project",
		    "%s knows no project %s, which the VAULT_KEY in %s is for, "
		    "so nothing was changed",
		    url, id, where);
		return EXIT_REFUSED;
	default:
		return session_fail(&err);
	}
}

int
init_token_read(const struct args *args, char **token, size_t *len)
{
	struct vaultenv_error err;
	size_t n;

	if (args->token_file == NULL)
		return EXIT_DONE;
	if (vaultenv_file_read(args->token_file, token, len, &err) != 0)
		return session_fail(&err);
	for (n = *len; n > 0 && strchr("\r\n \t", (*token)[n - 1]); n--)
		(*token)[n - 1] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)(*token)[i] > ' ' && (*token)[i] < 0x7f)
			continue;
		n = 0;
	}
	if (n > 0)
		return EXIT_DONE;
	error_print(
	    NULL, "%s must hold the token and nothing else", args->token_file);
	return EXIT_FAILED;
}

const char *
init_project_name(const struct init *in)
{
	const char *slash = strrchr(in->folder, '/');

	if (in->args->name != NULL)
		return in->args->name;
	if (slash == NULL || slash[1] == '\0')
		return "project";
	if (name_is_valid(slash + 1))
		return slash + 1;
	error_print("Give one with --name",
	    "The name of this folder (%s) cannot be a project's, which is %d "
	    "bytes of visible text at most",
	    slash + 1, NAME_LEN_MAX);
	return NULL;
}

/* The URL to store, or NULL when the file leads to it as it is. */
static const char *
url_to_store(const struct init *in)
{
	const char *used = vaultenv_client_url(in->client);
	const char *known = envfile_get(in->file, "VAULT_URL");
	size_t len;

	if (known == NULL)
		known = VAULTENV_DEFAULT_URL;
	len = strlen(known);
	while (len > 0 && known[len - 1] == '/')
		len--;
	if (strlen(used) == len && strncmp(used, known, len) == 0)
		return NULL;
	return used;
}

int
init_project_create(
    struct init *in, init_make *make, char id[VAULTENV_PROJECT_ID_LEN + 1])
{
	const char *name = init_project_name(in);
	struct vaultenv_error err;
	char *token = NULL;
	size_t len = 0;
	int code, r;

	if (name == NULL)
		return EXIT_FAILED;
	if ((code = init_token_read(in->args, &token, &len)) != EXIT_DONE)
		return code;
	wait_begin(in->args, "creating the project");
	r = make(in->client, name, token, id, &err);
	wait_end();
	vaultenv_text_free(&token, len);
	if (r != 0)
		return session_fail(&err);
	say(in->args, "Created project %s (%s)", name, id);
	return EXIT_DONE;
}

int
init_key_store(struct init *in, const char *key, const char *old_key)
{
	const char *url = url_to_store(in);
	struct vaultenv_error err;

	if (envfile_begin(&in->file, key, url, old_key, &err) != 0)
		return session_fail(&err);
	in->created = true;
	say(in->args,
	    "Wrote VAULT_KEY to %s: keep a copy of it in a safe place",
	    in->path);
	if (url != NULL)
		say(in->args, "Wrote VAULT_URL=%s to %s", url, in->path);
	return EXIT_DONE;
}

int
init_finish(struct init *in)
{
	/* Not the one that an earlier init was given. */
	const char *url = url_to_store(in);
	struct vaultenv_error err;
	int code;

	if (vaultenv_client_device_hash(in->client) == NULL &&
	    vaultenv_device_generate(in->client, 0, NULL, &err) != 0)
		return session_fail(&err);
	code = device_register(in->args, in->client, NULL, &in->device);
	if (code != EXIT_DONE)
		return code;
	if (envfile_finish(&in->file, url, &err) != 0)
		return session_fail(&err);
	if (url != NULL)
		say(in->args, "Wrote VAULT_URL=%s to %s", url, in->path);
	device_say(in->args, in->device);
	say(in->args,
	    "Project %s is ready: put secrets into %s, then run "
	    "vault-env push",
	    vaultenv_client_project_id(in->client), in->path);
	json_out(in);
	return EXIT_DONE;
}

/* The marker is there: how far did the earlier init come? */
static int
resume(struct init *in)
{
	const char *key = envfile_get(in->file, "VAULT_KEY");
	const char *given = session_variable("VAULT_KEY");
	int code;

	if (given != NULL && !line_is(given, strlen(given), key)) {
		error_print("Unset it, then run: vault-env init",
		    "An unfinished init left its key in %s, but another "
		    "VAULT_KEY is set in the environment",
		    in->path);
		return EXIT_FAILED;
	}
	if ((code = init_client_open(in, true)) != EXIT_DONE)
		return code;
	say(in->args, "Going on with the unfinished init of project %s",
	    vaultenv_client_project_id(in->client));
	git_protect(in->args, in->path);
	if (vaultenv_client_protocol(in->client) != 2)
		return init_v1_resume(in);
	return in->args->protocol == 1 ? init_v1_instead(in)
				       : init_v2_resume(in);
}

static int
init_run(const struct args *args)
{
	struct init in = {
		.args = args, .path = session_file(args), .lock = -1
	};
	const char *given = session_variable("VAULT_KEY"), *own;
	struct vaultenv_error err;
	int code;

	if (args->protocol > 2) {
		error_print(
		    "See: vault-env init --help", "--protocol must be 1 or 2");
		return EXIT_USAGE;
	}
	if ((code = folder_lock(&in)) != EXIT_DONE)
		goto out;
	if (envfile_read_to_edit(in.path, &in.file, &err) != 0) {
		code = session_fail(&err);
		goto out;
	}
	own = envfile_get(in.file, "VAULT_KEY");
	if (envfile_is_marked(in.file) && own != NULL)
		code = resume(&in);
	else if (given != NULL)
		code = key_check(&in, "the environment");
	else if (own != NULL)
		code = key_check(&in, in.path);
	else
		code = args->protocol == 1 ? init_v1_start(&in)
					   : init_v2_start(&in);
	if (code != EXIT_DONE && code != EXIT_REFUSED && in.client != NULL &&
	    envfile_is_marked(in.file))
		error_print(
		    "Run again: vault-env init", "Init is not finished");
out:
	if (in.lock >= 0)
		close(in.lock);
	free(in.folder);
	vaultenv_device_free(&in.device);
	vaultenv_client_free(&in.client);
	vaultenv_envfile_free(&in.file);
	return code;
}

static const struct option_row init_options[] = {
	{ "--name", "NAME", OPTION_NAME, false, ARG(name),
	    "the project's name (default: that of the folder)" },
	{ "--protocol", "N", OPTION_VERSION, false, ARG(protocol),
	    "1: for clients that do not know protocol 2 (default: 2)" },
	{ "--token-file", "FILE", OPTION_TEXT, false, ARG(token_file),
	    "holds the token, if the server asks for one" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_init = {
	.name = "init",
	.summary = "Create a project and put its key into the .env file",
	.about =
	    "Also registers this machine as the project's first device. "
	    "If it is interrupted,\nrun it again: it goes on where it was.",
	.options = init_options,
	.run = init_run,
};
