/* SPDX-License-Identifier: MIT */
/* files.h: small files of a test's own: made, looked at, and what fails. */
#ifndef FILES_H
#define FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk/disk.h"
#include "sentence.h"
#include "tap.h"

static struct vaultenv_error err;

static inline void
put(const char *path, const char *text, mode_t mode)
{
	int fd;

	/* Its old mode may forbid writing, to anybody but root. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) != 0 || close(fd) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

/* Valid until the next call; "(none)" if it cannot be read. */
static inline const char *
content(const char *path)
{
	static char text[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY);

	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return "(none)";
	text[n] = '\0';
	return text;
}

static inline unsigned
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static inline int
n_files(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = -2; /* "." and ".." */

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

static inline void
fails(int r, int code, const char *text)
{
	is_int(r, code, "it fails with its code");
	is_str(sentence(&err), text, text);
	memset(&err, 0, sizeof(err));
}

/* Goes into a folder of its own. False: there is none. */
static inline bool
folder_enter(char *dir)
{
	umask(022);
	return mkdtemp(dir) != NULL && chdir(dir) == 0;
}

static inline void
folder_remove(const char *dir)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ok(chdir("/") == 0 && system(command) == 0, "the folder is removed");
}

#endif
