/* SPDX-License-Identifier: MIT */
/*
 * watch.c: a thread that asks for the version now and then, and pulls when it
 * is another one. It owns a client of its own and all that it works with; the
 * program has only start, stop and the callbacks. Must not touch the
 * environment, not even to read it: the program may be changing it meanwhile.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "load/load.h"

#define INTERVAL_MS  30000
#define BACK_OFF_MAX 10 /* intervals */
#define NS_PER_MS    INT64_C(1000000)
#define NS_PER_S     INT64_C(1000000000)

struct vaultenv_watch {
	struct load_job job;
	struct vaultenv_list *environment; /* the program's, at the start */
	struct vaultenv_watch_options options;
	pid_t pid;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping; /* under lock */
	/* The thread's own from here on. */
	int64_t version;
	bool has_base;
	/* What was reported last. Exchanged whole, so that a child that is
	 * forked at any moment finds one list that it can free. */
	struct vaultenv_list *_Atomic last;
};

static bool
is_stopping(struct vaultenv_watch *w)
{
	bool stopping;

	pthread_mutex_lock(&w->lock);
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return stopping;
}

/*
 * The environment that ${NAME} is looked up in, without what the program has
 * put there from its last load: those values are about to change.
 */
static int
environment_copy(
    const struct vaultenv_loaded *known, struct vaultenv_list **out)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;
	const char *value;
	char **p, *name;
	int r;

	if ((r = vaultenv_list_new(&list)) != 0)
		return r;
	for (p = environ; p != NULL && *p != NULL; p++) {
		if ((value = strchr(*p, '=')) == NULL)
			continue;
		name = strndup(*p, (size_t)(value++ - *p));
		if (name == NULL) {
			r = VAULTENV_ERR_NOMEM;
			break;
		}
		pair = known == NULL
			   ? NULL
			   : vaultenv_list_find(known->variables, name);
		r = pair != NULL && strcmp(pair->value, value) == 0
			? 0
			: vaultenv_list_set(list, name, value, strlen(value));
		free(name);
		if (r == VAULTENV_ERR_NOMEM)
			break;
		r = 0; /* a nameless one cannot be referred to */
	}
	if (r != 0)
		vaultenv_list_free(&list);
	else
		*out = list;
	return r;
}

/* ---- a poll ---- */

static void
advance(struct vaultenv_watch *w, struct vaultenv_loaded *loaded)
{
	struct vaultenv_list *old;

	w->version = loaded->version;
	w->has_base = true;
	old = atomic_exchange(&w->last, loaded->variables);
	loaded->variables = NULL;
	vaultenv_list_free(&old);
}

static int
report(struct vaultenv_watch *w, const struct vaultenv_loaded *loaded,
    struct vaultenv_error *err)
{
	struct vaultenv_update update = { .version = loaded->version,
		.secrets = loaded->variables };
	struct vaultenv_change *changes = NULL;
	int r;

	r = vaultenv_list_diff(
	    w->last, loaded->variables, &changes, &update.n_changes);
	if (r != 0)
		return err_general(err, r);
	update.changes = changes;
	if (update.n_changes > 0 && w->options.on_change != NULL &&
	    !is_stopping(w))
		w->options.on_change(w->options.arg, &update);
	free(changes);
	return 0;
}

static int
poll_version(struct vaultenv_watch *w, struct vaultenv_error *err)
{
	struct vaultenv_loaded *loaded = NULL;
	int64_t version = 0;
	int r;

	r = vaultenv_secrets_current_version(
	    w->job.client, &version, NULL, err);
	if (r != 0 || (w->has_base && version == w->version))
		return r;
	/* Watching an environment before its first push begins with nothing. */
	if ((r = load_job_refresh(&w->job, err)) != 0)
		return r;
	if (!w->has_base && version == 0)
		r = load_file(&w->job, &loaded, err);
	else
		r = load_pull(&w->job, &loaded, err);
	if (r == 0 && w->has_base)
		r = report(w, loaded, err);
	if (r == 0)
		advance(w, loaded);
	vaultenv_loaded_free(&loaded);
	return r;
}

int
watch_poll(struct vaultenv_watch *w)
{
	struct vaultenv_error err;
	int r;

	r = poll_version(w, &err);
	if (r != 0 && w->options.on_error != NULL && !is_stopping(w))
		w->options.on_error(w->options.arg, &err);
	return r;
}

/* ---- the thread ---- */

/* A tenth more or less, so that a fleet does not poll in step. */
static int64_t
jittered(int64_t ns)
{
	uint32_t random = UINT32_MAX / 2;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = UINT32_MAX / 2;
	return ns - ns / 10 + (int64_t)((double)ns / 5 * random / UINT32_MAX);
}

/* False: it is time to stop. */
static bool
watch_wait(struct vaultenv_watch *w, int64_t ns)
{
	struct timespec until;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += until.tv_nsec;
	until.tv_sec += (time_t)(ns / NS_PER_S);
	until.tv_nsec = (long)(ns % NS_PER_S);
	pthread_mutex_lock(&w->lock);
	while (!w->stopping &&
	       pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT)
		continue;
	stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return !stopping;
}

static void *
watch_main(void *arg)
{
	struct vaultenv_watch *w = arg;
	const int64_t interval = w->options.interval_ms * NS_PER_MS;
	int64_t wait = w->has_base ? jittered(interval) : 0;
	int times = 1, r;

	while (watch_wait(w, wait)) {
		r = watch_poll(w);
		times = r != VAULTENV_ERR_NETWORK && r != VAULTENV_ERR_SERVER
			    ? 1
			: times * 2 > BACK_OFF_MAX ? BACK_OFF_MAX
						   : times * 2;
		wait = jittered(interval * times);
	}
	return NULL;
}

/* The program's signals are the program's; faults stay where they happen. */
static int
thread_start(struct vaultenv_watch *w)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
		SIGABRT, SIGSYS };
	sigset_t blocked, before;
	int r;

	sigfillset(&blocked);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&blocked, faults[i]);
	pthread_sigmask(SIG_SETMASK, &blocked, &before);
	r = pthread_create(&w->thread, NULL, watch_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		(void)pthread_setname_np(w->thread, "vaultenv-watch");
	return r;
}

static int
lock_init(struct vaultenv_watch *w)
{
	pthread_condattr_t attr;
	int r;

	if ((r = pthread_condattr_init(&attr)) != 0)
		return r;
	if ((r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC)) == 0 &&
	    (r = pthread_cond_init(&w->wake, &attr)) == 0 &&
	    (r = pthread_mutex_init(&w->lock, NULL)) != 0)
		pthread_cond_destroy(&w->wake);
	pthread_condattr_destroy(&attr);
	return r;
}

/* ---- from outside ---- */

/* Absolute: the program may go to another folder later. NULL: as it is. */
static char *
path_absolute(const char *path)
{
	char *folder, *whole = NULL;

	if (path == NULL)
		path = ".env";
	if (*path == '/' || (folder = getcwd(NULL, 0)) == NULL)
		return NULL;
	if (asprintf(&whole, "%s/%s", folder, path) < 0)
		whole = NULL;
	free(folder);
	return whole;
}

/* file NULL: the one of the path given. */
static int
layer_take(const struct vaultenv_envfile *file, const char *given,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	char *whole = path_absolute(given);
	const char *path = whole != NULL ? whole : given;
	int r;

	r = file != NULL ? envfile_copy(file, path, out, err)
			 : vaultenv_envfile_read(path, out, err);
	free(whole);
	return r;
}

/* The watch's own: the program may free its file, or call it by another path.
 */
static int
file_take(const struct vaultenv_options *opts,
    const struct vaultenv_loaded *known, struct vaultenv_envfile **out,
    struct vaultenv_error *err)
{
	const struct vaultenv_envfile *from = opts->file;
	struct vaultenv_envfile *file = NULL, *layer = NULL;
	int r;

	if (from == NULL && known != NULL)
		from = known->file;
	if (from == NULL)
		return layer_take(NULL, opts->path, out, err);
	if ((r = layer_take(from, from->path, &file, err)) != 0)
		return r;
	while ((from = from->under) != NULL) {
		if ((r = layer_take(from, from->path, &layer, err)) != 0) {
			vaultenv_envfile_free(&file);
			return r;
		}
		vaultenv_envfile_lay(file, &layer);
	}
	*out = file;
	return 0;
}

static int
watch_fill(struct vaultenv_watch *w, const struct vaultenv_loaded *known)
{
	struct vaultenv_list *list = NULL;
	int r;

	if (w->job.options.expand) {
		if ((r = environment_copy(known, &w->environment)) != 0)
			return r;
		w->job.environment = w->environment;
	}
	if (known == NULL)
		return 0;
	if ((r = vaultenv_list_copy(known->variables, &list)) != 0)
		return r;
	w->last = list;
	w->version = w->job.seen = known->version;
	w->has_base = true;
	return 0;
}

int
watch_new(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *known,
    const struct vaultenv_watch_options *watch, struct vaultenv_watch **out,
    struct vaultenv_error *err)
{
	struct vaultenv_options mine = { .path = NULL };
	struct vaultenv_envfile *file = NULL;
	struct vaultenv_watch *w;
	int r;

	if (watch->interval_ms < 0)
		return err_set(err, VAULTENV_ERR_INVALID, NULL,
		    "The interval of a watch cannot be negative");
	if ((w = calloc(1, sizeof(*w))) == NULL || lock_init(w) != 0) {
		free(w);
		return err_general(err, VAULTENV_ERR_NOMEM);
	}
	w->pid = getpid();
	w->options = *watch;
	if (w->options.interval_ms == 0)
		w->options.interval_ms = INTERVAL_MS;
	if (opts != NULL)
		mine = *opts;
	if ((r = file_take(&mine, known, &file, err)) != 0)
		goto out;
	mine.file = file;
	r = load_job_open(&w->job, &mine, load, err);
	w->job.own_file = file;
	if (r != 0)
		goto out;
	if ((r = watch_fill(w, known)) != 0) {
		err_general(err, r);
		goto out;
	}
	*out = w;
	w = NULL;
out:
	watch_free(&w);
	return r;
}

void
watch_free(struct vaultenv_watch **watch)
{
	struct vaultenv_watch *w = *watch;
	struct vaultenv_list *last;

	if (w == NULL)
		return;
	/* In a child of fork() the parent's thread may seem to be in there. */
	if (w->pid == getpid()) {
		pthread_cond_destroy(&w->wake);
		pthread_mutex_destroy(&w->lock);
	}
	load_job_close(&w->job);
	last = atomic_exchange(&w->last, NULL);
	vaultenv_list_free(&last);
	vaultenv_list_free(&w->environment);
	free(w);
	*watch = NULL;
}

int
vaultenv_watch_start(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *known,
    const struct vaultenv_watch_options *watch, struct vaultenv_watch **out,
    struct vaultenv_error *err)
{
	struct vaultenv_watch *w = NULL;
	int r;

	if ((r = watch_new(opts, load, known, watch, &w, err)) != 0)
		return r;
	if (thread_start(w) != 0) {
		watch_free(&w);
		return err_set(err, VAULTENV_ERR_NOMEM,
		    "Raise the limit of processes (ulimit -u)",
		    "No thread can be started to watch for changes");
	}
	*out = w;
	return 0;
}

void
vaultenv_watch_stop(struct vaultenv_watch **watch)
{
	struct vaultenv_watch *w;

	if (watch == NULL || (w = *watch) == NULL)
		return;
	if (w->pid == getpid()) {
		pthread_mutex_lock(&w->lock);
		w->stopping = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->lock);
		transport_abort(w->job.client->transport);
		/* From a callback there is nothing to join; the loop ends. */
		if (pthread_equal(w->thread, pthread_self()))
			return;
		pthread_join(w->thread, NULL);
	}
	watch_free(watch);
}
