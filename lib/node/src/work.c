/* SPDX-License-Identifier: MIT */
/*
 * work.c: work for a thread of the pool, and the promise of its result. Knows
 * nothing of what the work is.
 */
#include "addon.h"

#include <stdlib.h>

void *
work_new(
    napi_env env, napi_value options, size_t size, const struct work_kind *kind)
{
	struct work *w = calloc(1, size);

	if (w == NULL) {
		napi_throw_error(env, "ERR_VAULT_NOMEM",
		    vaultenv_strerror(VAULTENV_ERR_NOMEM));
		return NULL;
	}
	w->kind = kind;
	settings_read(env, options, &w->settings);
	w->settings.client.notice = notice_keep;
	w->settings.client.notice_arg = &w->outcome.notices;
	return w;
}

void
work_free(struct work *w)
{
	w->kind->reset(w);
	settings_reset(&w->settings);
	free(w);
}

static void
work_execute(napi_env env, void *data)
{
	struct work *w = data;

	w->kind->execute(w);
}

static void
work_complete(napi_env env, napi_status status, void *data)
{
	struct work *w = data;

	if (status == napi_ok)
		napi_resolve_deferred(
		    env, w->deferred, w->kind->result(env, w));
	napi_delete_async_work(env, w->handle);
	work_free(w);
}

napi_value
work_start(napi_env env, struct work *w)
{
	napi_value promise;

	if (napi_create_promise(env, &w->deferred, &promise) == napi_ok &&
	    napi_create_async_work(env, NULL,
		js_text(env, w->kind->name, NAPI_AUTO_LENGTH), work_execute,
		work_complete, w, &w->handle) == napi_ok &&
	    napi_queue_async_work(env, w->handle) == napi_ok)
		return promise;
	work_free(w);
	napi_throw_error(env, "ERR_VAULT_FAILED", "No work can be queued");
	return NULL;
}
