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

#include "clock.h"
#include "dbgroup.h"
#include "settings.h"

/* Blobs of one group; libpq holds them in memory twice. */
#define BYTES_MAX (4u << 20)
/* What another transaction has locked is waited for by its own client only. */
#define LOCK_TIMEOUT "set lock_timeout = 200"

struct job {
	struct dbconn_item *item;
	int64_t deadline_ms;
	bool done;
	sem_t ready;
	struct job *next;
};

struct dbgroup {
	struct dbpool *pool;
	struct dbconn conn;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t came;
	struct job *first, **last;
	bool stop;
	int max;
	struct job **batch; /* max of them: the thread's */
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

/* Waits for the first, takes all that are there. 0: time to go. */
static int
take_batch(struct dbgroup *g)
{
	size_t bytes = 0;
	int n = 0;

	pthread_mutex_lock(&g->lock);
	while (g->first == NULL && !g->stop)
		pthread_cond_wait(&g->came, &g->lock);
	while (g->first != NULL && n < g->max) {
		bytes += params_size(g->first->item->params);
		if (n > 0 && bytes > BYTES_MAX)
			break;
		g->batch[n++] = g->first;
		g->first = g->first->next;
	}
	if (g->first == NULL)
		g->last = &g->first;
	pthread_mutex_unlock(&g->lock);
	return n;
}

/* Our own connection, as the pool makes them. */
static int
connect_group(struct dbgroup *g, int64_t deadline_ms)
{
	char why[DB_ERROR_MAX];
	PGresult *res = NULL;
	int r;

	if (dbpool_ready(g->pool, &g->conn, deadline_ms, why) != 0)
		return -1;
	if (g->conn.set_up)
		return 0;
	if ((r = dbconn_command(
		 &g->conn, LOCK_TIMEOUT, deadline_ms, &res)) != 0)
		dbconn_close(&g->conn);
	else
		g->conn.set_up = true;
	PQclear(res);
	return r;
}

static bool
run_batch(struct dbgroup *g, int n)
{
	const int64_t deadline = g->batch[0]->deadline_ms;

	for (int i = 0; i < n; i++)
		g->items[i] = g->batch[i]->item;
	if (connect_group(g, deadline) != 0)
		return false;
	switch (dbconn_exec_group(&g->conn, dbpool_settings(g->pool)->db_prepare,
	    g->items, n, deadline)) {
	case 0:
		return true;
	case 1:
		return false;
	default:
		dbconn_close(&g->conn);
		return false;
	}
}

static void *
run(void *arg)
{
	struct dbgroup *g = arg;
	bool done;
	int n;

	while ((n = take_batch(g)) > 0) {
		done = run_batch(g, n);
		for (int i = 0; i < n; i++) {
			g->batch[i]->done = done;
			sem_post(&g->batch[i]->ready);
		}
	}
	return NULL;
}

bool
dbgroup_exec(
    struct dbgroup *g, struct dbconn_item *item, int64_t deadline_ms)
{
	struct job job = { .item = item, .deadline_ms = deadline_ms };

	sem_init(&job.ready, 0, 0);
	pthread_mutex_lock(&g->lock);
	*g->last = &job;
	g->last = &job.next;
	pthread_cond_signal(&g->came);
	pthread_mutex_unlock(&g->lock);
	/* No time-out: the thread answers everybody by the deadline. */
	while (sem_wait(&job.ready) != 0 && errno == EINTR)
		;
	sem_destroy(&job.ready);
	return job.done;
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
