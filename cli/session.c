/* SPDX-License-Identifier: MIT */
/*
 * session.c: opens the client for a command, and the one place where the
 * library's codes become exit codes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "envfile.h"
#include "git.h"
#include "output.h"
#include "session.h"

int
session_exit_code(int status)
{
	static const struct {
		int status;
		enum exit_code code;
	} map[] = {
		{ VAULTENV_OK, EXIT_DONE },
		{ VAULTENV_ERR_NOMEM, EXIT_FAILED },
		{ VAULTENV_ERR_INVALID, EXIT_FAILED },
		{ VAULTENV_ERR_NO_KEY, EXIT_FAILED },
		{ VAULTENV_ERR_IO, EXIT_FAILED },
		{ VAULTENV_ERR_NETWORK, EXIT_NETWORK },
		{ VAULTENV_ERR_SERVER, EXIT_NETWORK },
		{ VAULTENV_ERR_PROTOCOL, EXIT_FAILED },
		{ VAULTENV_ERR_UNAUTHORIZED, EXIT_REFUSED },
		{ VAULTENV_ERR_PENDING, EXIT_REFUSED },
		{ VAULTENV_ERR_DEVICE, EXIT_REFUSED },
		{ VAULTENV_ERR_FORBIDDEN, EXIT_REFUSED },
		{ VAULTENV_ERR_NOT_FOUND, EXIT_FAILED },
		{ VAULTENV_ERR_NO_SECRETS, EXIT_FAILED },
		{ VAULTENV_ERR_CONFLICT, EXIT_REFUSED },
		{ VAULTENV_ERR_DECRYPT, EXIT_FAILED },
		{ VAULTENV_ERR_EXISTS, EXIT_FAILED },
		{ VAULTENV_ERR_UNWRITABLE, EXIT_FAILED },
		{ VAULTENV_ERR_CLOCK, EXIT_REFUSED },
		{ VAULTENV_ERR_CRYPTO, EXIT_FAILED },
		{ VAULTENV_ERR_VERIFY, EXIT_TAMPERED },
		{ VAULTENV_ERR_UNTRUSTED, EXIT_REFUSED },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].status == status)
			return map[i].code;
	return EXIT_FAILED;
}

int
session_fail(const struct vaultenv_error *err)
{
	error_show(err);
	return session_exit_code(err->code);
}

const char *
session_variable(const char *name)
{
	const char *text = getenv(name);

	if (text == NULL)
		return NULL;
	text += strspn(text, " \t\r\n\v\f");
	return *text != '\0' ? text : NULL;
}

const char *
session_file(const struct args *args)
{
	return args->file != NULL ? args->file : DEFAULT_FILE;
}

static void
notice_print(void *arg, const char *text)
{
	warning_print("%s", text);
}

void
session_options(const struct args *args, const struct session_files *files,
    struct vaultenv_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->file = files->file;
	opts->key_file = files->keys;
	opts->environment = args->env;
	opts->url = args->url;
	opts->insecure_http = args->insecure_http;
	opts->notice = notice_print;
}

static bool
has_key(const struct vaultenv_envfile *file)
{
	return envfile_get(file, "VAULT_KEY") != NULL;
}

/*
 * A key that is neither in the environment nor in a file here is looked for in
 * the folders above. Where there is no file here, the one that has it is it.
 */
static int
key_find(const struct args *args, struct session_files *files,
    struct vaultenv_error *err)
{
	struct vaultenv_envfile *found = NULL, **place = &files->keys;
	int r;

	if ((r = vaultenv_envfile_find(&found, err)) != 0 || found == NULL)
		return r;
	if (args->file == NULL && !envfile_exists(files->file))
		place = &files->file;
	vaultenv_envfile_free(place);
	files->key_at = *place = found;
	note_print(
	    args, "Using the VAULT_KEY of %s", vaultenv_envfile_path(found));
	return 0;
}

/* What is given by more than one --file lies under the first. */
static int
layers_read(const struct args *args, struct session_files *files,
    struct vaultenv_error *err)
{
	struct vaultenv_envfile *layer = NULL;
	int r;

	for (const char *const *path = args->files + 1; *path != NULL; path++) {
		if ((r = vaultenv_envfile_read(*path, &layer, err)) != 0)
			return r;
		if (!envfile_exists(layer)) {
			vaultenv_envfile_free(&layer);
			return vaultenv_error_set(err, VAULTENV_ERR_NOT_FOUND,
			    "Check the path", "There is no %s", *path);
		}
		if (files->key_at == NULL && has_key(layer))
			files->key_at = layer;
		vaultenv_envfile_lay(files->file, &layer);
	}
	return 0;
}

int
session_files_read(const struct args *args, struct session_files *files)
{
	const bool piped = files->file != NULL;
	const bool is_named = args->file != NULL;
	struct vaultenv_error err;
	int r = 0;

	if (!piped)
		r = vaultenv_envfile_read(
		    session_file(args), &files->file, &err);
	/* Without it the command ends, so nothing else is looked for. */
	if (r == 0 && is_named && !envfile_exists(files->file))
		return EXIT_DONE;
	if (r == 0 && !piped && has_key(files->file))
		files->key_at = files->file;
	if (r == 0 && is_named)
		r = layers_read(args, files, &err);
	if (r == 0 && is_named && files->key_at == NULL &&
	    (r = vaultenv_envfile_read(DEFAULT_FILE, &files->keys, &err)) ==
		0 &&
	    has_key(files->keys))
		files->key_at = files->keys;
	if (r == 0 && files->key_at == NULL &&
	    session_variable("VAULT_KEY") == NULL)
		r = key_find(args, files, &err);
	if (r != 0)
		return session_fail(&err);
	if (session_variable("VAULT_KEY") != NULL)
		files->key_at = NULL;
	if (files->key_at != NULL)
		git_key_warn(vaultenv_envfile_path(files->key_at));
	return EXIT_DONE;
}

void
session_files_free(struct session_files *files)
{
	vaultenv_envfile_free(&files->file);
	vaultenv_envfile_free(&files->keys);
}

/* Not there, or a link whose target is not: the library has the sentence. */
static int
missing_explain(const char *path)
{
	struct vaultenv_error err;
	char *text = NULL;
	size_t len = 0;
	int r = vaultenv_file_read(path, &text, &len, &err);

	vaultenv_text_free(&text, len);
	if (r == 0)
		vaultenv_error_set(&err, VAULTENV_ERR_NOT_FOUND, "Try again",
		    "%s was not there a moment ago", path);
	return session_fail(&err);
}

int
session_prepare(const struct args *args, struct session_files *files,
    struct vaultenv_options *opts)
{
	int code;

	if ((code = session_files_read(args, files)) != EXIT_DONE)
		return code;
	if (args->file != NULL && !envfile_exists(files->file))
		return missing_explain(args->file);
	session_options(args, files, opts);
	return EXIT_DONE;
}

int
session_write_check(const struct args *args, const struct session_files *files,
    const struct vaultenv_client *client)
{
	const struct vaultenv_envfile *file = files->key_at;
	const char *id = vaultenv_client_project_id(client);
	const char *url = vaultenv_client_url(client), *path;
	struct vaultenv_error err;

	if (vaultenv_client_device_hash(client) == NULL) {
		(void)vaultenv_error_set(&err, VAULTENV_ERR_DEVICE,
		    "Run: vault-env register-device",
		    "This machine has no device secret for project %s yet, and "
		    "everybody with its VAULT_KEY could read what is "
		    "encrypted without one",
		    id);
		return session_fail(&err);
	}
	if (file == NULL || args->yes || vaultenv_client_is_known(client))
		return EXIT_DONE;
	path = vaultenv_envfile_path(file);
	if (can_ask() &&
	    ask("The VAULT_KEY of %s is new on this machine: project %s on "
		"%s. Encrypt secrets for it?",
		path, id, url))
		return EXIT_DONE;
	(void)vaultenv_error_set(&err, VAULTENV_ERR_UNTRUSTED,
	    "If you know whose it is, run it again with --yes",
	    "The VAULT_KEY of %s is new on this machine, and nothing was "
	    "encrypted for it (project %s on %s)",
	    path, id, url);
	return session_fail(&err);
}

int
session_stale_check(
    const struct args *args, const struct vaultenv_client *client)
{
	const char *env = vaultenv_client_environment(client);

	if (!args->stale || args->looked)
		return EXIT_DONE;
	if (!can_ask()) {
		error_print("If somebody has looked, add --yes-i-looked",
		    "--stale is for a person who has asked the others whether "
		    "%s has a newer version: here nobody can be asked",
		    env);
		return EXIT_USAGE;
	}
	if (ask("A server that is behind shows an old version of %s as the "
		"newest. Do the others have no newer one?",
		env))
		return EXIT_DONE;
	error_print("Compare: vault-env verify", "Nothing was pushed");
	return EXIT_REFUSED;
}

static int
open_checked(
    const struct args *args, struct vaultenv_client **client, bool to_write)
{
	struct session_files files = { .file = NULL };
	struct vaultenv_options opts;
	struct vaultenv_error err;
	int code;

	if ((code = session_prepare(args, &files, &opts)) != EXIT_DONE)
		goto out;
	if (vaultenv_client_open(&opts, client, &err) != 0)
		code = session_fail(&err);
	else if (to_write)
		code = session_write_check(args, &files, *client);
out:
	session_files_free(&files);
	return code;
}

int
session_open(const struct args *args, struct vaultenv_client **client)
{
	return open_checked(args, client, false);
}

int
session_open_to_write(const struct args *args, struct vaultenv_client **client)
{
	return open_checked(args, client, true);
}
