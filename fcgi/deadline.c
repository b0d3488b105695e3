/* SPDX-License-Identifier: MIT */
/*
 * deadline.c: one thread sets a deadline for its connection, another enforces
 * it.
 */
#include "config.h"

#include <sys/socket.h>

#include "deadline.h"

void
deadline_init(struct deadline *d)
{
	pthread_mutex_init(&d->lock, NULL);
	d->fd = -1;
}

void
deadline_set(struct deadline *d, int fd, int how, int64_t at_ms)
{
	pthread_mutex_lock(&d->lock);
	d->fd = fd;
	d->how = how;
	d->at_ms = at_ms;
	pthread_mutex_unlock(&d->lock);
}

void
deadline_move(struct deadline *d, int how, int64_t at_ms)
{
	pthread_mutex_lock(&d->lock);
	d->how = how;
	d->at_ms = at_ms;
	pthread_mutex_unlock(&d->lock);
}

void
deadline_clear(struct deadline *d)
{
	deadline_set(d, -1, 0, 0);
}

void
deadline_enforce(struct deadline *d, int64_t now_ms)
{
	pthread_mutex_lock(&d->lock);
	if (d->fd >= 0 && now_ms >= d->at_ms)
		(void)shutdown(d->fd, d->how);
	pthread_mutex_unlock(&d->lock);
}
