/* SPDX-License-Identifier: MIT */
/*
 * db.c: the pool, and what to do when a statement does not succeed: again on
 * the same connection (serialisation), again on a fresh one (lost), or an
 * answer. A database that is away costs a request nothing but a look at the
 * clock: one thread at a time tries to connect, at growing intervals.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "db.h"
#include "dbcheck.h"
#include "log.h"
#include "settings.h"

#define TRIES_MAX      3
#define PAUSE_MIN_MS   100
#define PAUSE_MAX_MS   800
#define CONNECT_MAX_MS 2000

struct db {
	const struct settings *settings;
	const struct serverkey *key;
	bool read_only;
	pthread_mutex_t lock;
	pthread_cond_t idle_came;
	struct dbconn *conns;
	struct dbconn **idle; /* a stack: the warmest on top */
	int n_idle;
	bool checked; /* schema and server key are ours */
	bool away, probing;
	int64_t probe_at_ms;
	int pause_ms;
	void (*on_wrong)(void);
};

struct db *
db_new(const struct settings *settings, const struct serverkey *key,
    bool read_only)
{
	const size_t n = (size_t)settings->db_connections;
	struct db *db = calloc(1, sizeof(*db));
	pthread_condattr_t attr;

	if (db == NULL)
		return NULL;
	db->settings = settings;
	db->key = key;
	db->read_only = read_only;
	db->conns = calloc(n, sizeof(*db->conns));
	db->idle = calloc(n, sizeof(*db->idle));
	if (db->conns == NULL || db->idle == NULL) {
		free(db->conns);
		free(db->idle);
		free(db);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		db->idle[db->n_idle++] = &db->conns[n - 1 - i];
	pthread_mutex_init(&db->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->idle_came, &attr);
	pthread_condattr_destroy(&attr);
	return db;
}

void
db_free(struct db **db)
{
	if (db == NULL || *db == NULL)
		return;
	for (int i = 0; i < (*db)->settings->db_connections; i++)
		dbconn_close(&(*db)->conns[i]);
	pthread_cond_destroy(&(*db)->idle_came);
	pthread_mutex_destroy(&(*db)->lock);
	free((*db)->conns);
	free((*db)->idle);
	free(*db);
	*db = NULL;
}

void
db_on_wrong(struct db *db, void (*on_wrong)(void))
{
	db->on_wrong = on_wrong;
}

/* NULL at the deadline. */
static struct dbconn *
check_out(struct db *db, int64_t deadline_ms)
{
	const struct timespec until = { .tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000 };
	struct dbconn *c = NULL;

	pthread_mutex_lock(&db->lock);
	while (db->n_idle == 0 && pthread_cond_timedwait(&db->idle_came,
				      &db->lock, &until) != ETIMEDOUT)
		;
	if (db->n_idle > 0)
		c = db->idle[--db->n_idle];
	pthread_mutex_unlock(&db->lock);
	return c;
}

static void
check_in(struct db *db, struct dbconn *c)
{
	pthread_mutex_lock(&db->lock);
	/* Those without a connection go below, to be used when none is left. */
	if (c->pg == NULL) {
		memmove(db->idle + 1, db->idle,
		    (size_t)db->n_idle * sizeof(*db->idle));
		db->idle[0] = c;
	} else {
		db->idle[db->n_idle] = c;
	}
	db->n_idle++;
	pthread_cond_signal(&db->idle_came);
	pthread_mutex_unlock(&db->lock);
}

static bool
may_connect(struct db *db)
{
	bool may;

	pthread_mutex_lock(&db->lock);
	may = !db->away || (!db->probing && clock_mono_ms() >= db->probe_at_ms);
	if (may && db->away)
		db->probing = true;
	pthread_mutex_unlock(&db->lock);
	return may;
}

static void
note_connect(struct db *db, bool worked, const char *why)
{
	bool was_away;

	pthread_mutex_lock(&db->lock);
	was_away = db->away;
	db->away = !worked;
	db->probing = false;
	if (worked) {
		db->pause_ms = 0;
	} else {
		db->pause_ms =
		    db->pause_ms == 0 ? PAUSE_MIN_MS : db->pause_ms * 2;
		if (db->pause_ms > PAUSE_MAX_MS)
			db->pause_ms = PAUSE_MAX_MS;
		db->probe_at_ms = clock_mono_ms() + db->pause_ms;
	}
	pthread_mutex_unlock(&db->lock);
	if (!worked && !was_away)
		log_error("Database unavailable: %s", why);
	if (worked && was_away)
		log_info("Database is back");
}

/* 0; 1 away; -1 the wrong database. */
static int
check_first(struct db *db, struct dbconn *c, int64_t deadline_ms,
    char why[DB_ERROR_MAX])
{
	bool checked;
	int r;

	pthread_mutex_lock(&db->lock);
	checked = db->checked;
	pthread_mutex_unlock(&db->lock);
	if (checked)
		return 0;
	if ((r = dbcheck(c, db->key, db->read_only, deadline_ms, why)) == 0) {
		pthread_mutex_lock(&db->lock);
		db->checked = true;
		pthread_mutex_unlock(&db->lock);
	} else {
		dbconn_close(c);
	}
	return r;
}

/* Makes sure that c is connected, and to the right database. As above. */
static int
ready(struct db *db, struct dbconn *c, int64_t deadline_ms,
    char why[DB_ERROR_MAX])
{
	const int64_t soon = clock_mono_ms() + CONNECT_MAX_MS;
	int r;

	if (c->pg != NULL) {
		if (dbconn_is_alive(c))
			return 0;
		dbconn_close(c);
	}
	if (!may_connect(db)) {
		snprintf(why, DB_ERROR_MAX, "waiting for it to come back");
		return 1;
	}
	if (dbconn_open(c, db->settings->database, db->settings->db_timeout_ms,
		deadline_ms < soon ? deadline_ms : soon, why) != 0) {
		note_connect(db, false, why);
		return 1;
	}
	r = check_first(db, c, deadline_ms, why);
	note_connect(db, r != 1, why);
	return r;
}

int
db_check(struct db *db, char why[DB_ERROR_MAX])
{
	const int64_t deadline = clock_mono_ms() + db->settings->db_timeout_ms;
	struct dbconn *c = check_out(db, deadline);
	int r;

	if (c == NULL) {
		snprintf(why, DB_ERROR_MAX, "all connections are in use");
		return 1;
	}
	r = ready(db, c, deadline, why);
	check_in(db, c);
	return r;
}

/* Text of errors of class 22 and 23 can hold what the client sent. */
static void
report(enum stmt stmt, const char *state, const PGresult *res)
{
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (state[0] == '2' && (state[1] == '2' || state[1] == '3'))
		text = state[1] == '2'
			   ? "a value passed input checks that should not have"
			   : PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	log_error("vault.%s failed with SQLSTATE %s: %s", stmts[stmt].name,
	    state, text != NULL ? text : "no text");
}

/* Sorts a result that came back. NULL: it was done. */
static const struct sqlstate *
judge(const struct dbconn *c, enum stmt stmt, PGresult *res)
{
	const struct sqlstate *row;
	const char *state;

	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		/* Committed here, perhaps not where it was to be as well. */
		if (c->warned && stmt != HOUSEKEEP) {
			log_error("vault.%s: its commit was not confirmed by "
				  "the standby",
			    stmts[stmt].name);
			return sqlstate_find("57014");
		}
		if (PQntuples(res) == 0 || PQnfields(res) == 0 ||
		    strcmp(PQfname(res, 0), "outcome") != 0)
			return NULL;
		state = PQgetvalue(res, 0, 0);
		return strcmp(state, "00000") == 0 ? NULL
						   : sqlstate_find(state);
	default:
		break;
	}
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	/* libpq's own errors have none: the connection broke. */
	if (state == NULL || state[0] == '\0' ||
	    PQstatus(c->pg) != CONNECTION_OK)
		return sqlstate_find("08006");
	row = sqlstate_find(state);
	if (row->action == SQLSTATE_INPUT || row->action == SQLSTATE_FAULT)
		report(stmt, state, res);
	return row;
}

/* Once more, with what was learnt? Closes c if it is of no more use. */
static bool
try_again(struct dbconn *c, enum stmt stmt, const struct sqlstate *row,
    int tries, bool *lost)
{
	if (row->action == SQLSTATE_RETRY)
		return tries < TRIES_MAX;
	if (row->action != SQLSTATE_RECONNECT)
		return false;
	dbconn_close(c);
	if (*lost || !stmts[stmt].repeatable)
		return false;
	*lost = true;
	return true;
}

static const struct sqlstate *
run(struct db *db, struct dbconn *c, enum stmt stmt, const struct db_params *p,
    int64_t deadline_ms, PGresult **res)
{
	const struct sqlstate *row;
	char why[DB_ERROR_MAX];
	bool lost = false;
	int tries = 0, r;

	for (;;) {
		if ((r = ready(db, c, deadline_ms, why)) != 0) {
			if (r < 0) {
				log_error("%s", why);
				if (db->on_wrong != NULL)
					db->on_wrong();
			}
			return sqlstate_find("08001");
		}
		tries++;
		if (dbconn_exec(c, stmt, db->settings->db_prepare, p,
			deadline_ms, res) == 0)
			row = judge(c, stmt, *res);
		else
			row = sqlstate_find("08006");
		if (row == NULL)
			return NULL;
		if (clock_mono_ms() >= deadline_ms && *res == NULL) {
			log_error("vault.%s had no answer within its deadline",
			    stmts[stmt].name);
			dbconn_close(c);
			return row;
		}
		if (!try_again(c, stmt, row, tries, &lost))
			return row;
		PQclear(*res);
		*res = NULL;
	}
}

int
db_exec_within(struct db *db, enum stmt stmt, const struct db_params *p,
    int timeout_ms, struct db_result *out)
{
	const int64_t deadline = clock_mono_ms() + timeout_ms;
	struct dbconn *c;

	*out = (struct db_result){ .pg = NULL };
	if ((c = check_out(db, deadline)) == NULL) {
		log_error("no database connection became free for vault.%s",
		    stmts[stmt].name);
		out->refused = sqlstate_find("08001");
		return -out->refused->status;
	}
	out->refused = run(db, c, stmt, p, deadline, &out->pg);
	check_in(db, c);
	if (out->refused == NULL)
		return 0;
	if (PQresultStatus(out->pg) != PGRES_TUPLES_OK) {
		PQclear(out->pg);
		out->pg = NULL;
	}
	return -out->refused->status;
}

int
db_exec(struct db *db, enum stmt stmt, const struct db_params *p,
    struct db_result *out)
{
	return db_exec_within(db, stmt, p, db->settings->db_timeout_ms, out);
}
