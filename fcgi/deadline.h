/* SPDX-License-Identifier: MIT */
/*
 * deadline.h: an end to a connection that is slow on purpose. Time-outs of a
 * socket begin anew with every byte; these do not.
 */
#ifndef VAULT_FCGI_DEADLINE_H
#define VAULT_FCGI_DEADLINE_H

#include <pthread.h>
#include <stdint.h>

struct deadline {
	pthread_mutex_t lock;
	int fd; /* the connection, or -1 */
	int how;
	int64_t at_ms;
};

void deadline_init(struct deadline *d);
/* From at_ms (monotonic) on, the connection is shut down: how as in
 * shutdown(2). Replaces what was set before. */
void deadline_set(struct deadline *d, int fd, int how, int64_t at_ms);
/* Another deadline for the same connection. */
void deadline_move(struct deadline *d, int how, int64_t at_ms);
/* Before the connection is closed: its number may then be another one's. */
void deadline_clear(struct deadline *d);
/* By another thread, about once a second. */
void deadline_enforce(struct deadline *d, int64_t now_ms);

#endif
