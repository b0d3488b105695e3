/* SPDX-License-Identifier: MIT */
/*
 * load.c: vaultenv_load() in its three forms, waiting (for vault-env/config,
 * before the program's first line) or in a thread of the pool.
 */
#include "addon.h"

#include <string.h>

struct load {
	struct work work;
	struct vaultenv_loaded *loaded;
};

static const napi_type_tag loaded_tag = { 0x9a3f1d7c52e84b06,
	0xb1c65e0f8d2a4793 };

static void
loaded_finalize(napi_env env, void *data, void *hint)
{
	struct vaultenv_loaded *loaded = data;

	vaultenv_loaded_free(&loaded);
}

const struct vaultenv_loaded *
loaded_of(napi_env env, napi_value value)
{
	return handle_data(env, value, &loaded_tag);
}

static napi_value
load_result(napi_env env, struct work *w)
{
	static const char *const sources[] = {
		[VAULTENV_SOURCE_FILE] = "file",
		[VAULTENV_SOURCE_SERVER] = "server",
		[VAULTENV_SOURCE_CACHE] = "cache",
		[VAULTENV_SOURCE_MIRROR] = "mirror",
	};
	napi_value result = js_outcome(env, &w->outcome), handle;
	struct load *l = (struct load *)w;
	const struct vaultenv_loaded *loaded = l->loaded;

	if (w->outcome.status != 0)
		return result;
	js_set_text(env, result, "source", sources[loaded->source]);
	js_set_int(env, result, "version", loaded->version);
	js_set(env, result, "parsed", js_object_of(env, loaded->variables));
	handle = handle_new(env, l->loaded, loaded_finalize, &loaded_tag);
	if (handle != NULL)
		l->loaded = NULL;
	js_set(env, result, "loaded", handle);
	return result;
}

static void
load_execute(struct work *w)
{
	struct outcome *o = &w->outcome;

	if ((o->status = files_read(&w->settings, &o->err)) == 0)
		o->status = vaultenv_load(&w->settings.client,
		    &w->settings.load, &((struct load *)w)->loaded, &o->err);
}

static void
load_reset(struct work *w)
{
	vaultenv_loaded_free(&((struct load *)w)->loaded);
}

static const struct work_kind load_kind = { "vault-env.load", load_execute,
	load_result, load_reset };

/* load(settings) -> Promise */
napi_value
addon_load(napi_env env, napi_callback_info info)
{
	napi_value argv[1];
	size_t argc = 1;
	struct load *l;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (l = work_new(env, argv[0], sizeof(*l), &load_kind)) == NULL)
		return NULL;
	return work_start(env, &l->work);
}

/* There is no cache that can be used, which is nobody's attack: of v2 it is
 * NETWORK where it is too old or another device's. */
static bool
is_missing(const struct vaultenv_error *err)
{
	return err->code == VAULTENV_ERR_NOT_FOUND ||
	       err->code == VAULTENV_ERR_NO_SECRETS ||
	       err->code == VAULTENV_ERR_DECRYPT ||
	       err->code == VAULTENV_ERR_NETWORK ||
	       err->code == VAULTENV_ERR_IO ||
	       strcmp(err->reason, "device_missing") == 0;
}

/*
 * The cache; where there is none that can be used the file alone, and a notice
 * why. The file is read once for both.
 */
static void
load_cached_execute(struct load *l)
{
	struct vaultenv_options *opts = &l->work.settings.client;
	struct outcome *o = &l->work.outcome;
	char why[VAULTENV_ERROR_LINE];

	if ((o->status = files_read(&l->work.settings, &o->err)) != 0)
		return;
	o->status = vaultenv_load_cached(
	    opts, &l->work.settings.load, &l->loaded, &o->err);
	if (is_missing(&o->err)) {
		vaultenv_error_line(&o->err, why);
		opts->no_key = 1;
		load_execute(&l->work);
		if (o->status == 0)
			notice_keep(&o->notices, why);
	}
}

/* loadSync(settings, "server" | "cache" | "file") */
napi_value
addon_load_sync(napi_env env, napi_callback_info info)
{
	napi_value argv[2], result;
	size_t argc = 2, len;
	char how[8] = "";
	struct load *l;
	struct work *w;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (l = work_new(env, argv[0], sizeof(*l), &load_kind)) == NULL)
		return NULL;
	w = &l->work;
	napi_get_value_string_utf8(env, argv[1], how, sizeof(how), &len);
	if (strcmp(how, "cache") == 0) {
		load_cached_execute(l);
	} else {
		w->settings.client.no_key = strcmp(how, "file") == 0;
		load_execute(w);
	}
	result = load_result(env, w);
	work_free(w);
	return result;
}
