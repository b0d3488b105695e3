/* SPDX-License-Identifier: MIT */
/*
 * dbgroup.c: a queue of statements and the thread that sends them, all that
 * have come at a time. It answers nothing itself: what goes wrong in a group
 * is found out by its members, each on a connection of the pool.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dbgroup.h"
#include "settings.h"

/* Blobs of one group; libpq holds them in memory twice. */
#define BYTES_MAX (4u << 20)
/* A member that is refused leaves; how often the others begin anew. */
#define TRIES_MAX 3

struct job {
	struct dbconn_item *item;
	int64_t deadline_ms;
	bool done;
	sem_t ready;
	struct job *next;
};

struct dbgroup {
	struct dbpool *pool;
	pthread_t thread;
	int max;
	pthread_mutex_t lock;
	pthread_cond_t came;
	struct job *first, **last;
	bool wanted, stop;
	bool up; /* connected; else nobody waits here */
	/* The thread's own: */
	struct dbconn conn;
	struct job **batch; /* max of them */
	struct dbconn_item **items;
};

static size_t
params_size(const struct db_params *p)
{
	size_t sum = 0;

	for (int i = 0; i < p->n; i++)
		sum += (size_t)p->lengths[i];
	return sum;
}

/* With g->lock held. */
static int
take_batch(struct dbgroup *g)
{
	size_t bytes = 0;
	int n = 0;

	while (g->first != NULL && n < g->max) {
		bytes += params_size(g->first->item->params);
		if (n > 0 && bytes > BYTES_MAX)
			break;
		g->batch[n++] = g->first;
		g->first = g->first->next;
	}
	if (g->first == NULL)
		g->last = &g->first;
	return n;
}

static void
release(struct job *job, bool done)
{
	job->done = done;
	sem_post(&job->ready);
}

/*
 * One transaction of the *n members of the batch. False: nothing is done. Then
 * one may have left, or the connection is closed.
 */
static bool
try_batch(struct dbgroup *g, int *n)
{
	const struct settings *s = dbpool_settings(g->pool);
	/* Time must be left to run each singly. */
	int64_t deadline = clock_mono_ms() + s->db_timeout_ms / 2;
	int r, offender;

	if (deadline > g->batch[0]->deadline_ms)
		deadline = g->batch[0]->deadline_ms;
	for (int i = 0; i < *n; i++)
		g->items[i] = g->batch[i]->item;
	r = dbconn_exec_group(
	    &g->conn, s->db_prepare, g->items, *n, deadline, &offender);
	if (r < 0)
		dbconn_close(&g->conn);
	if (r == 1) {
		release(g->batch[offender], false);
		--*n;
		memmove(g->batch + offender, g->batch + offender + 1,
		    (size_t)(*n - offender) * sizeof(struct job *));
	}
	return r == 0;
}

static void
run_batch(struct dbgroup *g, int n)
{
	bool done = false;

	for (int tries = 0; tries < TRIES_MAX && n > 0 && g->conn.pg != NULL &&
			    !done;
	     tries++)
		done = try_batch(g, &n);
	for (int i = 0; i < n; i++)
		release(g->batch[i], done);
}

/* Nobody waits meanwhile: to look up a name alone may take long. */
static void
connect_group(struct dbgroup *g)
{
	const int ms = dbpool_settings(g->pool)->db_timeout_ms;
	char why[DB_ERROR_MAX];

	(void)dbpool_ready(g->pool, &g->conn, clock_mono_ms() + ms, why);
}

static void *
run(void *arg)
{
	struct dbgroup *g = arg;
	int n;

	pthread_mutex_lock(&g->lock);
	while (!g->stop || g->first != NULL) {
		if (g->first == NULL && !g->wanted) {
			pthread_cond_wait(&g->came, &g->lock);
			continue;
		}
		g->wanted = false;
		n = take_batch(g);
		pthread_mutex_unlock(&g->lock);
		if (n > 0)
			run_batch(g, n);
		else
			connect_group(g);
		pthread_mutex_lock(&g->lock);
		g->up = g->conn.pg != NULL;
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

bool
dbgroup_exec(
    struct dbgroup *g, struct dbconn_item *item, int64_t deadline_ms)
{
	struct job job = { .item = item, .deadline_ms = deadline_ms };
	bool up;

	sem_init(&job.ready, 0, 0);
	pthread_mutex_lock(&g->lock);
	if ((up = g->up)) {
		*g->last = &job;
		g->last = &job.next;
	} else {
		g->wanted = true;
	}
	pthread_cond_signal(&g->came);
	pthread_mutex_unlock(&g->lock);
	/* No time-out: the thread answers everybody by the deadline. */
	while (up && sem_wait(&job.ready) != 0 && errno == EINTR)
		;
	sem_destroy(&job.ready);
	return up && job.done;
}

struct dbgroup *
dbgroup_start(struct dbpool *pool, int max)
{
	struct dbgroup *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->pool = pool;
	g->max = max;
	g->last = &g->first;
	g->batch = calloc((size_t)max, sizeof(struct job *));
	g->items = calloc((size_t)max, sizeof(struct dbconn_item *));
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->came, NULL);
	if (g->batch != NULL && g->items != NULL &&
	    pthread_create(&g->thread, NULL, run, g) == 0)
		return g;
	free(g->batch);
	free(g->items);
	free(g);
	return NULL;
}

void
dbgroup_stop(struct dbgroup **g)
{
	if (g == NULL || *g == NULL)
		return;
	pthread_mutex_lock(&(*g)->lock);
	(*g)->stop = true;
	pthread_cond_signal(&(*g)->came);
	pthread_mutex_unlock(&(*g)->lock);
	pthread_join((*g)->thread, NULL);
	dbconn_close(&(*g)->conn);
	pthread_cond_destroy(&(*g)->came);
	pthread_mutex_destroy(&(*g)->lock);
	free((*g)->batch);
	free((*g)->items);
	free(*g);
	*g = NULL;
}
