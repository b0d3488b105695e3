/* SPDX-License-Identifier: MIT */
/* key.c: see key.h. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "key.h"
#include "output.h"

int
key_line(const char *name, const char *key)
{
	int code;

	if (*name != '\0')
		printf("%s=", name);
	if ((code = out_secret(key, strlen(key))) == EXIT_DONE)
		putchar('\n');
	return code;
}

int
key_json(const char *name, const char *key)
{
	int code;

	json_string(name);
	fputs(":\"", stdout);
	if ((code = out_secret(key, strlen(key))) == EXIT_DONE)
		putchar('"');
	return code;
}

const char *
key_path(const struct session_files *files)
{
	return files->key_at == NULL ? NULL
				     : vaultenv_envfile_path(files->key_at);
}

int
key_path_check(const struct session_files *files)
{
	const char *path = key_path(files);
	struct stat st;

	if (path == NULL || (lstat(path, &st) == 0 && S_ISREG(st.st_mode)))
		return EXIT_DONE;
	error_print("Give the path of the file itself with --file, or set "
		    "VAULT_KEY in the environment",
	    "The new VAULT_KEY could not be written to %s, which is no regular "
	    "file",
	    path);
	return EXIT_FAILED;
}

int
key_replace(
    const struct args *args, const struct session_files *files, const char *key)
{
	const char *path = key_path(files);
	struct vaultenv_error err;

	if (path == NULL && args->json)
		return EXIT_DONE;
	if (path == NULL) {
		say(args, "Put this in the place of the VAULT_KEY that the "
			  "environment has:");
		return key_line("VAULT_KEY", key);
	}
	if (vaultenv_envfile_set(path, "VAULT_KEY", key, &err) != 0)
		return session_fail(&err);
	say(args, "Wrote the new VAULT_KEY to %s", path);
	return EXIT_DONE;
}
