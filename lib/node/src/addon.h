/* SPDX-License-Identifier: MIT */
/*
 * addon.h: what the addon's files share. It keeps no state of its own beyond a
 * count of ending watches, so that any number of threads of a process can load
 * it; what a load or a watch needs hangs on the JavaScript value that stands
 * for it.
 */
#ifndef ADDON_H
#define ADDON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <node_api.h>
#include <vaultenv.h>

#define NOTICES_MAX 8

/* Sentences that the library said on the way; the first few are enough. */
struct notices {
	size_t n;
	char *text[NOTICES_MAX];
};

/* What came of a call: every result object is made from one. */
struct outcome {
	int status;
	struct vaultenv_error err;
	struct notices notices;
};

/* The options of a call, as vault.js settings() makes them; owns its text. */
struct settings {
	struct vaultenv_options client;
	struct vaultenv_load_options load;
	char **allow;  /* load.allow */
	char **layers; /* paths of what lies under client.path */
	struct vaultenv_envfile *file; /* with its layers; NULL: not read yet */
	int file_status;               /* what came of reading it */
	struct vaultenv_error file_err;
	struct vaultenv_change_options change; /* push */
	int64_t version;
};

/* ---- convert.c; after a failure a JavaScript exception is pending ---- */

/* NULL: undefined or no string. For free(). */
char *js_get_text(napi_env env, napi_value object, const char *name);
bool js_get_bool(napi_env env, napi_value object, const char *name);
/* otherwise: what it is when it is undefined or no number. */
int64_t js_get_int(
    napi_env env, napi_value object, const char *name, int64_t otherwise);

/* Of an array of strings, NULL at the end; for js_names_free(). */
char **js_get_names(napi_env env, napi_value object, const char *name);
void js_names_free(char ***names);

napi_value js_text(napi_env env, const char *text, size_t len);
void
js_set(napi_env env, napi_value object, const char *name, napi_value value);
void js_set_text(
    napi_env env, napi_value object, const char *name, const char *text);
void
js_set_int(napi_env env, napi_value object, const char *name, int64_t number);
napi_value js_object_of(napi_env env, const struct vaultenv_list *list);

/* From an array [name, value, name, value, ...]. An enum vaultenv_status. */
int list_from_pairs(napi_env env, napi_value pairs, struct vaultenv_list **out);

const char *status_name(int status);
/* For vaultenv_options.notice; arg is a struct notices. */
void notice_keep(void *arg, const char *text);
/* A new object with status, and what belongs to it; empties o. */
napi_value js_outcome(napi_env env, struct outcome *o);

/*
 * An object that stands for data: no other value, be it another addon's, is
 * taken for it. A tag on an object and not on an External, which Node.js 18
 * does not tag. NULL: there is none, and data is still the caller's.
 */
napi_value handle_new(
    napi_env env, void *data, napi_finalize finalize, const napi_type_tag *tag);
/* NULL: the value is something else. */
void *handle_data(napi_env env, napi_value value, const napi_type_tag *tag);

void settings_read(napi_env env, napi_value object, struct settings *s);
void settings_reset(struct settings *s);

/* ---- files.c ---- */

/* Of an array, for client.path and each layer: what JavaScript has read. */
void files_take(napi_env env, napi_value texts, struct settings *s);
/* Reads them unless that was done, and lends them to client. A status. */
int files_read(struct settings *s, struct vaultenv_error *err);

/* ---- work.c: what a thread of the pool does, by its options ---- */

struct work;

struct work_kind {
	const char *name;                /* for who debugs Node.js */
	void (*execute)(struct work *w); /* in the pool; sets w->outcome */
	napi_value (*result)(napi_env env, struct work *w);
	void (*reset)(struct work *w); /* what comes behind the struct work */
};

/* The first member of what a call needs. */
struct work {
	const struct work_kind *kind;
	struct settings settings;
	struct outcome outcome;
	napi_async_work handle;
	napi_deferred deferred;
};

/* size bytes that begin with a struct work, zero but for that. NULL: thrown. */
void *work_new(napi_env env, napi_value options, size_t size,
    const struct work_kind *kind);
void work_free(struct work *w);
/* Takes w. The promise; NULL: thrown. */
napi_value work_start(napi_env env, struct work *w);

/* ---- what vault.js and watch.js call; load.c, call.c, watch.c ---- */

napi_value addon_load(napi_env env, napi_callback_info info);
napi_value addon_load_sync(napi_env env, napi_callback_info info);
/* The load that addon_load made; NULL for anything else. */
const struct vaultenv_loaded *loaded_of(napi_env env, napi_value value);

napi_value addon_parse(napi_env env, napi_callback_info info);
napi_value addon_pull(napi_env env, napi_callback_info info);
napi_value addon_push(napi_env env, napi_callback_info info);
napi_value addon_check_version(napi_env env, napi_callback_info info);

napi_value addon_watch_start(napi_env env, napi_callback_info info);
napi_value addon_watch_stop(napi_env env, napi_callback_info info);
napi_value addon_settle(napi_env env, napi_callback_info info);

#endif
