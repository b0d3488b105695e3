/* SPDX-License-Identifier: MIT */
/*
 * housekeep.h: a thread that tidies the database about once a minute.
 */
#ifndef VAULT_FCGI_HOUSEKEEP_H
#define VAULT_FCGI_HOUSEKEEP_H

#include <pthread.h>
#include <stdbool.h>

#include "api/call.h"

struct housekeeper {
	struct server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
};

/* 0 or an errno. */
int housekeeper_start(struct housekeeper *h, struct server *server);
/* Waits for at most so long. False: it still runs. */
bool housekeeper_stop(struct housekeeper *h, int timeout_ms);

#endif
