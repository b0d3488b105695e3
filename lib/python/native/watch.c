/* SPDX-License-Identifier: MIT */
/*
 * watch.c: vaultenv_watch with Python callbacks. The thread is the library's;
 * it takes the GIL for a callback only, and not any more once somebody wants
 * the watch to end, so that the interpreter can finish under a poll that still
 * waits for a server.
 *
 * vaultenv_watch_stop() joins. It is left to a thread of its own, because the
 * one who stops may be a callback, or in a hurry (process exit).
 */
#include "native.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CAPSULE      "vaultdotenv.watch"
#define WAIT_FOREVER (-1)

struct watch {
	struct vaultenv_watch *handle;
	PyObject *on_update, *on_error, *notice;
	atomic_bool closing; /* no callback begins any more */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ended; /* under lock: the thread is joined, handle is freed */
	pid_t pid;
};

/* The watch in whose callback this thread is. */
static _Thread_local struct watch *inside;

/* ---- in the watch's thread ---- */

/* A new reference to change's "+", "~" or "-" and name. */
static PyObject *
change_object(const struct vaultenv_change *change)
{
	PyObject *name = text_object(change->name, strlen(change->name));

	return name == NULL ? NULL : Py_BuildValue("CN", change->mark, name);
}

static PyObject *
changes_object(const struct vaultenv_update *update)
{
	PyObject *list = PyList_New((Py_ssize_t)update->n_changes), *change;
	size_t i;

	for (i = 0; list != NULL && i < update->n_changes; i++) {
		if ((change = change_object(&update->changes[i])) == NULL)
			Py_CLEAR(list);
		else
			PyList_SET_ITEM(list, (Py_ssize_t)i, change);
	}
	return list;
}

static void
call(struct watch *w, PyObject *callable, PyObject *args)
{
	PyObject *result = NULL;

	inside = w;
	if (args != NULL)
		result = PyObject_CallObject(callable, args);
	inside = NULL;
	if (result == NULL)
		PyErr_WriteUnraisable(callable);
	Py_XDECREF(result);
	Py_XDECREF(args);
}

static void
on_change(void *arg, const struct vaultenv_update *update)
{
	struct watch *w = arg;
	PyObject *values, *changes, *args = NULL;
	PyGILState_STATE gil;

	if (atomic_load(&w->closing))
		return;
	gil = PyGILState_Ensure();
	values = list_dict(update->secrets);
	changes = changes_object(update);
	if (values != NULL && changes != NULL)
		args = Py_BuildValue(
		    "LOO", (long long)update->version, values, changes);
	Py_XDECREF(values);
	Py_XDECREF(changes);
	call(w, w->on_update, args);
	PyGILState_Release(gil);
}

static void
on_error(void *arg, const struct vaultenv_error *err)
{
	struct watch *w = arg;
	PyGILState_STATE gil;
	PyObject *error, *args = NULL;

	if (atomic_load(&w->closing))
		return;
	gil = PyGILState_Ensure();
	if ((error = error_object(err)) != NULL)
		args = Py_BuildValue("(N)", error);
	call(w, w->on_error, args);
	PyGILState_Release(gil);
}

static void
notice(void *arg, const char *text)
{
	struct watch *w = arg;

	if (!atomic_load(&w->closing))
		notice_call(w->notice, text);
}

/* ---- its life ---- */

static void
watch_free(struct watch *w)
{
	Py_XDECREF(w->on_update);
	Py_XDECREF(w->on_error);
	Py_XDECREF(w->notice);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void *
end_main(void *arg)
{
	struct watch *w = arg;

	vaultenv_watch_stop(&w->handle);
	pthread_mutex_lock(&w->lock);
	w->ended = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Without the GIL. No thread to be had: wait for it here, if that can be. */
static void
end_begin(struct watch *w)
{
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, end_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(thread);
	else if (inside != w)
		end_main(w);
}

static void
end_wait(struct watch *w, long timeout_ms)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&w->lock);
	while (!w->ended && r == 0)
		r = timeout_ms == WAIT_FOREVER
			? pthread_cond_wait(&w->wake, &w->lock)
			: pthread_cond_timedwait(&w->wake, &w->lock, &until);
	pthread_mutex_unlock(&w->lock);
}

/* One that has not ended yet, or is of a parent process, is left to the
 * process's end: its thread, or the lock, may be anywhere. */
static void
capsule_free(PyObject *capsule)
{
	struct watch *w = PyCapsule_GetPointer(capsule, CAPSULE);
	bool ended;

	if (w == NULL || w->pid != getpid())
		return;
	pthread_mutex_lock(&w->lock);
	ended = w->ended;
	pthread_mutex_unlock(&w->lock);
	if (ended)
		watch_free(w);
	else if (!atomic_exchange(&w->closing, true))
		end_begin(w);
}

static struct watch *
watch_new(PyObject *on_update_object, PyObject *on_error_object,
    PyObject *notice_object)
{
	struct watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL || pthread_condattr_init(&attr) != 0) {
		free(w);
		PyErr_NoMemory();
		return NULL;
	}
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&w->lock, NULL);
	w->pid = getpid();
	Py_INCREF(w->on_update = on_update_object);
	Py_INCREF(w->on_error = on_error_object);
	Py_INCREF(w->notice = notice_object);
	return w;
}

/* Takes w: the capsule has it, unless the start fails. */
static PyObject *
watch_run(struct watch *w, struct place *place,
    const struct vaultenv_load_options *how,
    const struct vaultenv_loaded *known, struct vaultenv_watch_options *options)
{
	PyObject *capsule = PyCapsule_New(w, CAPSULE, NULL);
	struct vaultenv_error err;
	int r;

	if (capsule == NULL) {
		watch_free(w);
		return NULL;
	}
	options->arg = place->options.notice_arg = w;
	place->options.notice = notice;
	/* Callbacks may come at once, and wait for the GIL. */
	Py_BEGIN_ALLOW_THREADS
	r = vaultenv_watch_start(&place->options, how,
	    known->variables != NULL ? known : NULL, options, &w->handle, &err);
	Py_END_ALLOW_THREADS
	if (r != 0) {
		watch_free(w);
		Py_DECREF(capsule);
		return error_raise(&err);
	}
	(void)PyCapsule_SetDestructor(capsule, capsule_free);
	return capsule;
}

/*
 * watch_start(place, no_cache, override, allow, interval_ms,
 * known or None, version, on_update, on_error): capsule. on_update gets
 * (version, values, [(mark, name), ...]), on_error the exception.
 */
PyObject *
watch_start(PyObject *self, PyObject *args)
{
	struct vaultenv_load_options how = { .no_cache = 0 };
	struct vaultenv_watch_options options = { .on_change = on_change,
		.on_error = on_error };
	struct vaultenv_loaded known = { .source = VAULTENV_SOURCE_SERVER };
	PyObject *values, *update, *error, *allow, *capsule = NULL;
	const char **names = NULL;
	struct place place = { NULL };
	struct watch *w = NULL;
	long long version;

	if (!PyArg_ParseTuple(args, PLACE_FORMAT "ppO!iOLOO:watch_start",
		PLACE_ARGS(place), &how.no_cache, &how.override, &PyTuple_Type,
		&allow, &options.interval_ms, &values, &version, &update,
		&error))
		return NULL;
	place_fill(&place);
	known.version = version;
	if ((how.allow = names = names_borrow(allow)) == NULL ||
	    (PyDict_Check(values) && !dict_list(values, &known.variables)) ||
	    (w = watch_new(update, error, place.notice)) == NULL)
		goto out;
	capsule = watch_run(w, &place, &how, &known, &options);
out:
	vaultenv_list_free(&known.variables);
	PyMem_Free(names);
	place_reset(&place);
	return capsule;
}

/*
 * watch_stop(capsule, timeout_ms): no callback begins after it. Waits for the
 * thread's end (-1: as long as it takes), but not within a callback.
 */
PyObject *
watch_stop(PyObject *self, PyObject *args)
{
	PyObject *capsule;
	struct watch *w;
	long timeout_ms;

	if (!PyArg_ParseTuple(args, "Ol:watch_stop", &capsule, &timeout_ms) ||
	    (w = PyCapsule_GetPointer(capsule, CAPSULE)) == NULL)
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	if (!atomic_exchange(&w->closing, true))
		end_begin(w);
	if (inside != w)
		end_wait(w, timeout_ms);
	Py_END_ALLOW_THREADS
	Py_RETURN_NONE;
}

/*
 * In a child of fork(), where there is no thread to wait for. One that was
 * ending already, or whose callback has forked, is not touched.
 */
PyObject *
watch_forget(PyObject *self, PyObject *capsule)
{
	struct watch *w = PyCapsule_GetPointer(capsule, CAPSULE);

	if (w == NULL)
		return NULL;
	if (!atomic_exchange(&w->closing, true) && inside != w)
		vaultenv_watch_stop(&w->handle);
	Py_RETURN_NONE;
}
