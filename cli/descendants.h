/* SPDX-License-Identifier: MIT */
/*
 * descendants.h: the processes below this one, whatever groups and sessions
 * they have made for themselves.
 */
#ifndef DESCENDANTS_H
#define DESCENDANTS_H

#include <stdbool.h>

/* From now on a descendant whose parent has ended becomes our child. */
void descendants_adopt(void);

/*
 * Sends each of them the signal, then SIGCONT, so that a stopped one can act on
 * it. Allocates nothing: safe in the child of a fork().
 */
void descendants_signal(int sig);

/* SIGKILL until there are none. Gives up after a second: a process that is not
 * the user's, or stuck in the kernel, cannot be ended. */
void descendants_kill(void);

#endif
