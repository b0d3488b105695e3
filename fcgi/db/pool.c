/* SPDX-License-Identifier: MIT */
/*
 * pool.c: connections that wait to be used, and how they come to be. A
 * database that is away costs a request nothing but a look at the clock: one
 * thread at a time tries to connect, at growing intervals.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/settings.h"
#include "db/pool.h"

#define PAUSE_MIN_MS   100
#define PAUSE_MAX_MS   800
#define CONNECT_MAX_MS 2000

struct dbpool {
	const struct settings *settings;
	const uint8_t *key_id;
	bool read_only;
	pthread_mutex_t lock;
	pthread_cond_t idle_came;
	struct dbconn *conns;
	const char **holders; /* of each, by its project; NULL */
	struct dbconn **idle; /* a stack: the warmest on top */
	int n_idle;
	bool away, probing;
	int64_t probe_at_ms;
	int pause_ms;
};

struct dbpool *
dbpool_new(const struct settings *settings, const uint8_t key_id[DB_KEY_ID_LEN],
    bool read_only)
{
	const size_t n = (size_t)settings->db_connections;
	struct dbpool *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (p == NULL)
		return NULL;
	p->settings = settings;
	p->key_id = key_id;
	p->read_only = read_only;
	p->conns = calloc(n, sizeof(*p->conns));
	p->holders = calloc(n, sizeof(*p->holders));
	p->idle = calloc(n, sizeof(*p->idle));
	if (p->conns == NULL || p->holders == NULL || p->idle == NULL) {
		free(p->conns);
		free(p->holders);
		free(p->idle);
		free(p);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		p->idle[p->n_idle++] = &p->conns[n - 1 - i];
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->idle_came, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

void
dbpool_free(struct dbpool **p)
{
	if (p == NULL || *p == NULL)
		return;
	for (int i = 0; i < (*p)->settings->db_connections; i++)
		dbconn_close(&(*p)->conns[i]);
	pthread_cond_destroy(&(*p)->idle_came);
	pthread_mutex_destroy(&(*p)->lock);
	free((*p)->conns);
	free((*p)->holders);
	free((*p)->idle);
	free(*p);
	*p = NULL;
}

const struct settings *
dbpool_settings(const struct dbpool *p)
{
	return p->settings;
}

/* With p->lock held. */
static bool
may_take(const struct dbpool *p, const char *project)
{
	int held = 0;

	for (int i = 0; i < p->settings->db_connections; i++)
		held += project != NULL && p->holders[i] != NULL &&
			strcmp(p->holders[i], project) == 0;
	return p->n_idle > held || (p->n_idle > 0 && held == 0);
}

struct dbconn *
dbpool_take(struct dbpool *p, const char *project, int64_t deadline_ms)
{
	const struct timespec until = { .tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000 };
	struct dbconn *c = NULL;
	bool may;

	pthread_mutex_lock(&p->lock);
	while (!(may = may_take(p, project)) &&
	       pthread_cond_timedwait(&p->idle_came, &p->lock, &until) !=
		   ETIMEDOUT)
		;
	if (may) {
		c = p->idle[--p->n_idle];
		p->holders[c - p->conns] = project;
	}
	pthread_mutex_unlock(&p->lock);
	return c;
}

void
dbpool_give(struct dbpool *p, struct dbconn *c)
{
	pthread_mutex_lock(&p->lock);
	/* Those without a connection go below, to be used when none is left. */
	if (c->pg == NULL) {
		memmove(
		    p->idle + 1, p->idle, (size_t)p->n_idle * sizeof(*p->idle));
		p->idle[0] = c;
	} else {
		p->idle[p->n_idle] = c;
	}
	p->n_idle++;
	p->holders[c - p->conns] = NULL;
	/* Who is woken may hold too many itself: hence all of them. */
	pthread_cond_broadcast(&p->idle_came);
	pthread_mutex_unlock(&p->lock);
}

static bool
may_connect(struct dbpool *p)
{
	bool may;

	pthread_mutex_lock(&p->lock);
	may = !p->away || (!p->probing && clock_mono_ms() >= p->probe_at_ms);
	if (may && p->away)
		p->probing = true;
	pthread_mutex_unlock(&p->lock);
	return may;
}

static void
note_connect(struct dbpool *p, bool worked, const char *why)
{
	bool was_away;

	pthread_mutex_lock(&p->lock);
	was_away = p->away;
	p->away = !worked;
	p->probing = false;
	if (worked) {
		p->pause_ms = 0;
	} else {
		p->pause_ms = p->pause_ms == 0 ? PAUSE_MIN_MS : p->pause_ms * 2;
		if (p->pause_ms > PAUSE_MAX_MS)
			p->pause_ms = PAUSE_MAX_MS;
		p->probe_at_ms = clock_mono_ms() + p->pause_ms;
	}
	pthread_mutex_unlock(&p->lock);
	if (!worked && !was_away)
		log_error("Database unavailable: %s", why);
	if (worked && was_away)
		log_info("Database is back");
}

int
dbpool_ready(
    struct dbpool *p, struct dbconn *c, int64_t deadline_ms, char why[WHY_MAX])
{
	const int64_t soon = clock_mono_ms() + CONNECT_MAX_MS;
	int r;

	if (c->pg != NULL) {
		if (dbconn_is_alive(c))
			return 0;
		dbconn_close(c);
	}
	/* Too late to connect says nothing about the database. */
	if (clock_mono_ms() >= deadline_ms) {
		snprintf(why, WHY_MAX, "no time is left");
		return 1;
	}
	if (!may_connect(p)) {
		snprintf(why, WHY_MAX, "waiting for it to come back");
		return 1;
	}
	if (dbconn_open(c, p->settings->database, NULL,
		p->settings->db_timeout_ms,
		deadline_ms < soon ? deadline_ms : soon, why) != 0) {
		note_connect(p, false, why);
		return 1;
	}
	/* Each anew: behind a name may be another server than the last time,
	 * and the schema or the key may have been changed under us. */
	r = dbcheck(c, p->key_id, p->read_only, deadline_ms, why);
	if (r != 0)
		dbconn_close(c);
	note_connect(p, r != 1, why);
	return r;
}
