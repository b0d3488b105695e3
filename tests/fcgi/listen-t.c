/* SPDX-License-Identifier: MIT */
/*
 * listen-t: a socket of our own: mode, what lies in the way, and who may
 * remove it; and what standard input must be.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "tap.h"

int
main(void)
{
	char folder[] = "/tmp/listen-t-XXXXXX", path[64], why[WHY_MAX];
	char text[200];
	struct listener a, b, stale;
	struct stat st;
	int fd, pair[2];

	if (mkdtemp(folder) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", folder);
	umask(022);
	is_int(listener_open(&a, path, 0660, why), 0, "listens");
	is_int(stat(path, &st), 0, "there it is");
	is_int(st.st_mode & 07777, 0660, "with the mode asked for");
	is_int((int)umask(022), 022, "and the umask is as it was");
	is_int(listener_open(&b, path, 0660, why), -1, "not twice");
	snprintf(text, sizeof(text), "another server listens on %s", path);
	is_str(why, text, "its sentence");

	/* What a killed server leaves behind. */
	stale = a;
	close(a.fd);
	is_int(listener_open(&b, path, 0600, why), 0, "a dead one is replaced");
	stale.fd = -1;
	listener_close(&stale);
	is_int(stat(path, &st), 0, "the old owner does not remove the new one");
	listener_close(&b);
	is_int(stat(path, &st), -1, "its owner does");

	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	is_int(listener_open(&a, path, 0600, why), -1, "a file in the way");
	snprintf(text, sizeof(text), "%s exists and is no socket", path);
	is_str(why, text, "is left alone");
	unlink(path);
	rmdir(folder);
	is_int(listener_open(&a, path, 0600, why), -1, "no folder");
	snprintf(text, sizeof(text),
	    "cannot listen on %s: No such file or directory", path);
	is_str(why, text, "its sentence");
	memset(text, 'x', 150);
	text[150] = '\0';
	is_int(listener_open(&a, text, 0600, why), -1, "too long a path");

	fd = open("/dev/null", O_RDWR);
	dup2(fd, 0);
	is_int(listener_open(&a, "", 0, why), -1, "standard input is a file");
	ok(strstr(why, "standard input is no socket: use --listen") == why,
	    "%s", why);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 1;
	dup2(pair[0], 0);
	is_int(listener_open(&a, "", 0, why), -1, "a connected socket");
	is_str(why,
	    "standard input is a socket, but not a listening unix "
	    "socket",
	    "its sentence");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	listen(fd, 1);
	dup2(fd, 0);
	is_int(listener_open(&a, "", 0, why), -1, "a TCP socket");
	return tap_done();
}
