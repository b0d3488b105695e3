/* SPDX-License-Identifier: MIT */
/*
 * cachedir.c: .vault-cache.d beside .env, a file for each environment. The
 * folder may have come with a cloned repository, so nothing in it is followed,
 * and it is made its owner's alone. What a file says its MAC and age have to
 * prove. Must not know what is in it.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/state-v2.h"

#define IGNORE_NAME ".gitignore"
#define IGNORE_TEXT "*\n"

/* For free(). INVALID: it would lead out of the folder, or be one of the
 * folder's own. */
static int
path_make(const char *env_path, const char *env, char **path,
    struct vaultenv_error *err)
{
	char *name;

	*path = NULL;
	if (*env == '\0' || *env == '.' || strchr(env, '/') != NULL)
		return err_set(err, VAULTENV_ERR_INVALID, NULL,
		    "An environment named '%s' cannot have a cache", env);
	if (asprintf(&name, CACHE_FOLDER "/%s", env) >= 0) {
		*path = store_beside(env_path, name);
		free(name);
	}
	return *path != NULL ? 0 : err_general(err, VAULTENV_ERR_NOMEM);
}

/* *fd -1: there is no such folder. */
static int
folder_open(const char *folder, int *fd, struct vaultenv_error *err)
{
	struct stat st;

	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return 0;
	if (*fd < 0 && lstat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(err, VAULTENV_ERR_IO, "Remove it",
		    "Cannot use %s: it is not a folder", folder);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return err_errno(err, NULL, "Cannot use %s", folder);
	if (st.st_uid == geteuid())
		return 0;
	return err_set(err, VAULTENV_ERR_IO, "Make it your own or remove it",
	    "Cannot use %s: it belongs to another user (uid %ju)", folder,
	    (uintmax_t)st.st_uid);
}

static int
ignore_write(const char *path, struct vaultenv_error *err)
{
	struct blob text;
	bool same;

	blob_init(&text, sizeof(IGNORE_TEXT));
	same = store_read_kept(path, sizeof(IGNORE_TEXT), &text, NULL) == 0 &&
	       text.len == strlen(IGNORE_TEXT) &&
	       memcmp(text.data, IGNORE_TEXT, text.len) == 0;
	blob_reset(&text);
	return same ? 0
		    : vaultenv_file_write(
			  path, IGNORE_TEXT, strlen(IGNORE_TEXT), err);
}

/* Before there is anything to be ignored. path: of any file in the folder. */
static int
folder_make(const char *folder, const char *path, struct vaultenv_error *err)
{
	char *ignore = NULL;
	int fd = -1, r;

	if (!store_make_folder(path))
		return err_errno(
		    err, NULL, "Cannot make the folder %s", folder);
	if ((r = folder_open(folder, &fd, err)) != 0)
		goto out;
	if (fd < 0 || fchmod(fd, 0700) != 0)
		r = err_errno(err, NULL, "Cannot use %s", folder);
	else if ((ignore = store_beside(path, IGNORE_NAME)) == NULL)
		r = err_general(err, VAULTENV_ERR_NOMEM);
	else
		r = ignore_write(ignore, err);
out:
	if (fd >= 0)
		close(fd);
	free(ignore);
	return r;
}

/* Both for free(). */
static int
paths_make(const char *env_path, const char *env, char **folder, char **path,
    struct vaultenv_error *err)
{
	*path = NULL;
	if ((*folder = store_beside(env_path, CACHE_FOLDER)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	return path_make(env_path, env, path, err);
}

int
cachedir_read(const char *env_path, const char *env, struct blob *out,
    struct vaultenv_error *err)
{
	char *folder, *path;
	int fd = -1, r;

	if ((r = paths_make(env_path, env, &folder, &path, err)) == 0 &&
	    (r = folder_open(folder, &fd, err)) == 0)
		r = store_read_kept(path, CACHE_FILE_MAX, out, err);
	if (fd >= 0)
		close(fd);
	free(folder);
	free(path);
	return r;
}

int
cachedir_write(const char *env_path, const char *env, const char *text,
    size_t len, struct vaultenv_error *err)
{
	char *folder, *path;
	int r;

	if ((r = paths_make(env_path, env, &folder, &path, err)) == 0 &&
	    (r = folder_make(folder, path, err)) == 0)
		r = vaultenv_file_write(path, text, len, err);
	free(folder);
	free(path);
	return r;
}

int
cachedir_remove(
    const char *env_path, const char *env, struct vaultenv_error *err)
{
	char *folder, *path;
	int fd = -1, r;

	if ((r = paths_make(env_path, env, &folder, &path, err)) == 0 &&
	    (r = folder_open(folder, &fd, err)) == 0 && fd >= 0 &&
	    unlinkat(fd, env, 0) != 0 && errno != ENOENT)
		r = err_errno(err, NULL, "Cannot remove %s", path);
	if (fd >= 0)
		close(fd);
	free(folder);
	free(path);
	return r;
}

/* All but folders, which are none of ours. Closes fd. */
static void
files_remove(int fd)
{
	const struct dirent *entry;
	DIR *dir = fdopendir(fd);

	if (dir == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(fd, entry->d_name, 0);
	closedir(dir);
}

int
cachedir_wipe(const char *env_path, struct vaultenv_error *err)
{
	char *folder;
	int fd = -1, r;

	if ((folder = store_beside(env_path, CACHE_FOLDER)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = folder_open(folder, &fd, err)) != 0) {
		if (fd >= 0)
			close(fd);
	} else if (fd >= 0) {
		files_remove(fd);
		if (rmdir(folder) != 0)
			r = err_errno(
			    err, NULL, "Cannot remove all of %s", folder);
	}
	free(folder);
	return r;
}
