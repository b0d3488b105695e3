/* SPDX-License-Identifier: MIT */
/*
 * watched.h: what stands on both sides of a watch in its test: a server in the
 * transport callback that another thread can change, and the reports.
 */
#ifndef WATCHED_H
#define WATCHED_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "fake.h"
#include "sentence.h"
#include "load/load.h"

#define INTERVAL_MS 20
#define FOREVER_MS  3600000

/* ---- a server that another thread changes ---- */

static struct {
	pthread_mutex_t lock;
	uint8_t key[KEY_LEN];
	char blob[1024];
	int version;
	int fails;  /* enum vaultenv_status instead of an answer, or 0 */
	int status; /* HTTP status instead of 200, or 0 */
	int delay_ms;
	int n_polls, n_pulls;
	int in_hand, most_in_hand;
	int64_t polled_ms[64]; /* when the first ones came */
	pthread_t thread;
	bool signals_blocked;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static inline int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void
sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) != 0)
		continue;
}

static inline void
server_enter(bool is_pull)
{
	sigset_t set;

	pthread_mutex_lock(&server.lock);
	if (is_pull)
		server.n_pulls++;
	else if (server.n_polls++ < 64)
		server.polled_ms[server.n_polls - 1] = now_ms();
	if (++server.in_hand > server.most_in_hand)
		server.most_in_hand = server.in_hand;
	server.thread = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	server.signals_blocked =
	    sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGINT) == 1 &&
	    sigismember(&set, SIGCHLD) == 1 && sigismember(&set, SIGSEGV) == 0;
	pthread_mutex_unlock(&server.lock);
}

static inline int
answer(void *arg, const char *url, const char *const *headers, const char *body,
    size_t len, int *status, char **reply, size_t *reply_len,
    char auth[VAULTENV_AUTH_MAX])
{
	const bool is_pull = strstr(url, "/secrets/pull") != NULL;
	int r, delay;

	server_enter(is_pull);
	pthread_mutex_lock(&server.lock);
	delay = server.delay_ms;
	pthread_mutex_unlock(&server.lock);
	if (delay > 0)
		sleep_ms(delay);
	pthread_mutex_lock(&server.lock);
	server.in_hand--;
	r = server.fails;
	*status = server.status != 0 ? server.status : 200;
	if (r == 0) {
		if (server.status == 404)
			*reply =
			    strdup("{\"error\":\"Environment not found\"}");
		else if (server.status != 0)
			*reply = strdup("{\"error\":\"Unauthorized\"}");
		else if (asprintf(reply,
			     is_pull ? "{\"version\":%d,\"secrets\":\"%s\"}"
				     : "{\"version\":%d,\"updated_at\":null}",
			     server.version, server.blob) < 0)
			exit(1);
		*reply_len = strlen(*reply);
	}
	pthread_mutex_unlock(&server.lock);
	return r;
}

static inline void
serve(int version, const char *json)
{
	struct blob b;

	blob_init(&b, sizeof(server.blob) - 1);
	if (seal(&b, server.key, json, strlen(json)) != 0)
		exit(1);
	pthread_mutex_lock(&server.lock);
	server.version = version;
	snprintf(server.blob, sizeof(server.blob), "%s", (char *)b.data);
	pthread_mutex_unlock(&server.lock);
	blob_reset(&b);
}

static inline void
serve_errors(int fails, int status)
{
	pthread_mutex_lock(&server.lock);
	server.fails = fails;
	server.status = status;
	pthread_mutex_unlock(&server.lock);
}

static inline void
server_reset(int version, const char *json)
{
	serve(version, json);
	serve_errors(0, 0);
	pthread_mutex_lock(&server.lock);
	server.n_polls = server.n_pulls = server.most_in_hand = 0;
	server.delay_ms = 0;
	pthread_mutex_unlock(&server.lock);
}

static inline int
polls(void)
{
	int n;

	pthread_mutex_lock(&server.lock);
	n = server.n_polls;
	pthread_mutex_unlock(&server.lock);
	return n;
}

/* ---- what is reported ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t news;
	int n_changes, n_errors;
	char what[4096]; /* "3:+A=1 -B;" each */
	char error[VAULTENV_ERROR_LINE];
	int code;
	pthread_t thread;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.news = PTHREAD_COND_INITIALIZER };

static inline void
on_change(void *arg, const struct vaultenv_update *update)
{
	const struct vaultenv_pair *pair;
	size_t used, i;

	pthread_mutex_lock(&seen.lock);
	used = strlen(seen.what);
	used += (size_t)snprintf(seen.what + used, sizeof(seen.what) - used,
	    "%" PRId64 ":", update->version);
	for (i = 0; i < update->n_changes; i++) {
		pair = vaultenv_list_find(
		    update->secrets, update->changes[i].name);
		used += (size_t)snprintf(seen.what + used,
		    sizeof(seen.what) - used, "%s%c%s%s%s", i == 0 ? "" : " ",
		    update->changes[i].mark, update->changes[i].name,
		    pair == NULL ? "" : "=", pair == NULL ? "" : pair->value);
	}
	snprintf(seen.what + used, sizeof(seen.what) - used, ";");
	seen.n_changes++;
	seen.thread = pthread_self();
	pthread_cond_broadcast(&seen.news);
	pthread_mutex_unlock(&seen.lock);
}

static inline void
on_error(void *arg, const struct vaultenv_error *err)
{
	pthread_mutex_lock(&seen.lock);
	seen.n_errors++;
	seen.code = err->code;
	snprintf(seen.error, sizeof(seen.error), "%s", sentence(err));
	pthread_cond_broadcast(&seen.news);
	pthread_mutex_unlock(&seen.lock);
}

static inline void
seen_reset(void)
{
	pthread_mutex_lock(&seen.lock);
	seen.n_changes = seen.n_errors = seen.code = 0;
	seen.what[0] = seen.error[0] = '\0';
	pthread_mutex_unlock(&seen.lock);
}

/* False when there are not as many reports after ms. */
static inline bool
wait_for(const int *counter, int n, int ms)
{
	const int64_t end = now_ms() + ms;
	bool there;

	for (;;) {
		pthread_mutex_lock(&seen.lock);
		there = *counter >= n;
		pthread_mutex_unlock(&seen.lock);
		if (there || now_ms() >= end)
			return there;
		sleep_ms(1);
	}
}

static inline bool
wait_polls(int n, int ms)
{
	const int64_t end = now_ms() + ms;

	while (polls() < n && now_ms() < end)
		sleep_ms(1);
	return polls() >= n;
}

static const struct vaultenv_options options = { .vault_key = KEY,
	.device_secret = SECRET,
	.environment = "production",
	.url = FAKE_URL,
	.transport = answer };
static const struct vaultenv_watch_options quick = {
	.interval_ms = INTERVAL_MS, .on_change = on_change, .on_error = on_error
};
static const struct vaultenv_load_options no_cache = { .no_cache = 1 };

static inline struct vaultenv_loaded *
load(void)
{
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_error err;

	if (vaultenv_load(&options, &no_cache, &loaded, &err) != 0) {
		printf("Bail out! %s\n", sentence(&err));
		exit(1);
	}
	return loaded;
}

static inline struct vaultenv_watch *
start(const struct vaultenv_loaded *known,
    const struct vaultenv_watch_options *watch)
{
	struct vaultenv_watch *w = NULL;
	struct vaultenv_error err;

	if (vaultenv_watch_start(&options, &no_cache, known, watch, &w, &err) !=
	    0) {
		printf("Bail out! %s\n", sentence(&err));
		exit(1);
	}
	return w;
}

#endif
