/* SPDX-License-Identifier: MIT */
/*
 * input-v2.c: members of protocol v2 that are more than a text or a number.
 * Statements pass as text: what they say counts only once the request's MAC
 * was seen to be good. Must not know what a route does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "http/input-v2.h"

#define MEMBERS_MAX 8

bool
accept_statement(struct input *in, enum field field, const struct json_value *v)
{
	in->text[field] = v->text;
	return v->type == JSON_STRING && v->len > 0 &&
	       strlen(v->text) == v->len;
}

bool
accept_bool(struct input *in, enum field field, const struct json_value *v)
{
	in->number[field] = v->type == JSON_TRUE;
	return v->type == JSON_TRUE || v->type == JSON_FALSE;
}

/* Of an item's members, those that are there have their form. */
static bool
read_wrap(struct wrap_input *w, const struct json_object *o)
{
	const struct json_value *v;
	struct blob bytes;
	bool good = true;

	if ((v = json_object_find(o, "environment")) != NULL) {
		good = v->type == JSON_STRING && env_is_valid(v->text, v->len);
		if (good)
			memcpy(w->environment, v->text, v->len);
	}
	if (good && (v = json_object_find(o, "device_id")) != NULL) {
		good = v->type == JSON_STRING &&
		       uuid_is_canonical(v->text, v->len);
		if (good)
			memcpy(w->device, v->text, ID_LEN);
	}
	if (good && (v = json_object_find(o, "key_id")) != NULL)
		good = w->has_key_id =
		    v->type == JSON_STRING &&
		    hex_decode(w->key_id, HASH_LEN, v->text, v->len) == 0;
	if (!good || (v = json_object_find(o, "wrap")) == NULL)
		return good;
	blob_init(&bytes, SIZE_MAX);
	good = w->has_wrap = v->type == JSON_STRING &&
			     base64_decode(&bytes, v->text, v->len) == 0 &&
			     bytes.len == WRAP_LEN;
	if (good)
		memcpy(w->wrap, bytes.data, WRAP_LEN);
	blob_reset(&bytes);
	return good;
}

static bool
read_item(struct wrap_input *w, const struct json_value *v)
{
	struct json_object o;
	bool good;

	*w = (struct wrap_input){ .has_key_id = false };
	if (v->type != JSON_OBJECT ||
	    json_object_parse(&o, v->text, v->len, MEMBERS_MAX) != 0)
		return false;
	good = read_wrap(w, &o);
	json_object_reset(&o);
	return good;
}

bool
accept_wraps(struct input *in, enum field field, const struct json_value *v)
{
	struct json_value item;
	size_t pos = 0, n = 0;
	int r;

	(void)field;
	if (v->type != JSON_ARRAY)
		return false;
	while ((r = json_array_next(&in->json, v, &pos, &item)) == 1)
		n++;
	if (r != 0 || n > WRAPS_MAX)
		return false;
	/* One more: calloc() of none may be NULL. */
	if ((in->wraps = calloc(n + 1, sizeof(*in->wraps))) == NULL)
		return false;
	pos = 0;
	while (json_array_next(&in->json, v, &pos, &item) == 1) {
		if (!read_item(&in->wraps[in->n_wraps], &item) ||
		    !in->wraps[in->n_wraps].has_wrap)
			return false;
		in->n_wraps++;
	}
	return true;
}

bool
accept_after_wrap(
    struct input *in, enum field field, const struct json_value *v)
{
	(void)field;
	return read_item(&in->after, v) && in->after.has_key_id &&
	       in->after.device[0] != '\0';
}

/* 2026-01-31T12:00:00.000000Z, as audit/list writes it. */
static bool
time_is_valid(const char *text, size_t len)
{
	static const char form[] = "0000-00-00T00:00:00.000000Z";

	if (len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (form[i] == '0' ? text[i] < '0' || text[i] > '9'
				   : text[i] != form[i])
			return false;
	return true;
}

bool
accept_before(struct input *in, enum field field, const struct json_value *v)
{
	const struct json_value *at, *id;
	struct json_object o;
	bool good;

	(void)field;
	if (v->type != JSON_OBJECT ||
	    json_object_parse(&o, v->text, v->len, MEMBERS_MAX) != 0)
		return false;
	at = json_object_find(&o, "at");
	id = json_object_find(&o, "id");
	good = at != NULL && at->type == JSON_STRING &&
	       time_is_valid(at->text, at->len) && id != NULL &&
	       id->type == JSON_STRING && uuid_is_canonical(id->text, id->len);
	if (good) {
		memcpy(in->before_at, at->text, at->len);
		memcpy(in->before_id, id->text, id->len);
	}
	json_object_reset(&o);
	return good;
}
