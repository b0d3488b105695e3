/* SPDX-License-Identifier: MIT */
/*
 * store.c: whole files, read and replaced so that nothing but a regular file
 * is touched, nobody else can read what is written, and a crash leaves the old
 * file or the new one. Links are followed to read what is anybody's (.env), not
 * to read what is our own, nor to write. Must not know what is in them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"

#define FILE_MAX    ((size_t)16 << 20)
#define READ_STEP   ((size_t)64 << 10)
#define OPEN_SAFELY (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* ".vault-env-", 16 hex digits, NUL */
#define TEMP_NAME_LEN 28

/* A file that is about to be: its folder, open, and its name in there. */
struct place {
	int dir_fd;
	const char *name;         /* borrowed from the path */
	char temp[TEMP_NAME_LEN]; /* "" when there is none on disk */
};

static int
no_memory(struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_NOMEM, "%s",
	    vaultenv_strerror(VAULTENV_ERR_NOMEM));
}

static int
not_regular(
    const char *verb, const char *path, mode_t mode, struct vaultenv_error *err)
{
	if (S_ISLNK(mode))
		return err_set(err, VAULTENV_ERR_IO,
		    "cannot %s %s: it is a "
		    "symbolic link; give the path of the file itself",
		    verb, path);
	return err_set(err, VAULTENV_ERR_IO,
	    "cannot %s %s: it is %s; give the "
	    "path of a regular file",
	    verb, path,
	    S_ISDIR(mode)    ? "a folder"
	    : S_ISFIFO(mode) ? "a FIFO"
	    : S_ISSOCK(mode) ? "a socket"
			     : "a device");
}

/*
 * *fd is open for reading on a regular file, *st tells about it. no_follow:
 * O_NOFOLLOW, or 0.
 */
static int
open_regular(const char *path, int no_follow, int *fd, struct stat *st,
    struct vaultenv_error *err)
{
	int saved;

	if ((*fd = open(path, O_RDONLY | no_follow | OPEN_SAFELY)) < 0) {
		saved = errno;
		if (saved == ENOENT)
			return err_set(err, VAULTENV_ERR_NOT_FOUND,
			    "cannot read %s: there is no such file; check the "
			    "path",
			    path);
		/* ELOOP for a link, ENXIO for a socket */
		if (lstat(path, st) == 0 && !S_ISREG(st->st_mode))
			return not_regular("read", path, st->st_mode, err);
		errno = saved;
		return err_errno(err, "cannot read %s", path);
	}
	if (fstat(*fd, st) != 0)
		return err_errno(err, "cannot read %s", path);
	if (!S_ISREG(st->st_mode))
		return not_regular("read", path, st->st_mode, err);
	return 0;
}

static int
read_all(int fd, const char *path, size_t size, size_t max, struct blob *out,
    struct vaultenv_error *err)
{
	size_t step = size < max ? size + 1 : READ_STEP;
	size_t before = out->len, room;
	char one;
	ssize_t n;

	for (;;) {
		/* At the limit one byte more tells whether there is more. */
		room = max - (out->len - before);
		if (room > step)
			room = step;
		if (room > 0 && blob_reserve(out, room) != 0)
			return no_memory(err);
		do {
			n = room > 0 ? read(fd, out->data + out->len, room)
				     : read(fd, &one, 1);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_errno(err, "cannot read %s", path);
		if (n == 0)
			return 0;
		if (room == 0)
			return err_set(err, VAULTENV_ERR_IO,
			    "cannot read %s: "
			    "it is larger than %zu bytes; check that it is the "
			    "right file",
			    path, max);
		out->len += (size_t)n;
		/* The end of the file fits into the byte that is left. */
		step = out->cap > out->len ? out->cap - out->len : READ_STEP;
	}
}

int
vaultenv_file_read(
    const char *path, char **text, size_t *len, struct vaultenv_error *err)
{
	struct blob b;
	struct stat st;
	int fd = -1, r;

	blob_init(&b, FILE_MAX);
	if ((r = open_regular(path, 0, &fd, &st, err)) != 0)
		goto out;
	r = read_all(fd, path, (size_t)st.st_size, FILE_MAX, &b, err);
	if (r != 0)
		goto out;
	if ((*text = blob_take(&b, len)) == NULL)
		r = no_memory(err);
out:
	if (fd >= 0)
		close(fd);
	blob_reset(&b);
	return r;
}

static void
trim(struct blob *b)
{
	static const char space[] = " \t\r\n\v\f";
	const size_t was = b->len;
	size_t start = 0;

	while (b->len > 0 && b->data[b->len - 1] != '\0' &&
	       strchr(space, b->data[b->len - 1]) != NULL)
		b->len--;
	while (start < b->len && b->data[start] != '\0' &&
	       strchr(space, b->data[start]) != NULL)
		start++;
	if (was == 0)
		return;
	b->len -= start;
	if (start > 0)
		memmove(b->data, b->data + start, b->len);
	mem_wipe(b->data + b->len, was - b->len);
}

static int
read_checked(const char *path, mode_t forbidden, size_t max, struct blob *out,
    struct stat *st, struct vaultenv_error *err)
{
	int fd = -1, r;

	if ((r = open_regular(path, O_NOFOLLOW, &fd, st, err)) != 0)
		goto out;
	if (st->st_uid != geteuid() && st->st_uid != 0) {
		r = err_set(err, VAULTENV_ERR_IO,
		    "cannot use %s: it belongs to "
		    "another user (uid %ju); make it your own or remove it",
		    path, (uintmax_t)st->st_uid);
		goto out;
	}
	if ((st->st_mode & forbidden) != 0) {
		r = err_set(err, VAULTENV_ERR_IO,
		    "cannot use %s: other users "
		    "can %s it (mode %04o); run: chmod 600 %s",
		    path, (forbidden & 044) != 0 ? "get at" : "write to",
		    (unsigned)(st->st_mode & 07777), path);
		goto out;
	}
	if ((r = read_all(fd, path, (size_t)st->st_size, max, out, err)) == 0)
		trim(out);
out:
	if (fd >= 0)
		close(fd);
	return r;
}

int
store_read_private(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err)
{
	struct stat st;

	return read_checked(path, 077, max, out, &st, err);
}

int
store_read_own(const char *path, size_t max, struct blob *out, struct stat *st,
    struct vaultenv_error *err)
{
	return read_checked(path, 022, max, out, st, err);
}

/* The folder of path, "." without one. For free(). NULL: out of memory. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
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
		return err_set(err, VAULTENV_ERR_IO,
		    "cannot write '%s': it "
		    "does not end in the name of a file",
		    path);
	if ((folder = folder_of(path)) == NULL)
		return no_memory(err);
	if (make_folder && mkdir(folder, 0700) != 0 && errno != EEXIST) {
		r = err_errno(err, "cannot make the folder %s", folder);
		goto out;
	}
	place->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->dir_fd < 0)
		r = err_errno(err,
		    "cannot write %s: its folder cannot be "
		    "opened",
		    path);
out:
	free(folder);
	return r;
}

/* Removes the temporary file if it is still there. */
static void
place_close(struct place *place)
{
	if (place->temp[0] != '\0')
		unlinkat(place->dir_fd, place->temp, 0);
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

/* A whole, synced file of mode 0600 under a name that nobody can guess. */
static int
place_fill(struct place *place, const char *path, const char *text, size_t len,
    struct vaultenv_error *err)
{
	uint64_t nonce;
	int fd, saved;
	bool done;

	if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
		return err_errno(err, "cannot write %s", path);
	snprintf(place->temp, sizeof(place->temp), ".vault-env-%016jx",
	    (uintmax_t)nonce);
	fd = openat(place->dir_fd, place->temp,
	    O_WRONLY | O_CREAT | O_EXCL | OPEN_SAFELY, 0600);
	if (fd < 0) {
		place->temp[0] = '\0';
		return err_errno(err,
		    "cannot write %s: no file can be made in "
		    "its folder",
		    path);
	}
	/* fchmod, since an odd umask may have taken our own rights away. */
	done = fchmod(fd, 0600) == 0 && write_all(fd, text, len) == 0 &&
	       fsync(fd) == 0;
	saved = errno;
	if (close(fd) != 0 && done) {
		done = false;
		saved = errno;
	}
	errno = saved;
	return done ? 0 : err_errno(err, "cannot write %s", path);
}

/* Some file systems cannot sync a folder and say so by EINVAL. */
static int
place_sync(struct place *place, const char *path, struct vaultenv_error *err)
{
	if (fsync(place->dir_fd) != 0 && errno != EINVAL)
		return err_errno(err,
		    "%s is written but a power cut may lose "
		    "it",
		    path);
	return 0;
}

int
vaultenv_file_write(
    const char *path, const char *text, size_t len, struct vaultenv_error *err)
{
	struct place place = { .dir_fd = -1 };
	struct stat st;
	int r;

	if ((r = place_open(&place, path, false, err)) != 0)
		goto out;
	if (fstatat(place.dir_fd, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode)) {
			r = not_regular("write", path, st.st_mode, err);
			goto out;
		}
	} else if (errno != ENOENT) {
		r = err_errno(err, "cannot write %s", path);
		goto out;
	}
	if ((r = place_fill(&place, path, text, len, err)) != 0)
		goto out;
	if (renameat(place.dir_fd, place.temp, place.dir_fd, place.name) != 0) {
		r = err_errno(err, "cannot write %s", path);
		goto out;
	}
	place.temp[0] = '\0';
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
	place->temp[0] = '\0';
	return 0;
}

int
store_create_private(
    const char *path, const char *text, size_t len, struct vaultenv_error *err)
{
	struct place place = { .dir_fd = -1 };
	int r;

	if ((r = place_open(&place, path, true, err)) != 0)
		goto out;
	if ((r = place_fill(&place, path, text, len, err)) != 0)
		goto out;
	if (place_name_new(&place) != 0) {
		r = errno == EEXIST
			? err_set(err, VAULTENV_ERR_EXISTS,
			      "cannot write %s: it "
			      "exists and must be kept; move it away first",
			      path)
			: err_errno(err, "cannot write %s", path);
		goto out;
	}
	if (place.temp[0] != '\0') {
		unlinkat(place.dir_fd, place.temp, 0);
		place.temp[0] = '\0';
	}
	r = place_sync(&place, path, err);
out:
	place_close(&place);
	return r;
}
