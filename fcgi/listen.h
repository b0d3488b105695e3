/* SPDX-License-Identifier: MIT */
/*
 * listen.h: the listening unix socket, given or made.
 */
#ifndef VAULT_FCGI_LISTEN_H
#define VAULT_FCGI_LISTEN_H

#include <sys/types.h>
#include <time.h>

#include "common/why.h"

struct listener {
	int fd;
	const char *path; /* ours to remove; NULL: a supervisor's */
	dev_t dev;
	ino_t ino;
	struct timespec ctime; /* an inode number is soon used again */
};

/*
 * path empty: standard input, which must be a listening unix socket. Otherwise
 * makes one with that mode; what a dead server left there is removed, a living
 * one refuses. 0, or -1 with a sentence in why. Call it before any thread.
 */
int listener_open(
    struct listener *l, const char *path, mode_t mode, char why[WHY_MAX]);
/* Closes; removes the file if it is still the one we made. */
void listener_close(struct listener *l);

#endif
