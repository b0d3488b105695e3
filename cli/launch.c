/* SPDX-License-Identifier: MIT */
/*
 * launch.c: builds a command's environment without touching our own, and
 * becomes the command. Must not decide which variables those are.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "launch.h"
#include "output.h"
#include "process.h"

#define LARGEST_SHOWN 3
#define NAME_SHOWN    100

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
			return vaultenv_error_set(err, VAULTENV_ERR_INVALID,
			    "Change it, or delete it",
			    "%s cannot be an environment variable: its value "
			    "holds a NUL byte",
			    pair->name);
		launch->len += strlen(pair->name) + pair->value_len + 2;
	}
	return 0;
}

/* Whether "NAME=VALUE" of our environment stays. */
static bool
is_kept(const struct vaultenv_list *variables, const struct args *args,
    const char *entry)
{
	static const char *const keys[] = { "VAULT_KEY=", "VAULT_KEY_NEXT=",
		"VAULT_KEY_V1=", "VAULT_DEVICE_SECRET=" };

	for (size_t i = 0; args->no_keys && i < sizeof(keys) / sizeof(*keys);
	     i++)
		if (strncmp(entry, keys[i], strlen(keys[i])) == 0)
			return false;
	return !args->override || !is_replaced(variables, entry);
}

static void
fill(struct launch *launch, const struct vaultenv_list *variables,
    const struct args *args)
{
	const struct vaultenv_pair *pair;
	char *at = launch->bytes;
	size_t n = 0;

	for (size_t i = 0; environ[i] != NULL; i++)
		if (is_kept(variables, args, environ[i]))
			launch->envp[n++] = environ[i];
	for (size_t i = 0; (pair = vaultenv_list_at(variables, i)) != NULL;
	     i++) {
		if (!args->override && getenv(pair->name) != NULL)
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
    const struct args *args, struct vaultenv_error *err)
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
		return vaultenv_error_set(err, VAULTENV_ERR_NOMEM, NULL, "%s",
		    vaultenv_strerror(VAULTENV_ERR_NOMEM));
	}
	fill(launch, variables, args);
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

/* The entry of envp with that name: its value. NULL: there is none. */
static const char *
value_of(char *const *envp, const char *name)
{
	const size_t len = strlen(name);

	for (; *envp != NULL; envp++)
		if (strncmp(*envp, name, len) == 0 && (*envp)[len] == '=')
			return *envp + len + 1;
	return NULL;
}

/* The file that execvp() finds for name; false: none. */
static bool
program_find(char *const *envp, const char *name, char path[PATH_MAX])
{
	const char *at = value_of(envp, "PATH");
	size_t len;

	if (strchr(name, '/') != NULL)
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX &&
		       access(path, X_OK) == 0;
	for (; at != NULL && *at != '\0'; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)len, at,
			len > 0 ? "/" : "", name) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The program is there, so what is not found is what would run it. */
static int
interpreter_explain(const char *path)
{
	char line[256] = "", hint[PATH_MAX + 64], *end;
	FILE *file = fopen(path, "re");

	if (file != NULL && fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	if (file != NULL)
		fclose(file);
	if (strncmp(line, "#!", 2) != 0) {
		error_print(NULL,
		    "Cannot run %s: the loader that it was built for is not on "
		    "this machine",
		    path);
		return EXIT_NOT_EXECUTABLE;
	}
	line[strcspn(line, "\n")] = '\0';
	end = line + strlen(line);
	if (end[-1] == '\r') {
		end[-1] = '\0';
		snprintf(hint, sizeof(hint),
		    "To take them out, run: sed -i 's/\\r$//' %s", path);
		error_print(hint,
		    "Cannot run %s: its first line (%s) ends in a carriage "
		    "return",
		    path, line);
	} else {
		error_print(NULL,
		    "Cannot run %s: the interpreter in its first line (%s) is "
		    "not there",
		    path, line);
	}
	return EXIT_NOT_EXECUTABLE;
}

/* Longest first; their values stay unseen. */
static int
by_length(const void *a, const void *b)
{
	const size_t one = strlen(*(char *const *)a);
	const size_t other = strlen(*(char *const *)b);

	return (one < other) - (one > other);
}

static int
size_explain(char **envp, const char *name)
{
	char largest[512] = "";
	size_t n = 0, used = 0, len;

	while (envp[n] != NULL)
		n++;
	qsort(envp, n, sizeof(*envp), by_length);
	for (size_t i = 0; i < n && i < LARGEST_SHOWN; i++) {
		len = strcspn(envp[i], "=");
		used += (size_t)snprintf(largest + used, sizeof(largest) - used,
		    "%s%.*s (%zu bytes)", i > 0 ? ", " : "",
		    len < NAME_SHOWN ? (int)len : NAME_SHOWN, envp[i],
		    strlen(envp[i]));
	}
	error_print("Keep what is long in a file, and its path in the variable",
	    "Cannot run %s: its arguments and environment are more than the "
	    "system takes; the largest variables are %s",
	    name, largest);
	return EXIT_NOT_EXECUTABLE;
}

int
launch_explain(struct launch *launch, const char *name, int error)
{
	char path[PATH_MAX];

	if (error == E2BIG)
		return size_explain(launch->envp, name);
	if (error == ENOENT && program_find(launch->envp, name, path))
		return interpreter_explain(path);
	error_print(NULL, "Cannot run %s: %s", name,
	    error == ENOENT ? "command not found" : strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
