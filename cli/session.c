/* SPDX-License-Identifier: MIT */
/*
 * session.c: opens the client for a command, and the one place where the
 * library's codes become exit codes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

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
session_options(
    const struct args *args, const char *path, struct vaultenv_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	opts->path = path;
	opts->environment = args->env;
	opts->url = args->url;
	opts->insecure_http = args->insecure_http;
	opts->notice = notice_print;
}

int
session_file_has_key(const char *path, bool *has, struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	char *text = NULL;
	size_t len = 0;
	int r;

	if ((r = vaultenv_file_read(path, &text, &len, err)) != 0)
		return r;
	if ((r = vaultenv_dotenv_parse(text, len, &list, err)) == 0)
		*has = vaultenv_list_find(list, "VAULT_KEY") != NULL;
	vaultenv_list_free(&list);
	vaultenv_text_free(&text, len);
	return r;
}

int
session_prepare(const struct args *args, struct vaultenv_options *opts)
{
	const char *path = DEFAULT_FILE;
	struct vaultenv_error err;
	bool has = false;

	if (args->file != NULL) {
		if (session_file_has_key(args->file, &has, &err) != 0)
			return session_fail(&err);
		if (has)
			path = args->file;
	}
	session_options(args, path, opts);
	return EXIT_DONE;
}

int
session_open(const struct args *args, struct vaultenv_client **client)
{
	struct vaultenv_options opts;
	struct vaultenv_error err;
	int code;

	if ((code = session_prepare(args, &opts)) != EXIT_DONE)
		return code;
	if (vaultenv_client_open(&opts, client, &err) != 0)
		return session_fail(&err);
	return EXIT_DONE;
}
