/* SPDX-License-Identifier: MIT */
/*
 * group.c: a queue of statements, and a leader among those who wait in it,
 * who sends all that have come and then hands the lead to the next. It answers
 * nothing itself: what goes wrong in a group is found out by its members, each
 * on a connection of the pool.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/settings.h"
#include "db/exec.h"
#include "db/group.h"

/* Blobs of one group; libpq holds them in memory twice. */
#define BYTES_MAX (4u << 20)
/* One with more than this runs singly: all would wait until it is sent and on
 * disk, and it gains little by sharing. */
#define BIG (64u << 10)
/* A member that is refused leaves; how often the others begin anew. */
#define TRIES_MAX 3
/*
 * What is only read waits for no disk, during which others could come: a leader
 * that takes over gives them this time, like PostgreSQL's commit_delay. Else
 * groups are small, and we never sleep under load: where processors are scarce
 * the web server then gets its turns late. Who comes when nobody leads is not
 * held up.
 */
#define GATHER_NS 150000

enum state {
	WAITING,
	FIRST_LEADER, /* came when nobody led */
	NEXT_LEADER,  /* waited, and leads now */
	COMMITTED,
	RETURNED /* not done, or nobody knows: its caller runs it singly */
};

struct job {
	struct db_item *item;
	int64_t deadline_ms;
	enum state state;
	uint64_t turn;
	sem_t changed; /* it waits no more */
	struct job *next;
};

struct dbgroup {
	struct dbpool *pool;
	int max;
	pthread_mutex_t lock;
	struct job
	    *first;    /* by their turns, but for the first: who leads next */
	uint64_t turn; /* of those that were taken last */
	bool led;      /* somebody leads; else the queue is empty */
	bool up;       /* connected; else nobody waits here */
	/* The leader's: */
	struct dbconn conn;
	struct job **batch; /* max of them */
	struct db_item **items;
};

static size_t
params_size(const struct db_params *p)
{
	size_t sum = 0;

	for (int i = 0; p != NULL && i < p->n; i++)
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
		if (g->first->turn > g->turn)
			g->turn = g->first->turn;
		g->batch[n++] = g->first;
		g->first = g->first->next;
	}
	return n;
}

/* After COMMITTED or RETURNED the job is gone, unless it is the leader's own.
 */
static void
change(struct job *job, enum state state)
{
	job->state = state;
	sem_post(&job->changed);
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
		change(g->batch[offender], RETURNED);
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

	for (int tries = 0;
	     tries < TRIES_MAX && n > 0 && g->conn.pg != NULL && !done; tries++)
		done = try_batch(g, &n);
	for (int i = 0; i < n; i++)
		change(g->batch[i], done && g->items[i]->result.pg != NULL
					? COMMITTED
					: RETURNED);
}

/* Runs the head of the queue, whose first is the leader's own, and hands over.
 */
static void
lead(struct dbgroup *g)
{
	char why[WHY_MAX];
	int n;

	pthread_mutex_lock(&g->lock);
	n = take_batch(g);
	pthread_mutex_unlock(&g->lock);
	/* None but the leader waits for this: to look up a name alone may take
	 * long. What fails is logged, or met again singly. */
	if (g->conn.pg == NULL)
		(void)dbpool_ready(
		    g->pool, &g->conn, g->batch[0]->deadline_ms, why);
	run_batch(g, n);
	pthread_mutex_lock(&g->lock);
	g->up = g->conn.pg != NULL;
	while (!g->up && g->first != NULL) {
		n = take_batch(g);
		for (int i = 0; i < n; i++)
			change(g->batch[i], RETURNED);
	}
	g->led = g->first != NULL;
	if (g->led)
		change(g->first, NEXT_LEADER);
	pthread_mutex_unlock(&g->lock);
}

/* Of every grouped statement the first parameter. */
static const char *
project_of(const struct job *job)
{
	return job->item->params->values[0];
}

/*
 * With g->lock held. Each project has one place in a turn, whoever else has
 * many waiting: a job's turn is the present one, or the one after that of the
 * last job of its project. Nobody is put before the first, who leads next.
 */
static void
enqueue(struct dbgroup *g, struct job *job)
{
	struct job **at = &g->first;

	job->turn = g->turn;
	for (struct job *j = g->first; j != NULL; j = j->next)
		if (strcmp(project_of(j), project_of(job)) == 0)
			job->turn = j->turn + 1;
	if (*at != NULL)
		at = &(*at)->next;
	while (*at != NULL && (*at)->turn <= job->turn)
		at = &(*at)->next;
	job->next = *at;
	*at = job;
}

/* False while the group has no connection yet: then nobody waits here. */
static bool
join(struct dbgroup *g, struct job *job)
{
	bool open;

	pthread_mutex_lock(&g->lock);
	open = g->up || !g->led;
	if (open) {
		enqueue(g, job);
		if (!g->led) {
			g->led = true;
			change(job, FIRST_LEADER);
		}
	}
	pthread_mutex_unlock(&g->lock);
	return open;
}

bool
dbgroup_exec(struct dbgroup *g, struct db_item *item, int64_t deadline_ms)
{
	const struct timespec gather = { .tv_nsec = GATHER_NS };
	struct job job = { .item = item, .deadline_ms = deadline_ms };

	if (params_size(item->params) > BIG)
		return false;
	sem_init(&job.changed, 0, 0);
	if (join(g, &job)) {
		/* No time-out: whoever leads changes everybody by the
		 * deadline. */
		while (sem_wait(&job.changed) != 0 && errno == EINTR)
			;
		if (job.state == NEXT_LEADER &&
		    stmts[item->stmt].way == STMT_GATHERED)
			nanosleep(&gather, NULL);
		if (job.state == FIRST_LEADER || job.state == NEXT_LEADER)
			lead(g);
	}
	sem_destroy(&job.changed);
	return job.state == COMMITTED;
}

void
dbgroup_free(struct dbgroup **g)
{
	if (g == NULL || *g == NULL)
		return;
	dbconn_close(&(*g)->conn);
	pthread_mutex_destroy(&(*g)->lock);
	free((*g)->batch);
	free((*g)->items);
	free(*g);
	*g = NULL;
}

struct dbgroup *
dbgroup_new(struct dbpool *pool, int max)
{
	struct dbgroup *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->pool = pool;
	g->max = max;
	g->batch = calloc((size_t)max, sizeof(struct job *));
	g->items = calloc((size_t)max, sizeof(struct db_item *));
	pthread_mutex_init(&g->lock, NULL);
	if (g->batch == NULL || g->items == NULL)
		dbgroup_free(&g);
	return g;
}
