/* SPDX-License-Identifier: MIT */
/*
 * lock.c: where a project's files are in ~/.vault, and the lock under which
 * they are read again and replaced. The lock is a file of its own, which stays:
 * the others are replaced, and a lock on a file that has lost its name keeps
 * nobody out. Must not read or write the others.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "disk/state-v2.h"

/* Whoever holds it only reads and writes two files. */
#define WAIT_STEP_MS 5
#define WAIT_S       10

/* The path with another ending. NULL: no memory. */
static char *
path_make(const char *state, const char *end)
{
	const char *dot = strrchr(state, '.');
	char *path;

	return asprintf(&path, "%.*s%s", (int)(dot - state), state, end) < 0
		   ? NULL
		   : path;
}

int
project_files_init(
    struct project_files *files, const char *state, const char *project)
{
	*files = (struct project_files){ .log = NULL };
	memcpy(files->project, project, sizeof(files->project));
	if (state == NULL)
		return 0;
	files->log = path_make(state, ".log");
	files->heads = path_make(state, ".heads");
	files->lock = path_make(state, ".lock");
	if (files->log != NULL && files->heads != NULL && files->lock != NULL)
		return 0;
	project_files_reset(files);
	return VAULTENV_ERR_NOMEM;
}

void
project_files_reset(struct project_files *files)
{
	free(files->log);
	free(files->heads);
	free(files->lock);
	*files = (struct project_files){ .log = NULL };
}

static bool
folder_is_writable(const char *path)
{
	char *folder = store_beside(path, ".");
	bool yes;

	yes = store_make_folder(path) && folder != NULL &&
	      faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
	free(folder);
	return yes;
}

/* flock() itself would wait for ever for a process that is stopped. */
static int
lock_wait(int fd, const char *path, struct vaultenv_error *err)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_MS * 1000000L };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, NULL, "Cannot lock %s", path);
		if (i == WAIT_S * 1000 / WAIT_STEP_MS)
			return err_set(err, VAULTENV_ERR_IO,
			    "End that process, or try again",
			    "Cannot lock %s: another process has held it for "
			    "%d seconds",
			    path, WAIT_S);
		nanosleep(&step, NULL);
	}
	return 0;
}

static int
lock_take(const char *path, int *fd, struct vaultenv_error *err)
{
	int r;

	*fd = -1;
	if (path == NULL || !folder_is_writable(path))
		return 0;
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | OPEN_SAFELY, 0600);
	if (*fd < 0)
		return err_errno(err, NULL, "Cannot lock %s", path);
	if ((r = lock_wait(*fd, path, err)) != 0)
		project_unlock(fd);
	return r;
}

int
project_lock(
    const struct project_files *files, int *fd, struct vaultenv_error *err)
{
	return lock_take(files->lock, fd, err);
}

int
state_lock(const char *path, int *fd, struct vaultenv_error *err)
{
	char *lock;
	int r;

	*fd = -1;
	if (path == NULL)
		return 0;
	if ((lock = path_make(path, ".lock")) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	r = lock_take(lock, fd, err);
	free(lock);
	return r;
}

void
project_unlock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
