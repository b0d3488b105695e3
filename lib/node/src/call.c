/* SPDX-License-Identifier: MIT */
/*
 * call.c: parse, and the calls that concern one environment on the server:
 * pull, push and checkVersion. A call's client is opened on the JavaScript
 * thread, where the environment can be read; its requests are made in a thread
 * of the pool.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

struct call;
typedef int call_function(struct call *c);

struct call {
	struct work work;
	call_function *function;
	struct vaultenv_client *client;
	struct vaultenv_list *list; /* push: in; pull: out */
	int64_t version;
	char *updated_at;
};

static void
call_reset(struct work *w)
{
	struct call *c = (struct call *)w;

	vaultenv_client_free(&c->client);
	vaultenv_list_free(&c->list);
	free(c->updated_at);
}

static napi_value
call_result(napi_env env, struct work *w)
{
	napi_value result = js_outcome(env, &w->outcome), nothing = NULL;
	const struct call *c = (const struct call *)w;

	if (w->outcome.status != 0)
		return result;
	js_set_int(env, result, "version", c->version);
	if (c->list != NULL)
		js_set(env, result, "parsed", js_object_of(env, c->list));
	napi_get_null(env, &nothing);
	if (c->updated_at != NULL)
		js_set_text(env, result, "updatedAt", c->updated_at);
	else
		js_set(env, result, "updatedAt", nothing);
	return result;
}

static void
call_execute(struct work *w)
{
	struct call *c = (struct call *)w;

	/* Opening it may have failed already. */
	if (w->outcome.status == 0)
		w->outcome.status = c->function(c);
}

static const struct work_kind call_kind = { "vault-env.call", call_execute,
	call_result, call_reset };

/* A list that could not be made. */
static void
list_error(struct vaultenv_error *err, int code)
{
	vaultenv_error_set(err, code, NULL, "%s",
	    code == VAULTENV_ERR_INVALID
		? "A name is empty or holds a NUL or '=', or there are more "
		  "than 1,000,000 names or 16 MiB of values"
		: vaultenv_strerror(code));
}

/* Takes (settings) or (settings, pairs). */
static napi_value
call_start(napi_env env, napi_callback_info info, call_function *function)
{
	napi_value argv[2];
	size_t argc = 2;
	struct call *c;
	struct work *w;
	bool has_pairs = false;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    (c = work_new(env, argv[0], sizeof(*c), &call_kind)) == NULL)
		return NULL;
	w = &c->work;
	c->function = function;
	napi_is_array(env, argv[1], &has_pairs);
	if (has_pairs &&
	    (w->outcome.status = list_from_pairs(env, argv[1], &c->list)) != 0)
		list_error(&w->outcome.err, w->outcome.status);
	else
		w->outcome.status = vaultenv_client_open(
		    &w->settings.client, &c->client, &w->outcome.err);
	return work_start(env, w);
}

/* ---- what is done in the pool ---- */

static int
call_pull(struct call *c)
{
	const int r = vaultenv_secrets_pull(c->client, c->work.settings.version,
	    &c->list, &c->version, &c->work.outcome.err);

	if (r != 0)
		vaultenv_environments_explain(c->client, &c->work.outcome.err);
	return r;
}

static int
call_check_version(struct call *c)
{
	return vaultenv_secrets_current_version(
	    c->client, &c->version, &c->updated_at, &c->work.outcome.err);
}

static int
call_push(struct call *c)
{
	struct vaultenv_change_options *options = &c->work.settings.change;
	struct vaultenv_changed *changed = NULL;
	int r;

	options->list = c->list;
	r = vaultenv_secrets_change(
	    c->client, options, &changed, &c->work.outcome.err);
	if (r == 0)
		c->version = changed->version;
	vaultenv_changed_free(&changed);
	/* The result is a version only. */
	vaultenv_list_free(&c->list);
	return r;
}

/* ---- what JavaScript calls ---- */

napi_value
addon_pull(napi_env env, napi_callback_info info)
{
	return call_start(env, info, call_pull);
}

napi_value
addon_push(napi_env env, napi_callback_info info)
{
	return call_start(env, info, call_push);
}

napi_value
addon_check_version(napi_env env, napi_callback_info info)
{
	return call_start(env, info, call_check_version);
}

/* parse(buffer) -> { status, parsed } */
napi_value
addon_parse(napi_env env, napi_callback_info info)
{
	struct outcome o = { .status = 0 };
	struct vaultenv_list *list = NULL;
	napi_value argv[1], result;
	void *data = NULL;
	size_t argc = 1, len = 0;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok ||
	    napi_get_buffer_info(env, argv[0], &data, &len) != napi_ok)
		return NULL;
	o.status =
	    vaultenv_dotenv_parse(len > 0 ? data : "", len, &list, &o.err);
	result = js_outcome(env, &o);
	if (o.status == 0)
		js_set(env, result, "parsed", js_object_of(env, list));
	vaultenv_list_free(&list);
	return result;
}
