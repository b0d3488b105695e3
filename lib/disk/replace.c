/* SPDX-License-Identifier: MIT */
/*
 * replace.c: whole files, written so that nobody else can read them, a crash
 * leaves the old file or the new one, and no name is on disk before its content
 * is whole. A write that was killed leaves one of our temporary names at worst,
 * which the next write in that folder removes. Links are not followed.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"

#define TEMP_PREFIX ".vault-env-"
/* The prefix, 16 hex digits, NUL */
#define TEMP_NAME_LEN 28

/* A file that is about to be: its folder, open, and its name in there. */
struct place {
	int dir_fd;
	int fd;           /* locked, which tells that it is no leftover */
	const char *name; /* borrowed from the path */
	char temp[TEMP_NAME_LEN];
	bool is_made, is_whole;
	bool is_named; /* temp is on disk */
};

/* The folder of path, "." without one. For free(). NULL: out of memory. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool
store_make_folder(const char *path)
{
	char *folder = folder_of(path);
	bool there;

	there = folder != NULL && (mkdir(folder, 0700) == 0 || errno == EEXIST);
	free(folder);
	return there;
}

static bool
is_temp_name(const char *name)
{
	return strncmp(name, TEMP_PREFIX, strlen(TEMP_PREFIX)) == 0 &&
	       strlen(name) == TEMP_NAME_LEN - 1 &&
	       strspn(name + strlen(TEMP_PREFIX), "0123456789abcdef") ==
		   TEMP_NAME_LEN - 1 - strlen(TEMP_PREFIX);
}

/* A file of ours that nobody is writing any more: its writer was killed. */
static void
leftover_remove(int dir_fd, const char *name)
{
	struct stat st;
	int fd;

	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | OPEN_SAFELY);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir_fd, name, 0);
	close(fd);
}

static void
leftovers_sweep(int dir_fd)
{
	const struct dirent *entry;
	DIR *dir;
	int fd;

	if ((fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_temp_name(entry->d_name))
			leftover_remove(dir_fd, entry->d_name);
	closedir(dir);
}

static int
place_open(struct place *place, const char *path, bool make_folder,
    struct vaultenv_error *err)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int r = 0;

	place->name = slash == NULL ? path : slash + 1;
	if (*place->name == '\0')
		return err_set(err, VAULTENV_ERR_IO, NULL,
		    "Cannot write '%s': it does not end in the name of a file",
		    path);
	if ((folder = folder_of(path)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (make_folder && mkdir(folder, 0700) != 0 && errno != EEXIST) {
		r = err_errno(err, NULL, "Cannot make the folder %s", folder);
		goto out;
	}
	place->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->dir_fd < 0)
		r = err_errno(err, NULL,
		    "Cannot write %s: its folder cannot be opened", path);
	else
		leftovers_sweep(place->dir_fd);
out:
	free(folder);
	return r;
}

/* Removes the temporary file if it is still there. */
static void
place_close(struct place *place)
{
	if (place->is_named)
		unlinkat(place->dir_fd, place->temp, 0);
	if (place->fd >= 0)
		close(place->fd);
	if (place->dir_fd >= 0)
		close(place->dir_fd);
}

static int
write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		if ((n = write(fd, text, len)) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Under no name yet, where the file system can do that. Locked, as is our own.
 */
static int
file_make(struct place *place, bool named)
{
	struct stat st;
	int fd;

	do {
		fd = openat(place->dir_fd, named ? place->temp : ".",
		    O_WRONLY | OPEN_SAFELY |
			(named ? O_CREAT | O_EXCL : O_TMPFILE),
		    0600);
		if (fd < 0)
			return -1;
		(void)flock(fd, LOCK_EX | LOCK_NB);
		/* Swept before it was locked: once more. */
	} while (
	    named && fstat(fd, &st) == 0 && st.st_nlink == 0 && close(fd) == 0);
	return fd;
}

/* A whole, synced file of mode 0600, called place->temp. 0, or -1 and errno. */
static int
file_fill(struct place *place, const char *text, size_t len, bool named)
{
	char self[32];
	int saved;

	place->is_made = place->is_whole = false;
	if ((place->fd = file_make(place, named)) < 0)
		return -1;
	place->is_made = true;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place->fd);
	/* fchmod, since an odd umask may have taken our own rights away. */
	place->is_whole = fchmod(place->fd, 0600) == 0 &&
			  write_all(place->fd, text, len) == 0 &&
			  fsync(place->fd) == 0;
	if (place->is_whole &&
	    (named || linkat(AT_FDCWD, self, place->dir_fd, place->temp,
			  AT_SYMLINK_FOLLOW) == 0)) {
		place->is_named = true;
		return 0;
	}
	saved = errno;
	if (named)
		unlinkat(place->dir_fd, place->temp, 0);
	close(place->fd);
	place->fd = -1;
	errno = saved;
	return -1;
}

/* What cannot be made without a name (FAT, NFS; no /proc) is made with one. */
static int
place_fill(struct place *place, const char *path, const char *text, size_t len,
    struct vaultenv_error *err)
{
	uint64_t nonce;

	if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		return err_errno(err, NULL, "Cannot write %s", path);
	snprintf(place->temp, sizeof(place->temp), TEMP_PREFIX "%016jx",
	    (uintmax_t)nonce);
	if (file_fill(place, text, len, false) == 0)
		return 0;
	if ((!place->is_made || place->is_whole) &&
	    file_fill(place, text, len, true) == 0)
		return 0;
	if (!place->is_made)
		return err_errno(err, NULL,
		    "Cannot write %s: no file can be made in its folder", path);
	return err_errno(err, NULL, "Cannot write %s", path);
}

/* Some file systems cannot sync a folder and say so by EINVAL. */
static int
place_sync(struct place *place, const char *path, struct vaultenv_error *err)
{
	if (fsync(place->dir_fd) != 0 && errno != EINVAL)
		return err_errno(err, NULL,
		    "%s is written but a power cut may lose it", path);
	return 0;
}

int
vaultenv_file_write(
    const char *path, const char *text, size_t len, struct vaultenv_error *err)
{
	struct place place = { .dir_fd = -1, .fd = -1 };
	struct stat st;
	int r;

	if ((r = place_open(&place, path, false, err)) != 0)
		goto out;
	if (fstatat(place.dir_fd, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode)) {
			r = store_not_regular("write", path, st.st_mode, err);
			goto out;
		}
	} else if (errno != ENOENT) {
		r = err_errno(err, NULL, "Cannot write %s", path);
		goto out;
	}
	if ((r = place_fill(&place, path, text, len, err)) != 0)
		goto out;
	if (renameat(place.dir_fd, place.temp, place.dir_fd, place.name) != 0) {
		r = err_errno(err, NULL, "Cannot write %s", path);
		goto out;
	}
	place.is_named = false;
	r = place_sync(&place, path, err);
out:
	place_close(&place);
	return r;
}

/* The temporary file gets its name unless that is taken: 0, or -1, errno. */
static int
place_name_new(struct place *place)
{
	if (linkat(place->dir_fd, place->temp, place->dir_fd, place->name, 0) ==
	    0)
		return 0;
	if (errno == EEXIST)
		return -1;
	/* No hard links here (FAT, some FUSE): the kernel may know another way.
	 */
	if (renameat2(place->dir_fd, place->temp, place->dir_fd, place->name,
		RENAME_NOREPLACE) != 0)
		return -1;
	place->is_named = false;
	return 0;
}

int
store_create_private(
    const char *path, const char *text, size_t len, struct vaultenv_error *err)
{
	struct place place = { .dir_fd = -1, .fd = -1 };
	int r;

	if ((r = place_open(&place, path, true, err)) != 0)
		goto out;
	if ((r = place_fill(&place, path, text, len, err)) != 0)
		goto out;
	if (place_name_new(&place) != 0) {
		r = errno == EEXIST
			? err_set(err, VAULTENV_ERR_EXISTS,
			      "Move it away first",
			      "Cannot write %s: it exists and must be kept",
			      path)
			: err_errno(err, NULL, "Cannot write %s", path);
		goto out;
	}
	if (place.is_named) {
		unlinkat(place.dir_fd, place.temp, 0);
		place.is_named = false;
	}
	r = place_sync(&place, path, err);
out:
	place_close(&place);
	return r;
}

int
store_remove(const char *path, struct vaultenv_error *err)
{
	char *folder;
	int fd;

	if (unlink(path) != 0)
		return errno == ENOENT
			   ? 0
			   : err_errno(err, NULL, "Cannot remove %s", path);
	if ((folder = folder_of(path)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
	return 0;
}
