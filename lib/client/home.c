/* SPDX-License-Identifier: MIT */
/*
 * home.c: what this machine keeps of a project at home, ~/.vault/<project id>
 * and an ending of its own for each file. Must not know what is in one.
 */
#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "disk/disk.h"

#define PASSWD_MAX (64 * 1024)

static const char *
non_empty(const char *text)
{
	return text != NULL && *text != '\0' ? text : NULL;
}

int
home_path(const char *project_id, const char *end, char **path,
    struct vaultenv_error *err)
{
	struct passwd entry, *found = NULL;
	const char *home = getenv("HOME");
	char *buf = NULL;
	int r = 0;

	*path = NULL;
	if (non_empty(home) == NULL) {
		if ((buf = malloc(PASSWD_MAX)) == NULL)
			return err_general(err, VAULTENV_ERR_NOMEM);
		home = NULL;
		if (getpwuid_r(geteuid(), &entry, buf, PASSWD_MAX, &found) ==
			0 &&
		    found != NULL)
			home = found->pw_dir;
	}
	if (non_empty(home) != NULL &&
	    asprintf(path, "%s/.vault/%s%s", strcmp(home, "/") == 0 ? "" : home,
		project_id, end) < 0) {
		*path = NULL;
		r = err_general(err, VAULTENV_ERR_NOMEM);
	}
	free(buf);
	return r;
}

int
home_file_path(const char *project_id, const struct home_file *file,
    char **path, struct vaultenv_error *err)
{
	int r = home_path(project_id, file->end, path, err);

	if (r != 0 || *path != NULL)
		return r;
	return err_set(err, VAULTENV_ERR_IO, "Set HOME",
	    "There is no home folder to %s", file->what);
}

int
home_file_remove(const char *project_id, const struct home_file *file,
    struct vaultenv_error *err)
{
	char *path = NULL;
	int r;

	if ((r = home_file_path(project_id, file, &path, err)) == 0)
		r = store_remove(path, err);
	free(path);
	return r;
}
