/* SPDX-License-Identifier: MIT */
/*
 * reply.c: declared members -> values of a form that is known, before anything
 * else sees them: whatever a server answers, a caller gets what its rows say or
 * nothing. Must not know what a call does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define TEXT_MAX 512 /* bytes of a name or time that are kept */

int
take_string(struct json_object *o, const struct json_value *v, void *out)
{
	(void)o;
	if (v == NULL || v->type != JSON_STRING)
		return VAULTENV_ERR_PROTOCOL;
	*(struct json_value *)out = *v;
	return 0;
}

int
take_text(struct json_object *o, const struct json_value *v, void *out)
{
	struct json_value string;
	char **text = out;
	int r;

	if ((r = take_string(o, v, &string)) != 0)
		return r;
	*text = text_printable(string.text, TEXT_MAX);
	return *text != NULL ? 0 : VAULTENV_ERR_NOMEM;
}

int
take_text_or_null(struct json_object *o, const struct json_value *v, void *out)
{
	if (v != NULL && v->type == JSON_NULL)
		return 0;
	return take_text(o, v, out);
}

int
take_uuid(struct json_object *o, const struct json_value *v, void *out)
{
	if (v == NULL || v->type != JSON_STRING ||
	    !uuid_is_canonical(v->text, v->len))
		return VAULTENV_ERR_PROTOCOL;
	return take_text(o, v, out);
}

int
take_version_or_0(struct json_object *o, const struct json_value *v, void *out)
{
	(void)o;
	if (v == NULL || v->type != JSON_NUMBER ||
	    decimal_parse(v->text, v->len, JSON_INT_MAX, out) != 0)
		return VAULTENV_ERR_PROTOCOL;
	return 0;
}

int
take_version(struct json_object *o, const struct json_value *v, void *out)
{
	int64_t version;

	if (take_version_or_0(o, v, &version) != 0 || version == 0)
		return VAULTENV_ERR_PROTOCOL;
	*(int64_t *)out = version;
	return 0;
}

int
take_true(struct json_object *o, const struct json_value *v, void *out)
{
	(void)o;
	(void)out;
	return v != NULL && v->type == JSON_TRUE ? 0 : VAULTENV_ERR_PROTOCOL;
}

/* One object more at the end of items. */
static int
item_take(struct items *items, const struct wanted *row,
    const struct json_value *v, const char **bad)
{
	struct json_object o;
	char *grown;
	int r;

	*bad = row->name;
	if (v->type != JSON_OBJECT)
		return VAULTENV_ERR_PROTOCOL;
	grown = reallocarray(items->at, items->n + 1, row->item_size);
	if (grown == NULL)
		return VAULTENV_ERR_NOMEM;
	items->at = grown;
	r = json_object_parse(&o, v->text, v->len, ANSWER_MEMBERS_MAX);
	if (r != 0)
		return r == VAULTENV_ERR_NOMEM ? r : VAULTENV_ERR_PROTOCOL;
	grown += items->n++ * row->item_size;
	memset(grown, 0, row->item_size);
	r = members_take(&o, row->items, grown, bad);
	json_object_reset(&o);
	return r;
}

static int
items_take(struct json_object *o, const struct wanted *row,
    const struct json_value *v, struct items *items, const char **bad)
{
	struct json_value item;
	size_t pos = 0;
	int r = 0;

	*bad = row->name;
	if (v == NULL || v->type != JSON_ARRAY)
		return VAULTENV_ERR_PROTOCOL;
	while (r == 0 && json_array_next(o, v, &pos, &item) > 0)
		r = item_take(items, row, &item, bad);
	return r;
}

int
members_take(struct json_object *o, const struct wanted *rows, void *into,
    const char **bad)
{
	const struct wanted *row;
	int r = 0;

	for (row = rows; r == 0 && row->name != NULL; row++) {
		const struct json_value *v = json_object_find(o, row->name);
		void *out = (char *)into + row->at;

		*bad = row->name;
		r = row->items != NULL ? items_take(o, row, v, out, bad)
				       : row->take(o, v, out);
	}
	return r;
}
