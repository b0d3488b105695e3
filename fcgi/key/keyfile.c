/* SPDX-License-Identifier: MIT */
/*
 * keyfile.c: small secret files, read and made with the care they need. Must
 * not know what is in them. (lib/disk/store.c does this for the client; the
 * server does not link it.)
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "key/keyfile.h"

/*
 * systemd gives a service its credentials in a folder that only the service
 * can enter, by an access list on files of root: the list's mask shows as the
 * group's mode bits.
 */
static bool
in_credentials(const char *path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const size_t len = folder == NULL ? 0 : strlen(folder);

	return len > 1 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
	       strchr(path + len + 1, '/') == NULL;
}

static int
check(int fd, const char *path, const char *what, char why[WHY_MAX])
{
	const mode_t allowed = in_credentials(path) ? 0640 : 0600;
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(why, WHY_MAX, "%s: %.200s is not a regular file", what,
		    path);
		return -1;
	}
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		snprintf(why, WHY_MAX,
		    "%s: %.200s belongs to "
		    "another user; chown it to user %u or to root",
		    what, path, (unsigned)geteuid());
		return -1;
	}
	if ((st.st_mode & 07777 & ~allowed) != 0) {
		snprintf(why, WHY_MAX,
		    "%s: others can read "
		    "%.200s; run: chmod 0600 %.200s",
		    what, path, path);
		return -1;
	}
	return 0;
}

int
keyfile_read(char *out, size_t size, const char *path, const char *what,
    char why[WHY_MAX])
{
	size_t len = 0;
	ssize_t n;
	int fd, r = -1;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		snprintf(why, WHY_MAX, "%s: cannot read %.300s: %s", what, path,
		    errno == ELOOP ? "it is a symbolic link" : strerror(errno));
		return -1;
	}
	if (check(fd, path, what, why) != 0)
		goto out;
	while (len < size && (n = read(fd, out + len, size - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			snprintf(why, WHY_MAX, "%s: cannot read %.300s: %s",
			    what, path, strerror(errno));
			goto out;
		}
		len += (size_t)n;
	}
	if (len == size) {
		snprintf(why, WHY_MAX, "%s: %.300s is longer than %zu bytes",
		    what, path, size - 1);
		goto out;
	}
	if (len > 0 && out[len - 1] == '\n')
		len--;
	out[len] = '\0';
	r = (int)len;
out:
	if (r < 0)
		mem_wipe(out, size);
	close(fd);
	return r;
}

static int
open_folder(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd;
}

int
keyfile_lock_folder(const char *path)
{
	const int fd = open_folder(path);
	int saved;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
keyfile_sync_folder(const char *path)
{
	const int fd = open_folder(path);
	int r;

	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

int
keyfile_create(const char *path, const char *text, size_t len)
{
	int fd, r = -1, saved;

	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0600) != 0 || write(fd, text, len) != (ssize_t)len ||
	    fsync(fd) != 0 || keyfile_sync_folder(path) != 0)
		goto out;
	r = 0;
out:
	saved = errno;
	close(fd);
	if (r != 0)
		unlink(path);
	errno = saved;
	return r;
}
