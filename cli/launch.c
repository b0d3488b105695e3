/* SPDX-License-Identifier: MIT */
/*
 * launch.c: builds a command's environment without touching our own, and
 * becomes the command. Must not decide which variables those are.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "launch.h"
#include "output.h"
#include "process.h"

static int
fail(struct vaultenv_error *err, int code, const char *lead, const char *rest)
{
	err->code = code;
	err->current_version = 0;
	snprintf(err->text, sizeof(err->text), "%s%s", lead, rest);
	return code;
}

/* entry: "NAME=VALUE" of our environment. */
static bool
is_replaced(const struct vaultenv_list *variables, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char *name;
	bool found;

	if (equals == NULL)
		return false;
	/* Out of memory: then it is there twice, and the first one counts. */
	if ((name = strndup(entry, (size_t)(equals - entry))) == NULL)
		return false;
	found = vaultenv_list_find(variables, name) != NULL;
	free(name);
	return found;
}

static int
sizes_check(struct launch *launch, const struct vaultenv_list *variables,
    struct vaultenv_error *err)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(variables, i)) != NULL;
	     i++) {
		if (memchr(pair->value, '\0', pair->value_len) != NULL)
			return fail(err, VAULTENV_ERR_INVALID, pair->name,
			    " cannot be an environment variable: its value "
			    "holds a NUL byte. Change it, or delete it");
		launch->len += strlen(pair->name) + pair->value_len + 2;
	}
	return 0;
}

static void
fill(
    struct launch *launch, const struct vaultenv_list *variables, bool override)
{
	const struct vaultenv_pair *pair;
	char *at = launch->bytes;
	size_t n = 0;

	for (size_t i = 0; environ[i] != NULL; i++)
		if (!override || !is_replaced(variables, environ[i]))
			launch->envp[n++] = environ[i];
	for (size_t i = 0; (pair = vaultenv_list_at(variables, i)) != NULL;
	     i++) {
		if (!override && getenv(pair->name) != NULL)
			continue;
		launch->envp[n++] = at;
		at = stpcpy(at, pair->name);
		*at++ = '=';
		memcpy(at, pair->value, pair->value_len + 1);
		at += pair->value_len + 1;
	}
	launch->envp[n] = NULL;
}

int
launch_prepare(struct launch *launch, const struct vaultenv_list *variables,
    bool override, struct vaultenv_error *err)
{
	size_t n = vaultenv_list_len(variables) + 1;
	int r;

	memset(launch, 0, sizeof(*launch));
	if ((r = sizes_check(launch, variables, err)) != 0)
		return r;
	for (size_t i = 0; environ[i] != NULL; i++)
		n++;
	launch->envp = calloc(n, sizeof(char *));
	launch->bytes = malloc(launch->len + 1);
	if (launch->envp == NULL || launch->bytes == NULL) {
		launch->len = 0;
		launch_free(launch);
		return fail(err, VAULTENV_ERR_NOMEM, "out of memory", "");
	}
	fill(launch, variables, override);
	return 0;
}

void
launch_free(struct launch *launch)
{
	if (launch->bytes != NULL)
		explicit_bzero(launch->bytes, launch->len);
	free(launch->bytes);
	free(launch->envp);
	memset(launch, 0, sizeof(*launch));
}

int
launch_exec(const struct launch *launch, char **command)
{
	char **own = environ;
	int error;

	process_restore();
	/* Not execvpe(), which searches the PATH of this process. */
	environ = launch->envp;
	execvp(command[0], command);
	error = errno;
	environ = own;
	return error;
}

int
launch_explain(const char *name, int error)
{
	error_print("cannot run %s: %s", name,
	    error == ENOENT ? "command not found" : strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
