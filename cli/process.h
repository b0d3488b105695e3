/* SPDX-License-Identifier: MIT */
/*
 * process.h: what vault-env changes about its own process, and how a command
 * that it starts gets it as it was.
 */
#ifndef PROCESS_H
#define PROCESS_H

/* First of all: standard descriptors, SIGPIPE. */
void process_begin(void);

/* No core dumps, no swap. An exit code, error printed. */
int process_harden(void);

/* Before an exec: what process_begin() and process_harden() have changed and
 * would outlive it. Safe in the child of a fork(). */
void process_restore(void);

#endif
