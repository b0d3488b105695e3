/* SPDX-License-Identifier: MIT */
/*
 * json-fuzz.c: whatever our reader takes, json-c takes too and reads the same
 * members from it, and our writer's text of a string reads back as that string.
 */
#include "config.h"

#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool good)
{
	if (!good)
		abort();
}

/*
 * json-c 0.16 decodes "\ud836\ude80", U+1DA80, and then takes it for half a
 * pair, since it looks at 16 bits only: all such characters become U+FFFD.
 */
static bool
json_c_cannot(const struct blob *strings)
{
	for (size_t i = 0; i + 3 < strings->len; i++) {
		const uint8_t *p = strings->data + i;

		if (p[0] >= 0xf0 && (p[1] & 15) == 13 && (p[2] & 0x20) != 0)
			return true;
	}
	return false;
}

/* Takes the text that stands for a string in our own writing. */
static void
check_rewritten(const char *text, size_t len)
{
	struct json_object o;
	struct blob doc;

	blob_init(&doc, SIZE_MAX);
	check(blob_append_str(&doc, "{\"a\":") == 0);
	check(json_append_string(&doc, text, len) == 0);
	check(blob_append_str(&doc, "}") == 0);
	check(json_object_parse(&o, (char *)doc.data, doc.len, 1) == 0);
	check(o.members[0].value.len == len &&
	      memcmp(o.members[0].value.text, text, len) == 0);
	json_object_reset(&o);
	blob_reset(&doc);
}

static void
check_array(struct json_object *o, const struct json_value *array,
    struct json_object *theirs)
{
	struct json_value item;
	size_t pos = 0, n = 0;

	while (json_array_next(o, array, &pos, &item) > 0) {
		struct json_object *t = json_object_array_get_idx(theirs, n++);

		if (item.type == JSON_STRING)
			check(json_object_get_string_len(t) == (int)item.len &&
			      memcmp(json_object_get_string(t), item.text,
				  item.len) == 0);
	}
	check(n == json_object_array_length(theirs));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_tokener *tokener;
	struct json_object *theirs, *t;
	struct json_object o;

	if (json_object_parse(&o, (const char *)data, len, 10000) != 0)
		return 0;
	if (json_c_cannot(&o.strings)) {
		json_object_reset(&o);
		return 0;
	}
	tokener = json_tokener_new_ex(64);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	theirs = json_tokener_parse_ex(tokener, (const char *)data, (int)len);
	check(json_tokener_get_error(tokener) == json_tokener_success);
	check((size_t)json_object_object_length(theirs) == o.n_members);
	for (size_t i = 0; i < o.n_members; i++) {
		const struct json_member *m = &o.members[i];

		check(strlen(m->name) == m->name_len);
		check(json_object_object_get_ex(theirs, m->name, &t));
		check_rewritten(m->name, m->name_len);
		if (m->value.type == JSON_ARRAY)
			check_array(&o, &m->value, t);
		if (m->value.type != JSON_STRING)
			continue;
		check(json_object_get_string_len(t) == (int)m->value.len &&
		      memcmp(json_object_get_string(t), m->value.text,
			  m->value.len) == 0);
		check_rewritten(m->value.text, m->value.len);
	}
	json_object_put(theirs);
	json_tokener_free(tokener);
	json_object_reset(&o);
	return 0;
}
