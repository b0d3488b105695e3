/* SPDX-License-Identifier: MIT */
/*
 * search.c: the .env file with the key, above the current folder: the folders
 * of one project have one. Must not go where others could have put it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk/disk.h"

static bool
same_place(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
is_home(const struct stat *folder)
{
	const char *home = getenv("HOME");
	struct stat st;

	return home != NULL && stat(home, &st) == 0 && same_place(folder, &st);
}

/* The top of a work tree, a linked one's or a submodule's (a file) as well. */
static bool
is_repository(const char *folder)
{
	struct stat st;
	char *path;
	bool found;

	if (asprintf(&path, "%s/.git", folder) < 0)
		return true;
	found = lstat(path, &st) == 0;
	free(path);
	return found;
}

/* The parent of folder, in its place; *st tells about it. False: go no further.
 */
static bool
go_up(char *folder, struct stat *st)
{
	const dev_t device = st->st_dev;
	char *slash = strrchr(folder, '/');

	if (is_repository(folder) || is_home(st) || folder[1] == '\0')
		return false;
	slash[slash == folder ? 1 : 0] = '\0';
	return stat(folder, st) == 0 && st->st_dev == device &&
	       (st->st_uid == geteuid() || st->st_uid == 0) &&
	       (st->st_mode & S_IWOTH) == 0;
}

/* *out stays NULL if the file of this folder holds no key. */
static int
look(const char *folder, struct vaultenv_envfile **out,
    struct vaultenv_error *err)
{
	struct vaultenv_envfile *file = NULL;
	char *path;
	int r;

	if (asprintf(&path, "%s/.env", folder[1] == '\0' ? "" : folder) < 0)
		return err_general(err, VAULTENV_ERR_NOMEM);
	r = vaultenv_envfile_read(path, &file, err);
	free(path);
	/* Often .env is a folder there, which is no file of secrets. */
	if (r == VAULTENV_ERR_IO)
		return 0;
	if (r == 0 && vaultenv_list_find(file->list, "VAULT_KEY") != NULL) {
		*out = file;
		file = NULL;
	}
	vaultenv_envfile_free(&file);
	return r;
}

int
vaultenv_envfile_find(struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	struct vaultenv_envfile *found = NULL;
	char *folder = getcwd(NULL, 0);
	struct stat st;
	int r = 0;

	if (folder == NULL || stat(folder, &st) != 0)
		r = errno == ENOMEM
			? err_general(err, VAULTENV_ERR_NOMEM)
			: err_errno(err, "Go to a folder that is there",
			      "Cannot look for a .env file");
	while (r == 0 && found == NULL && go_up(folder, &st))
		r = look(folder, &found, err);
	free(folder);
	if (r == 0)
		*out = found;
	return r;
}
