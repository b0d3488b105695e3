/* SPDX-License-Identifier: MIT */
/*
 * listen.c: the listening unix socket. Only unix sockets: whoever can write to
 * it can claim any REMOTE_ADDR, so file permissions must guard it. A socket
 * that was inherited is never shut down nor made non-blocking: its queue and
 * its flags are shared with the supervisor and with the next process.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"

#define BACKLOG 1024

static int
inherited(struct listener *l, char why[WHY_MAX])
{
	int domain = 0, accepts = 0;
	socklen_t len = sizeof(int), len2 = sizeof(int);

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &domain, &len) !=
		0 ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &accepts,
		&len2) != 0) {
		snprintf(why, WHY_MAX,
		    "standard input is no socket: "
		    "use --listen SOCKET, or start vault.fcgi from a "
		    "supervisor (systemd, spawn-fcgi, lighttpd)");
		return -1;
	}
	if (domain != AF_UNIX || !accepts) {
		snprintf(why, WHY_MAX,
		    "standard input is a socket, "
		    "but not a listening unix socket");
		return -1;
	}
	l->fd = STDIN_FILENO;
	return 0;
}

/* 0: nothing is in the way (any more). */
static int
clear_way(const struct sockaddr_un *addr, char why[WHY_MAX])
{
	struct stat st;
	int fd, r;

	if (lstat(addr->sun_path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		snprintf(why, WHY_MAX, "cannot look at %s: %s", addr->sun_path,
		    strerror(errno));
		return -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(
		    why, WHY_MAX, "%s exists and is no socket", addr->sun_path);
		return -1;
	}
	if ((fd = socket(
		 AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0) {
		snprintf(
		    why, WHY_MAX, "cannot make a socket: %s", strerror(errno));
		return -1;
	}
	r = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	if (r == 0 || errno != ECONNREFUSED) {
		snprintf(why, WHY_MAX,
		    r == 0 || errno == EAGAIN
			? "another server listens on %s"
			: "cannot tell whether a server listens on %s",
		    addr->sun_path);
		close(fd);
		return -1;
	}
	close(fd);
	if (unlink(addr->sun_path) != 0) {
		snprintf(why, WHY_MAX, "cannot remove the old %s: %s",
		    addr->sun_path, strerror(errno));
		return -1;
	}
	return 0;
}

static int
make(struct listener *l, const char *path, mode_t mode, char why[WHY_MAX])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t old;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		snprintf(why, WHY_MAX,
		    "the path of a socket can have 107 bytes at most");
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (clear_way(&addr, why) != 0)
		return -1;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		goto fail;
	/* The mask makes the mode true from the first moment on. */
	old = umask(0777 & ~mode);
	r = bind(l->fd, (const struct sockaddr *)&addr, sizeof(addr));
	umask(old);
	if (r != 0)
		goto fail;
	l->path = path;
	if (lstat(path, &st) != 0 || listen(l->fd, BACKLOG) != 0)
		goto fail;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->ctime = st.st_ctim;
	return 0;
fail:
	snprintf(
	    why, WHY_MAX, "cannot listen on %s: %s", path, strerror(errno));
	listener_close(l);
	return -1;
}

int
listener_open(
    struct listener *l, const char *path, mode_t mode, char why[WHY_MAX])
{
	*l = (struct listener){ .fd = -1 };
	return path[0] == '\0' ? inherited(l, why) : make(l, path, mode, why);
}

void
listener_close(struct listener *l)
{
	struct stat st;

	if (l->path != NULL && lstat(l->path, &st) == 0 &&
	    st.st_dev == l->dev && st.st_ino == l->ino &&
	    st.st_ctim.tv_sec == l->ctime.tv_sec &&
	    st.st_ctim.tv_nsec == l->ctime.tv_nsec)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct listener){ .fd = -1 };
}
