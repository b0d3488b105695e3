/* SPDX-License-Identifier: MIT */
/*
 * secrets.c: the JSON inside a blob of protocol v2, {"secrets":{name: value,
 * ...},"changed":[...]}: taken only if it can mean one thing. Must not know
 * which names a client passes over.
 */
#include "config.h"

#include <string.h>

#include "vault/open.h"

static int
as_code(int r)
{
	return r == VAULTENV_ERR_INVALID ? CODE_BLOB_JSON : r;
}

static int check_value(struct json_object *o, const struct json_value *v);

/* A name twice could be read either way, at any level. */
static int
check_object(const struct json_value *v)
{
	struct json_object o;
	int r;

	r = json_object_parse(&o, v->text, v->len, SECRETS_MAX);
	if (r != 0)
		return as_code(r);
	for (size_t i = 0; r == 0 && i < o.n_members; i++)
		r = check_value(&o, &o.members[i].value);
	json_object_reset(&o);
	return r;
}

/* Nesting was bounded when the whole was read. */
static int
check_value(struct json_object *o, const struct json_value *v)
{
	struct json_value item;
	size_t pos = 0;
	int r = 0;

	if (v->type == JSON_OBJECT)
		return check_object(v);
	if (v->type != JSON_ARRAY)
		return 0;
	while (r == 0 && json_array_next(o, v, &pos, &item) > 0)
		r = check_value(o, &item);
	return r;
}

static bool
are_secrets(const struct json_object *o)
{
	for (size_t i = 0; i < o->n_members; i++) {
		const struct json_member *m = &o->members[i];

		if (m->value.type != JSON_STRING || m->name_len == 0 ||
		    memchr(m->name, '=', m->name_len) != NULL)
			return false;
	}
	return true;
}

int
secrets_read(struct json_object *o, const char *text, size_t len)
{
	const struct json_value *secrets;
	struct json_object all;
	int r;

	*o = (struct json_object){ .n_members = 0 };
	r = json_object_parse(&all, text, len, SECRETS_MAX);
	if (r != 0)
		return as_code(r);
	r = CODE_BLOB_JSON;
	secrets = json_object_find(&all, "secrets");
	if (secrets == NULL || secrets->type != JSON_OBJECT)
		goto out;
	r = as_code(
	    json_object_parse(o, secrets->text, secrets->len, SECRETS_MAX));
	if (r == 0 && !are_secrets(o))
		r = CODE_BLOB_JSON;
	for (size_t i = 0; r == 0 && i < all.n_members; i++)
		if (&all.members[i].value != secrets)
			r = check_value(&all, &all.members[i].value);
	if (r != 0)
		json_object_reset(o);
out:
	json_object_reset(&all);
	return r;
}
