/* SPDX-License-Identifier: MIT */
/*
 * worker.h: the threads that answer requests, each a connection at a time.
 */
#ifndef VAULT_FCGI_WORKER_H
#define VAULT_FCGI_WORKER_H

#include <stdbool.h>
#include <stdint.h>

struct server;
struct workers;

/* Before any thread is started: they inherit the mask of signals. 0 or -1. */
int workers_init(void);
/*
 * n threads that take connections from the listening socket. on_lost is called,
 * after it was logged, when that is gone. NULL: errno says why.
 */
struct workers *workers_start(
    struct server *server, int listen_fd, int n, void (*on_lost)(void));
/* Ends connections whose deadline has passed. Call it about once a second. */
void workers_enforce_deadlines(struct workers *w);
/* Requests in hand are finished. False: some were not by the deadline, and the
 * threads still use what the process has; w is not freed then. */
bool workers_stop(struct workers **w, int64_t deadline_ms);

#endif
