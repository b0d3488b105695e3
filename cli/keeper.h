/* SPDX-License-Identifier: MIT */
/*
 * keeper.h: a process between vault-env and a command, which ends the command
 * with all that it has started.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <signal.h>
#include <stdint.h>

#include "launch.h"

struct keeper {
	/* As the command shall have them. */
	sigset_t mask;
	struct sigaction on_child;
	int64_t grace_ms; /* from SIGTERM to SIGKILL */
	int signal_fd;    /* of signalfd(), with every signal blocked */

	pid_t pid;  /* 0: none has been started */
	int end_fd; /* a pipe's; the keeper ends when it is closed. -1: is */
};

/*
 * Starts a keeper, and by it the command. The keeper passes on what signals it
 * gets from us, takes in the command's orphans, and exits with the command's
 * exit code (128+n for a signal) when no process of it is left: what outlives
 * the command gets SIGTERM, and SIGKILL after the grace. While the command is
 * stopped, so are we. Takes launch. An exit code, error printed.
 */
int keeper_start(struct keeper *k, struct launch *launch, char **command);

/* Asks it to end the command. It does so too when we are killed. */
void keeper_end(struct keeper *k);

#endif
