/* SPDX-License-Identifier: MIT */
/*
 * vaultenv_load() in its three forms, waiting (for vault-env/config, before the
 * program's first line) or in a thread of the pool.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

struct load {
	struct settings settings;
	struct vaultenv_loaded *loaded;
	struct outcome outcome;
	napi_async_work work;
	napi_deferred deferred;
};

static struct load *
load_new(napi_env env, napi_value options)
{
	struct load *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		napi_throw_error(env, "ERR_VAULT_NOMEM",
		    vaultenv_strerror(VAULTENV_ERR_NOMEM));
		return NULL;
	}
	settings_read(env, options, &l->settings);
	l->settings.client.notice = notice_keep;
	l->settings.client.notice_arg = &l->outcome.notices;
	return l;
}

static void
load_free(struct load *l)
{
	settings_reset(&l->settings);
	vaultenv_loaded_free(&l->loaded);
	free(l);
}

static void
loaded_finalize(napi_env env, void *data, void *hint)
{
	struct vaultenv_loaded *loaded = data;

	vaultenv_loaded_free(&loaded);
}

const struct vaultenv_loaded *
loaded_of(napi_env env, napi_value value)
{
	napi_valuetype type;
	void *data;

	if (napi_typeof(env, value, &type) != napi_ok ||
	    type != napi_external ||
	    napi_get_value_external(env, value, &data) != napi_ok)
		return NULL;
	return data;
}

static napi_value
load_result(napi_env env, struct load *l)
{
	static const char *const sources[] = {
		[VAULTENV_SOURCE_FILE] = "file",
		[VAULTENV_SOURCE_SERVER] = "server",
		[VAULTENV_SOURCE_CACHE] = "cache",
	};
	napi_value result = js_outcome(env, &l->outcome), external = NULL;
	const struct vaultenv_loaded *loaded = l->loaded;

	if (l->outcome.status != 0)
		return result;
	js_set_text(env, result, "source", sources[loaded->source]);
	js_set_int(env, result, "version", loaded->version);
	js_set(env, result, "parsed", js_object_of(env, loaded->variables));
	if (napi_create_external(
		env, l->loaded, loaded_finalize, NULL, &external) == napi_ok) {
		l->loaded = NULL;
		js_set(env, result, "loaded", external);
	}
	return result;
}

static void
load_execute(napi_env env, void *data)
{
	struct load *l = data;

	l->outcome.status = vaultenv_load(&l->settings.client,
	    &l->settings.load, &l->loaded, &l->outcome.err);
}

static void
load_complete(napi_env env, napi_status status, void *data)
{
	struct load *l = data;

	if (status == napi_ok)
		napi_resolve_deferred(env, l->deferred, load_result(env, l));
	napi_delete_async_work(env, l->work);
	load_free(l);
}

/* load(settings) -> Promise */
napi_value
addon_load(napi_env env, napi_callback_info info)
{
	napi_value argv[1], promise, name;
	size_t argc = 1;
	struct load *l;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (l = load_new(env, argv[0])) == NULL)
		return NULL;
	name = js_text(env, "vault-env.load", NAPI_AUTO_LENGTH);
	if (napi_create_promise(env, &l->deferred, &promise) == napi_ok &&
	    napi_create_async_work(env, NULL, name, load_execute, load_complete,
		l, &l->work) == napi_ok &&
	    napi_queue_async_work(env, l->work) == napi_ok)
		return promise;
	load_free(l);
	napi_throw_error(env, "ERR_VAULT_FAILED", "No work can be queued");
	return NULL;
}

/* loadSync(settings, "server" | "cache" | "file") */
napi_value
addon_load_sync(napi_env env, napi_callback_info info)
{
	napi_value argv[2], result;
	size_t argc = 2, len;
	char how[8] = "";
	struct load *l;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (l = load_new(env, argv[0])) == NULL)
		return NULL;
	napi_get_value_string_utf8(env, argv[1], how, sizeof(how), &len);
	if (strcmp(how, "cache") == 0) {
		l->outcome.status = vaultenv_load_cached(&l->settings.client,
		    &l->settings.load, &l->loaded, &l->outcome.err);
	} else {
		l->settings.client.no_key = strcmp(how, "file") == 0;
		load_execute(env, l);
	}
	result = load_result(env, l);
	load_free(l);
	return result;
}
