/* SPDX-License-Identifier: MIT */
/*
 * deadline.c: one thread sets a deadline for its connection, another enforces
 * it. It keeps a duplicate: libfcgi closes its own descriptor whenever it
 * likes, and the number may by then be that of somebody else's connection.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"

void
deadline_init(struct deadline *d)
{
	pthread_mutex_init(&d->lock, NULL);
	d->fd = -1;
}

static void
replace(struct deadline *d, int fd, int how, int64_t at_ms)
{
	int old;

	pthread_mutex_lock(&d->lock);
	old = d->fd;
	d->fd = fd;
	d->how = how;
	d->at_ms = at_ms;
	pthread_mutex_unlock(&d->lock);
	if (old >= 0)
		close(old);
}

int
deadline_set(struct deadline *d, int fd, int how, int64_t at_ms)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	replace(d, copy, how, at_ms);
	return copy >= 0 ? 0 : -1;
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
	replace(d, -1, 0, 0);
}

void
deadline_enforce(struct deadline *d, int64_t now_ms)
{
	pthread_mutex_lock(&d->lock);
	if (d->fd >= 0 && now_ms >= d->at_ms)
		(void)shutdown(d->fd, d->how);
	pthread_mutex_unlock(&d->lock);
}
