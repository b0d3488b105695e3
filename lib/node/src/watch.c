/* SPDX-License-Identifier: MIT */
/*
 * watch.c: a watch of libvaultenv whose news are brought to JavaScript. Two
 * threads meet here: the watch's, which has the news, and JavaScript's, which
 * may stop the watch or be torn down at any moment. `bridge.lock` guards the
 * way between them; whatever ends, nothing that the other may still touch is
 * freed, and JavaScript never waits for a request.
 */
#include "addon.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bridge {
	/* The External, the threadsafe function, and the watch's thread until
	 * it has been joined. */
	atomic_int references;
	pthread_mutex_t lock;
	napi_threadsafe_function way; /* under lock; NULL: nobody listens */
	struct vaultenv_watch *watch;
	napi_env env;
	bool stopped; /* JavaScript's thread only */
};

enum news_kind { NEWS_CHANGE, NEWS_ERROR, NEWS_NOTICE };

struct news {
	enum news_kind kind;
	int64_t version;
	struct vaultenv_list *secrets;
	struct vaultenv_list *marks; /* name -> "+", "~" or "-", in order */
	struct vaultenv_error err;   /* a notice: its text */
};

/* Watches that are being joined, of all threads of the process. */
static pthread_mutex_t ending_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ending_less = PTHREAD_COND_INITIALIZER;
static int n_ending;

static void
bridge_unref(struct bridge *b)
{
	if (atomic_fetch_sub(&b->references, 1) > 1)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* ---- in the watch's thread ---- */

static void
news_free(struct news *news)
{
	if (news == NULL)
		return;
	vaultenv_list_free(&news->secrets);
	vaultenv_list_free(&news->marks);
	free(news);
}

/* Takes news. */
static void
bridge_send(struct bridge *b, struct news *news)
{
	napi_status status = napi_closing;

	pthread_mutex_lock(&b->lock);
	if (b->way != NULL)
		status = napi_call_threadsafe_function(
		    b->way, news, napi_tsfn_nonblocking);
	/* Then it has been released for us, and must not be touched again. */
	if (status == napi_closing)
		b->way = NULL;
	pthread_mutex_unlock(&b->lock);
	if (status != napi_ok)
		news_free(news);
}

static void
on_error(void *arg, const struct vaultenv_error *err)
{
	struct news *news = calloc(1, sizeof(*news));

	if (news == NULL)
		return;
	news->kind = NEWS_ERROR;
	news->err = *err;
	bridge_send(arg, news);
}

static void
on_notice(void *arg, const char *text)
{
	struct news *news = calloc(1, sizeof(*news));

	if (news == NULL)
		return;
	news->kind = NEWS_NOTICE;
	strncpy(news->err.text, text, sizeof(news->err.text) - 1);
	bridge_send(arg, news);
}

static void
on_change(void *arg, const struct vaultenv_update *update)
{
	struct vaultenv_error err = { .code = VAULTENV_ERR_NOMEM };
	struct news *news = calloc(1, sizeof(*news));
	size_t i;
	int r = VAULTENV_ERR_NOMEM;

	if (news == NULL ||
	    (r = vaultenv_list_copy(update->secrets, &news->secrets)) != 0 ||
	    (r = vaultenv_list_new(&news->marks)) != 0)
		goto out;
	news->kind = NEWS_CHANGE;
	news->version = update->version;
	for (i = 0; r == 0 && i < update->n_changes; i++)
		r = vaultenv_list_set(news->marks, update->changes[i].name,
		    &update->changes[i].mark, 1);
	if (r != 0)
		goto out;
	bridge_send(arg, news);
	return;
out:
	news_free(news);
	vaultenv_error_set(&err, r, NULL, "%s", vaultenv_strerror(r));
	on_error(arg, &err);
}

/* ---- in JavaScript's thread ---- */

static napi_value
news_object(napi_env env, const struct news *news)
{
	static const char *const kinds[] = { "change", "error", "notice" };
	const struct vaultenv_pair *pair;
	napi_value object = NULL, changes = NULL, change;
	size_t i;

	napi_create_object(env, &object);
	js_set_text(env, object, "kind", kinds[news->kind]);
	if (news->kind != NEWS_CHANGE) {
		js_set_text(env, object, "status", status_name(news->err.code));
		js_set_text(env, object, "text", news->err.text);
		js_set_text(env, object, "hint", news->err.hint);
		js_set_text(env, object, "reason", news->err.reason);
		return object;
	}
	js_set_int(env, object, "version", news->version);
	js_set(env, object, "parsed", js_object_of(env, news->secrets));
	napi_create_array(env, &changes);
	for (i = 0; (pair = vaultenv_list_at(news->marks, i)) != NULL; i++) {
		napi_create_array_with_length(env, 2, &change);
		napi_set_element(env, change, 0, js_text(env, pair->value, 1));
		napi_set_element(
		    env, change, 1, js_text(env, pair->name, NAPI_AUTO_LENGTH));
		napi_set_element(env, changes, (uint32_t)i, change);
	}
	js_set(env, object, "changes", changes);
	return object;
}

/* env is NULL when the thread is ending. */
static void
hear(napi_env env, napi_value function, void *context, void *data)
{
	struct bridge *b = context;
	napi_value undefined, object;

	if (env != NULL && !b->stopped &&
	    napi_get_undefined(env, &undefined) == napi_ok &&
	    (object = news_object(env, data)) != NULL)
		napi_call_function(env, undefined, function, 1, &object, NULL);
	news_free(data);
}

static void *
join_main(void *arg)
{
	struct bridge *b = arg;

	vaultenv_watch_stop(&b->watch);
	bridge_unref(b);
	pthread_mutex_lock(&ending_lock);
	n_ending--;
	pthread_cond_broadcast(&ending_less);
	pthread_mutex_unlock(&ending_lock);
	return NULL;
}

/* Joining may take as long as a request: that is another thread's work. */
static void
join_elsewhere(struct bridge *b)
{
	pthread_t thread;
	pthread_attr_t attr;
	bool started;

	pthread_mutex_lock(&ending_lock);
	n_ending++;
	pthread_mutex_unlock(&ending_lock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	started = pthread_create(&thread, &attr, join_main, b) == 0;
	pthread_attr_destroy(&attr);
	if (!started)
		join_main(b);
}

static void
bridge_stop(struct bridge *b)
{
	napi_threadsafe_function way;

	b->stopped = true;
	pthread_mutex_lock(&b->lock);
	way = b->way;
	b->way = NULL;
	pthread_mutex_unlock(&b->lock);
	if (way != NULL)
		napi_release_threadsafe_function(way, napi_tsfn_abort);
	join_elsewhere(b);
}

/* The thread that watches is ending: a worker, or the process. */
static void
on_teardown(void *arg)
{
	struct bridge *b = arg;

	bridge_stop(b);
	bridge_unref(b);
}

static void
way_finalize(napi_env env, void *data, void *hint)
{
	bridge_unref(data);
}

static const napi_type_tag watch_tag = { 0x4e7b20c9f6a1483d,
	0x8f05d3b76c1e92a4 };

static void
handle_finalize(napi_env env, void *data, void *hint)
{
	bridge_unref(data);
}

/* NULL, with an exception pending or the outcome set. */
static struct bridge *
bridge_new(napi_env env, napi_value function, struct outcome *o)
{
	struct bridge *b = calloc(1, sizeof(*b));
	napi_value name = js_text(env, "vault-env.watch", NAPI_AUTO_LENGTH);

	if (b == NULL || pthread_mutex_init(&b->lock, NULL) != 0)
		goto out;
	b->env = env;
	/* Ours until addon_watch_start() returns, and the function's. */
	atomic_init(&b->references, 2);
	if (napi_create_threadsafe_function(env, function, NULL, name, 0, 1, b,
		way_finalize, b, hear, &b->way) == napi_ok) {
		napi_unref_threadsafe_function(env, b->way);
		return b;
	}
	pthread_mutex_destroy(&b->lock);
out:
	free(b);
	o->status = VAULTENV_ERR_NOMEM;
	vaultenv_error_set(
	    &o->err, o->status, NULL, "%s", vaultenv_strerror(o->status));
	return NULL;
}

/* watchStart(settings, interval, loaded | undefined, function) */
napi_value
addon_watch_start(napi_env env, napi_callback_info info)
{
	struct vaultenv_watch_options options = { .on_change = on_change,
		.on_error = on_error };
	struct outcome o = { .status = 0 };
	struct settings settings;
	napi_value argv[4], result, handle = NULL;
	struct bridge *b;
	size_t argc = 4;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    napi_get_value_int32(env, argv[1], &options.interval_ms) != napi_ok)
		return NULL;
	settings_read(env, argv[0], &settings);
	if ((b = bridge_new(env, argv[3], &o)) == NULL)
		goto out;
	options.arg = settings.client.notice_arg = b;
	settings.client.notice = on_notice;
	if ((o.status = files_read(&settings, &o.err)) == 0)
		o.status =
		    vaultenv_watch_start(&settings.client, &settings.load,
			loaded_of(env, argv[2]), &options, &b->watch, &o.err);
	if (o.status != 0) {
		napi_release_threadsafe_function(b->way, napi_tsfn_abort);
		bridge_unref(b);
		goto out;
	}
	/* The reference of this call becomes the thread's; one more is the
	 * handle's, and one the hook's. */
	atomic_fetch_add(&b->references, 2);
	/* After the function's own hook, and so called before it. */
	napi_add_env_cleanup_hook(env, on_teardown, b);
	handle = handle_new(env, b, handle_finalize, &watch_tag);
out:
	settings_reset(&settings);
	result = js_outcome(env, &o);
	js_set(env, result, "watch", handle);
	return result;
}

/* watchStop(watch): nothing is heard of it after this. */
napi_value
addon_watch_stop(napi_env env, napi_callback_info info)
{
	napi_value argv[1];
	size_t argc = 1;
	struct bridge *b;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (b = handle_data(env, argv[0], &watch_tag)) == NULL)
		return NULL;
	if (!b->stopped) {
		napi_remove_env_cleanup_hook(env, on_teardown, b);
		bridge_stop(b);
		bridge_unref(b);
	}
	return NULL;
}

/*
 * settle(milliseconds): waits until the stopped watches have ended, so that the
 * process does not exit with one of them amid a request.
 */
napi_value
addon_settle(napi_env env, napi_callback_info info)
{
	napi_value argv[1];
	size_t argc = 1;
	int64_t ms = 0;
	struct timespec until;
	int r = 0;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    napi_get_value_int64(env, argv[0], &ms) != napi_ok)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&ending_lock);
	while (n_ending > 0 && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&ending_less, &ending_lock, &until);
	pthread_mutex_unlock(&ending_lock);
	return NULL;
}
