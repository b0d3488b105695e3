/* SPDX-License-Identifier: MIT */
/* judge-open.h: how the library answers to the cases of kinds bundle and cache.
 */
#ifndef JUDGE_OPEN_H
#define JUDGE_OPEN_H

#include "vault/open.h"
#include "vectors-v2.h"

/* What the case gives besides what is opened. */
struct machine {
	struct vault_key key, next;
	struct device device;
	struct pins pins;
	struct members log;
	struct opening in;
};

static inline int
read_pins(struct machine *m, struct json_object *c)
{
	const struct text own = vector_text(c, "heads");
	const struct text shared = vector_text(c, "vault_heads");
	bool other;
	int r = 0;

	if (vector_get(c, "heads") != NULL)
		r = pins_read(
		    &m->pins, m->key.project, own.at, own.len, false, &other);
	if (r == 0 && vector_get(c, "vault_heads") != NULL)
		r = pins_read(&m->pins, m->key.project, shared.at, shared.len,
		    true, &other);
	return r;
}

static inline int
read_keys(struct machine *m, struct json_object *c)
{
	const char *next = vector_str(c, "vault_key_next");
	int r;

	if ((r = vault_key_read(&m->key, vector_str(c, "vault_key"))) != 0)
		return r;
	if (next != NULL && (r = vault_key_read(&m->next, next)) != 0)
		return r;
	return device_read(
	    &m->device, m->key.project, vector_str(c, "device_secret"));
}

static inline int
machine_init(struct machine *m, struct json_object *c)
{
	struct text *log;
	size_t n;
	int r;

	*m = (struct machine){ .pins.n_envs = 0 };
	if ((r = read_keys(m, c)) != 0 || (r = read_pins(m, c)) != 0)
		return r;
	log = vector_texts(c, "log", &n);
	vector_log(&m->log, m->key.project, log, n);
	free(log);
	m->in = (struct opening){ .key = &m->key,
		.next =
		    vector_get(c, "vault_key_next") == NULL ? NULL : &m->next,
		.device = &m->device,
		.env = vector_str(c, "environment"),
		.version = vector_int(c, "version"),
		.now_ms = vector_int(c, "now"),
		.pins = &m->pins,
		.source = vector_int(c, "mirror") ? FROM_MIRROR : FROM_SERVER };
	return 0;
}

static inline void
machine_reset(struct machine *m)
{
	pins_reset(&m->pins);
	members_reset(&m->log);
}

static inline void
show(struct json_object *result, const struct opened *o)
{
	struct json_object *secrets = json_object_new_object();

	for (size_t i = 0; i < o->secrets.n_members; i++)
		json_object_object_add(secrets, o->secrets.members[i].name,
		    json_object_new_string_len(o->secrets.members[i].value.text,
			(int)o->secrets.members[i].value.len));
	json_object_object_add(result, "version",
	    json_object_new_int64(o->history.wanted->version));
	json_object_object_add(result, "author",
	    json_object_new_string(o->history.wanted->author));
	json_object_object_add(result, "secrets", secrets);
}

static inline int
open_text(struct machine *m, struct text text, struct json_object *result)
{
	struct finding why;
	struct bundle b;
	struct opened o;
	int r;

	if ((r = bundle_read(&b, text.at, text.len)) != 0)
		return r;
	r = bundle_open(&m->in, &m->log, &b, &o, &why);
	if (r == 0)
		show(result, &o);
	else
		ok(o.secrets.n_members == 0, "and nothing is given out");
	opened_reset(&o);
	bundle_reset(&b);
	return r;
}

/* A deep copy of a case's bundle, with the strings that stand for others. */
static inline struct json_object *
unpacked(struct json_object *v)
{
	struct json_object *copy;

	v = vector_value(v);
	if (json_object_is_type(v, json_type_array)) {
		copy = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(v); i++)
			json_object_array_add(
			    copy, unpacked(json_object_array_get_idx(v, i)));
		return copy;
	}
	if (json_object_is_type(v, json_type_object)) {
		copy = json_object_new_object();
		json_object_object_foreach(v, name, member)
		    json_object_object_add(copy, name, unpacked(member));
		return copy;
	}
	return json_object_get(v);
}

static inline int
judge_bundle(struct json_object *c, struct json_object *result)
{
	struct json_object *bundle = unpacked(vector_get(c, "bundle"));
	struct machine m;
	struct text text;
	int r;

	text.at =
	    json_object_to_json_string_ext(bundle, JSON_C_TO_STRING_PLAIN);
	text.len = strlen(text.at);
	if ((r = machine_init(&m, c)) == 0)
		r = open_text(&m, text, result);
	machine_reset(&m);
	json_object_put(bundle);
	return r;
}

static inline int
judge_cache(struct json_object *c, struct json_object *result)
{
	const struct text file = vector_text(c, "file");
	struct machine m;
	struct text bundle;
	int r;

	if ((r = machine_init(&m, c)) != 0)
		goto out;
	m.in.source = FROM_CACHE;
	r = cachefile_read(
	    &m.in, file.at, file.len, &m.in.cached_at_ms, &bundle);
	if (r == 0)
		r = open_text(&m, bundle, result);
out:
	machine_reset(&m);
	return r;
}

#endif
