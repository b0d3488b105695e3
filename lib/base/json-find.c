/* SPDX-License-Identifier: MIT */
/*
 * json-find.c: the members of an object that was read, by name and as what they
 * should be. Must not look at the document again.
 */
#include "config.h"

#include <string.h>

#include "base/json.h"

const struct json_value *
json_object_find(const struct json_object *o, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < o->n_members; i++) {
		const struct json_member *m = &o->members[i];

		if (m->name_len == len && memcmp(m->name, name, len) == 0)
			return &m->value;
	}
	return NULL;
}

const char *
json_find_text(const struct json_object *o, const char *name)
{
	const struct json_value *v = json_object_find(o, name);

	return v != NULL && v->type == JSON_STRING ? v->text : NULL;
}

bool
json_find_true(const struct json_object *o, const char *name)
{
	const struct json_value *v = json_object_find(o, name);

	return v != NULL && v->type == JSON_TRUE;
}

bool
json_find_int(
    const struct json_object *o, const char *name, int64_t min, int64_t *out)
{
	const struct json_value *v = json_object_find(o, name);

	return v != NULL && v->type == JSON_NUMBER &&
	       decimal_parse(v->text, v->len, JSON_INT_MAX, out) == 0 &&
	       *out >= min;
}
