/* SPDX-License-Identifier: MIT */
/*
 * housekeep.c: calls vault.housekeep() about once a minute. Its own thread:
 * the main one must hear signals even while the database does not answer.
 * Errors are logged and that is all: the next minute tries again.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "housekeep.h"

#define FIRST_MS  5000
#define EVERY_MS  60000
#define JITTER_MS 15000 /* so that several servers spread */

static bool
sleep_or_stop(struct housekeeper *h, int ms)
{
	const int64_t at = clock_mono_ms() + ms;
	const struct timespec until = { .tv_sec = at / 1000,
		.tv_nsec = at % 1000 * 1000000 };
	bool stop;

	pthread_mutex_lock(&h->lock);
	while (!h->stop && clock_mono_ms() < at)
		pthread_cond_timedwait(&h->wake, &h->lock, &until);
	stop = h->stop;
	pthread_mutex_unlock(&h->lock);
	return stop;
}

static void
tidy(struct server *server)
{
	struct db_params p = { .n = 0 };
	struct db_result r;
	int64_t n;

	db_int(&p, server->settings->unclaimed_minutes);
	/* Why it failed has been logged, once, by db/. */
	if (db_exec(server->db, HOUSEKEEP, &p, &r) == 0 &&
	    (n = db_get_int(&r, 0, "projects_removed")) > 0)
		log_info(
		    "removed %lld projects that nobody claimed", (long long)n);
	db_result_free(&r);
	if (server->settings->audit_months == 0)
		return;
	p.n = 0;
	db_int(&p, server->settings->audit_months);
	if (db_exec(server->db, AUDIT_RETAIN, &p, &r) == 0 &&
	    (n = db_get_int(&r, 0, "months")) > 0)
		log_info("emptied %lld months of the audit log", (long long)n);
	db_result_free(&r);
}

static void *
run(void *arg)
{
	struct housekeeper *h = arg;
	uint16_t random = 0;
	int pause = FIRST_MS;

	while (!sleep_or_stop(h, pause)) {
		tidy(h->server);
		if (random_bytes(&random, sizeof(random)) != 0)
			random = 0;
		pause = EVERY_MS - JITTER_MS + random % (2 * JITTER_MS);
	}
	return NULL;
}

int
housekeeper_start(struct housekeeper *h, struct server *server)
{
	pthread_condattr_t attr;

	*h = (struct housekeeper){ .server = server };
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->wake, &attr);
	pthread_condattr_destroy(&attr);
	return pthread_create(&h->thread, NULL, run, h);
}

bool
housekeeper_stop(struct housekeeper *h, int timeout_ms)
{
	const int64_t at = clock_unix_ms() + timeout_ms;
	const struct timespec until = { .tv_sec = at / 1000,
		.tv_nsec = at % 1000 * 1000000 };

	pthread_mutex_lock(&h->lock);
	h->stop = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->lock);
	if (pthread_timedjoin_np(h->thread, NULL, &until) != 0)
		return false;
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->lock);
	return true;
}
