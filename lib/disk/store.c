/* SPDX-License-Identifier: MIT */
/*
 * store.c: whole files, read by one open(), and what is our own only where
 * nobody else can have written it. Links are followed to read what is anybody's
 * (.env), not to read what is our own. Must not know what is in them, nor wait
 * for ever, nor write; replace.c does.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk/disk.h"

#define READ_STEP      ((size_t)64 << 10)
#define WRITER_WAIT_MS 60000 /* time to unlock a password manager */

int
store_not_regular(
    const char *verb, const char *path, mode_t mode, struct vaultenv_error *err)
{
	if (S_ISLNK(mode))
		return err_set(err, VAULTENV_ERR_IO,
		    "Give the path of the file itself",
		    "Cannot %s %s: it is a symbolic link", verb, path);
	return err_set(err, VAULTENV_ERR_IO, "Give the path of a regular file",
	    "Cannot %s %s: it is %s", verb, path,
	    S_ISDIR(mode)    ? "a folder"
	    : S_ISFIFO(mode) ? "a FIFO"
	    : S_ISSOCK(mode) ? "a socket"
			     : "a device");
}

/* Of a link that may be followed, it is the target's fault. */
static int
link_broken(const char *path, int error, struct vaultenv_error *err)
{
	const int code =
	    error == ENOENT ? VAULTENV_ERR_NOT_FOUND : VAULTENV_ERR_IO;
	char target[PATH_MAX], reason[128];
	const ssize_t n = readlink(path, target, sizeof(target));

	return err_set(err, code, NULL,
	    "Cannot read %s: it is a symbolic link to %.*s, which cannot be "
	    "read: %s",
	    path, n > 0 ? (int)n : 0, target,
	    strerror_r(error, reason, sizeof(reason)));
}

static int
open_failed(
    const char *path, int no_follow, int error, struct vaultenv_error *err)
{
	struct stat st = { .st_mode = S_IFREG };

	lstat(path, &st);
	if (S_ISLNK(st.st_mode) && no_follow == 0)
		return link_broken(path, error, err);
	if (error == ENOENT)
		return err_set(err, VAULTENV_ERR_NOT_FOUND, "Check the path",
		    "Cannot read %s: there is no such file", path);
	/* ELOOP for a link, ENXIO for a socket */
	if (!S_ISREG(st.st_mode))
		return store_not_regular("read", path, st.st_mode, err);
	errno = error;
	return err_errno(err, NULL, "Cannot read %s", path);
}

/* *fd is open for reading, *st tells about it. no_follow: O_NOFOLLOW, or 0. */
static int
open_file(const char *path, int no_follow, int *fd, struct stat *st,
    struct vaultenv_error *err)
{
	if ((*fd = open(path, O_RDONLY | no_follow | OPEN_SAFELY)) < 0)
		return open_failed(path, no_follow, errno, err);
	if (fstat(*fd, st) != 0)
		return err_errno(err, NULL, "Cannot read %s", path);
	return 0;
}

static int
open_regular(const char *path, int no_follow, int *fd, struct stat *st,
    struct vaultenv_error *err)
{
	int r;

	if ((r = open_file(path, no_follow, fd, st, err)) != 0)
		return r;
	return S_ISREG(st->st_mode)
		   ? 0
		   : store_not_regular("read", path, st->st_mode, err);
}

/* Until a FIFO has something to say, be it its end; a file always has. */
static int
await(int fd, const char *path, struct vaultenv_error *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, WRITER_WAIT_MS)) < 0 && errno == EINTR)
		continue;
	if (n > 0)
		return 0;
	if (n < 0)
		return err_errno(err, NULL, "Cannot read %s", path);
	return err_set(err, VAULTENV_ERR_IO,
	    "Start the program that provides it, or give the path of a file",
	    "Cannot read %s: it is a FIFO, and for %d seconds nobody has "
	    "written to it",
	    path, WRITER_WAIT_MS / 1000);
}

static int
read_all(int fd, const char *path, size_t size, size_t max, struct blob *out,
    struct vaultenv_error *err)
{
	size_t step = size < max ? size + 1 : READ_STEP;
	size_t before = out->len, room;
	char one;
	ssize_t n;
	int r;

	for (;;) {
		/* At the limit one byte more tells whether there is more. */
		room = max - (out->len - before);
		if (room > step)
			room = step;
		if (room > 0 && blob_reserve(out, room) != 0)
			return err_general(err, VAULTENV_ERR_NOMEM);
		n = room > 0 ? read(fd, out->data + out->len, room)
			     : read(fd, &one, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if ((r = await(fd, path, err)) != 0)
				return r;
			continue;
		}
		if (n < 0)
			return err_errno(err, NULL, "Cannot read %s", path);
		if (n == 0)
			return 0;
		if (room == 0)
			return err_set(err, VAULTENV_ERR_IO,
			    "Check that it is the right file",
			    "Cannot read %s: it is larger than %zu bytes", path,
			    max);
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
		r = err_general(err, VAULTENV_ERR_NOMEM);
out:
	if (fd >= 0)
		close(fd);
	blob_reset(&b);
	return r;
}

static bool
is_null_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

int
store_read_once(const char *path, struct blob *out, struct stat *st,
    struct vaultenv_error *err)
{
	size_t size = 0;
	int fd = -1, r;

	if ((r = open_file(path, 0, &fd, st, err)) != 0)
		goto out;
	if (S_ISREG(st->st_mode))
		size = (size_t)st->st_size;
	else if (S_ISFIFO(st->st_mode))
		/* Before its writer has come, a FIFO looks as if at its end. */
		r = await(fd, path, err);
	else if (!is_null_device(st))
		r = store_not_regular("read", path, st->st_mode, err);
	if (r == 0)
		r = read_all(fd, path, size, FILE_MAX, out, err);
out:
	if (fd >= 0)
		close(fd);
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
		    "Make it your own or remove it",
		    "Cannot use %s: it belongs to another user (uid %ju)", path,
		    (uintmax_t)st->st_uid);
		goto out;
	}
	if ((st->st_mode & forbidden) != 0) {
		r = err_set(err, VAULTENV_ERR_IO, NULL,
		    "Cannot use %s: other users can %s it (mode %04o)", path,
		    (forbidden & 044) != 0 ? "get at" : "write to",
		    (unsigned)(st->st_mode & 07777));
		err_hint(err, "Run: chmod 600 %s", path);
		goto out;
	}
	r = read_all(fd, path, (size_t)st->st_size, max, out, err);
out:
	if (fd >= 0)
		close(fd);
	return r;
}

int
store_read_kept(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err)
{
	struct stat st;

	return read_checked(path, 077, max, out, &st, err);
}

int
store_read_private(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err)
{
	const int r = store_read_kept(path, max, out, err);

	if (r == 0)
		trim(out);
	return r;
}

int
store_read_own(const char *path, size_t max, struct blob *out, struct stat *st,
    struct vaultenv_error *err)
{
	const int r = read_checked(path, 022, max, out, st, err);

	if (r == 0)
		trim(out);
	return r;
}

int
store_read_shared(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err)
{
	struct stat st;
	int fd = -1, r;

	r = open_regular(path, O_NOFOLLOW, &fd, &st, err);
	if (r == 0)
		r = read_all(fd, path, (size_t)st.st_size, max, out, err);
	if (fd >= 0)
		close(fd);
	return r;
}

char *
store_beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	const int len = slash == NULL ? 0 : (int)(slash - path) + 1;
	char *beside;

	return asprintf(&beside, "%.*s%s", len, path, name) < 0 ? NULL : beside;
}
