/* SPDX-License-Identifier: MIT */
/*
 * convert.c: between JavaScript values and C: options in, results out. Knows
 * nothing of what the calls do.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

static napi_value
member(napi_env env, napi_value object, const char *name, napi_valuetype type)
{
	napi_value value;
	napi_valuetype is;

	if (napi_get_named_property(env, object, name, &value) != napi_ok ||
	    napi_typeof(env, value, &is) != napi_ok || is != type)
		return NULL;
	return value;
}

/* Text of a string, for free(); *len without its NUL. */
static char *
text_of(napi_env env, napi_value value, size_t *len)
{
	char *text;

	if (napi_get_value_string_utf8(env, value, NULL, 0, len) != napi_ok ||
	    (text = malloc(*len + 1)) == NULL)
		return NULL;
	if (napi_get_value_string_utf8(env, value, text, *len + 1, len) !=
	    napi_ok) {
		free(text);
		return NULL;
	}
	return text;
}

char *
js_get_text(napi_env env, napi_value object, const char *name)
{
	napi_value value = member(env, object, name, napi_string);
	size_t len;

	return value == NULL ? NULL : text_of(env, value, &len);
}

bool
js_get_bool(napi_env env, napi_value object, const char *name)
{
	napi_value value = member(env, object, name, napi_boolean);
	bool flag = false;

	if (value != NULL)
		napi_get_value_bool(env, value, &flag);
	return flag;
}

int64_t
js_get_int(napi_env env, napi_value object, const char *name, int64_t otherwise)
{
	napi_value value = member(env, object, name, napi_number);
	int64_t number = otherwise;

	if (value != NULL)
		napi_get_value_int64(env, value, &number);
	return number;
}

/* The text of an element, for free(). */
static char *
element_text(napi_env env, napi_value array, uint32_t i, size_t *len)
{
	napi_handle_scope scope;
	napi_value value;
	char *text = NULL;

	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return NULL;
	if (napi_get_element(env, array, i, &value) == napi_ok)
		text = text_of(env, value, len);
	napi_close_handle_scope(env, scope);
	return text;
}

char **
js_get_names(napi_env env, napi_value object, const char *name)
{
	napi_value array = member(env, object, name, napi_object);
	uint32_t i, n = 0;
	char **names;
	size_t len;

	if (array == NULL || napi_get_array_length(env, array, &n) != napi_ok ||
	    (names = calloc((size_t)n + 1, sizeof(*names))) == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		if ((names[i] = element_text(env, array, i, &len)) == NULL)
			break;
	return names;
}

void
js_names_free(char ***names)
{
	char **name = *names;

	for (; name != NULL && *name != NULL; name++)
		free(*name);
	free(*names);
	*names = NULL;
}

napi_value
js_text(napi_env env, const char *text, size_t len)
{
	napi_value value = NULL;

	napi_create_string_utf8(env, text, len, &value);
	return value;
}

void
js_set(napi_env env, napi_value object, const char *name, napi_value value)
{
	if (value != NULL)
		napi_set_named_property(env, object, name, value);
}

void
js_set_text(napi_env env, napi_value object, const char *name, const char *text)
{
	js_set(env, object, name, js_text(env, text, strlen(text)));
}

void
js_set_int(napi_env env, napi_value object, const char *name, int64_t number)
{
	napi_value value = NULL;

	napi_create_int64(env, number, &value);
	js_set(env, object, name, value);
}

napi_value
js_object_of(napi_env env, const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;
	napi_property_descriptor property = { .attributes =
						  napi_default_jsproperty };
	napi_value object = NULL, name, value;
	napi_handle_scope scope;
	size_t i;

	napi_create_object(env, &object);
	for (i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		if (napi_open_handle_scope(env, &scope) != napi_ok)
			break;
		name = js_text(env, pair->name, NAPI_AUTO_LENGTH);
		value = js_text(env, pair->value, pair->value_len);
		property.name = name;
		property.value = value;
		/* Defined, not set: __proto__ is a name as any other. */
		if (name != NULL && value != NULL)
			napi_define_properties(env, object, 1, &property);
		napi_close_handle_scope(env, scope);
	}
	return object;
}

int
list_from_pairs(napi_env env, napi_value pairs, struct vaultenv_list **out)
{
	struct vaultenv_list *list = NULL;
	char *name = NULL, *value = NULL;
	size_t name_len, value_len = 0;
	uint32_t i, n = 0;
	int r;

	napi_get_array_length(env, pairs, &n);
	r = vaultenv_list_new(&list);
	for (i = 0; r == 0 && i + 1 < n; i += 2) {
		name = element_text(env, pairs, i, &name_len);
		value = element_text(env, pairs, i + 1, &value_len);
		if (name == NULL || value == NULL)
			r = VAULTENV_ERR_NOMEM;
		else if (strlen(name) != name_len)
			r = VAULTENV_ERR_INVALID;
		else
			r = vaultenv_list_set(list, name, value, value_len);
		free(name);
		vaultenv_text_free(&value, value_len);
	}
	if (r != 0)
		vaultenv_list_free(&list);
	else
		*out = list;
	return r;
}

const char *
status_name(int status)
{
	static const char *const names[] = {
		[-VAULTENV_OK] = "OK",
		[-VAULTENV_ERR_NOMEM] = "NOMEM",
		[-VAULTENV_ERR_INVALID] = "INVALID",
		[-VAULTENV_ERR_NO_KEY] = "NO_KEY",
		[-VAULTENV_ERR_IO] = "IO",
		[-VAULTENV_ERR_NETWORK] = "NETWORK",
		[-VAULTENV_ERR_SERVER] = "SERVER",
		[-VAULTENV_ERR_PROTOCOL] = "PROTOCOL",
		[-VAULTENV_ERR_UNAUTHORIZED] = "UNAUTHORIZED",
		[-VAULTENV_ERR_PENDING] = "PENDING",
		[-VAULTENV_ERR_DEVICE] = "DEVICE",
		[-VAULTENV_ERR_FORBIDDEN] = "FORBIDDEN",
		[-VAULTENV_ERR_NOT_FOUND] = "NOT_FOUND",
		[-VAULTENV_ERR_NO_SECRETS] = "NO_SECRETS",
		[-VAULTENV_ERR_CONFLICT] = "CONFLICT",
		[-VAULTENV_ERR_DECRYPT] = "DECRYPT",
		[-VAULTENV_ERR_EXISTS] = "EXISTS",
		[-VAULTENV_ERR_UNWRITABLE] = "UNWRITABLE",
		[-VAULTENV_ERR_CLOCK] = "CLOCK",
		[-VAULTENV_ERR_CRYPTO] = "CRYPTO",
		[-VAULTENV_ERR_VERIFY] = "VERIFY",
		[-VAULTENV_ERR_UNTRUSTED] = "UNTRUSTED",
	};
	const size_t n = sizeof(names) / sizeof(names[0]);

	/* An installed library may be newer than this table. */
	return status <= 0 && status > -(int)n ? names[-status] : "FAILED";
}

void
notice_keep(void *arg, const char *text)
{
	struct notices *notices = arg;
	char *copy;

	if (notices->n < NOTICES_MAX && (copy = strdup(text)) != NULL)
		notices->text[notices->n++] = copy;
}

napi_value
js_outcome(napi_env env, struct outcome *o)
{
	napi_value result = NULL, notices = NULL;
	size_t i;

	napi_create_object(env, &result);
	napi_create_array(env, &notices);
	for (i = 0; i < o->notices.n; i++) {
		napi_set_element(env, notices, (uint32_t)i,
		    js_text(env, o->notices.text[i], NAPI_AUTO_LENGTH));
		free(o->notices.text[i]);
	}
	o->notices.n = 0;
	js_set(env, result, "notices", notices);
	js_set_text(env, result, "status", status_name(o->status));
	if (o->status != 0) {
		js_set_text(env, result, "text", o->err.text);
		js_set_text(env, result, "hint", o->err.hint);
		js_set_text(env, result, "reason", o->err.reason);
		js_set_int(
		    env, result, "currentVersion", o->err.current_version);
	}
	return result;
}

napi_value
handle_new(
    napi_env env, void *data, napi_finalize finalize, const napi_type_tag *tag)
{
	napi_value object = NULL;
	void *same;

	if (napi_create_object(env, &object) != napi_ok ||
	    napi_wrap(env, object, data, finalize, NULL, NULL) != napi_ok)
		return NULL;
	if (napi_type_tag_object(env, object, tag) != napi_ok) {
		napi_remove_wrap(env, object, &same);
		return NULL;
	}
	return object;
}

void *
handle_data(napi_env env, napi_value value, const napi_type_tag *tag)
{
	napi_valuetype type;
	bool same = false;
	void *data;

	if (napi_typeof(env, value, &type) != napi_ok || type != napi_object ||
	    napi_check_object_type_tag(env, value, tag, &same) != napi_ok ||
	    !same || napi_unwrap(env, value, &data) != napi_ok)
		return NULL;
	return data;
}

void
settings_read(napi_env env, napi_value object, struct settings *s)
{
	napi_value texts;

	memset(s, 0, sizeof(*s));
	s->client.path = js_get_text(env, object, "path");
	s->client.environment = js_get_text(env, object, "environment");
	s->client.url = js_get_text(env, object, "url");
	s->client.vault_key = js_get_text(env, object, "vaultKey");
	s->client.device_secret = js_get_text(env, object, "deviceSecret");
	s->client.ca_file = js_get_text(env, object, "caFile");
	/* As Node.js's own https has it. */
	s->client.extra_ca_variable = "NODE_EXTRA_CA_CERTS";
	s->load.no_cache = !js_get_bool(env, object, "cache");
	s->load.override = js_get_bool(env, object, "override");
	s->load.mirror = js_get_text(env, object, "mirror");
	s->allow = js_get_names(env, object, "allow");
	s->load.allow = (const char *const *)s->allow;
	s->layers = js_get_names(env, object, "layers");
	if ((texts = member(env, object, "texts", napi_object)) != NULL)
		files_take(env, texts, s);
	s->load.fresh_s = js_get_int(env, object, "freshS", 0);
	s->version = js_get_int(env, object, "version", 0);
	s->change = (struct vaultenv_change_options){
		.base_version = js_get_int(env, object, "baseVersion", -1),
		.ours = js_get_bool(env, object, "ours"),
		.theirs = js_get_bool(env, object, "theirs"),
		.replace = js_get_bool(env, object, "replace"),
		.merge = js_get_bool(env, object, "merge"),
		.force = js_get_bool(env, object, "force"),
	};
}

static void
wipe_free(const char *text)
{
	char *own = (char *)(uintptr_t)text;

	if (own != NULL)
		vaultenv_text_free(&own, strlen(own));
}

void
settings_reset(struct settings *s)
{
	wipe_free(s->client.path);
	wipe_free(s->client.environment);
	wipe_free(s->client.url);
	wipe_free(s->client.vault_key);
	wipe_free(s->client.device_secret);
	wipe_free(s->client.ca_file);
	wipe_free(s->load.mirror);
	js_names_free(&s->allow);
	js_names_free(&s->layers);
	vaultenv_envfile_free(&s->file);
	memset(s, 0, sizeof(*s));
}
