/* SPDX-License-Identifier: MIT */
/*
 * vectors-v2.h: the cases of tests/vectors/protocol-v2.json, made and judged by
 * another implementation (tests/interop/reference.py). A case says which code
 * refuses it; the test answers with the library's.
 */
#ifndef VECTORS_V2_H
#define VECTORS_V2_H

#include <json-c/json.h>

#include "base/base.h"
#include "tap.h"
#include "trust/members.h"
#include "wire/statement.h"

static struct json_object *vectors_v2;

static inline void
vectors_open_file(const char *path)
{
	if ((vectors_v2 = json_object_from_file(path)) == NULL) {
		printf("Bail out! %s: %s\n", path, json_util_get_last_err());
		exit(1);
	}
}

static inline void
vectors_open(void)
{
	const char *dir = getenv("TOP_SRCDIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/vectors/protocol-v2.json",
	    dir != NULL ? dir : ".");
	if (vectors_v2 == NULL)
		vectors_open_file(path);
}

/* A string "@7" stands for the seventh of "strings". */
static inline struct json_object *
vector_value(struct json_object *v)
{
	const char *text = json_object_get_string(v);

	if (!json_object_is_type(v, json_type_string) || text[0] != '@')
		return v;
	return json_object_array_get_idx(
	    json_object_object_get(vectors_v2, "strings"),
	    strtoul(text + 1, NULL, 10));
}

/* NULL for null and for what is not there. */
static inline struct json_object *
vector_get(struct json_object *c, const char *name)
{
	return vector_value(json_object_object_get(c, name));
}

static inline const char *
vector_str(struct json_object *c, const char *name)
{
	return json_object_get_string(vector_get(c, name));
}

static inline struct text
vector_text(struct json_object *c, const char *name)
{
	struct json_object *v = vector_get(c, name);

	if (v == NULL)
		return (struct text){ "", 0 };
	return (struct text){ json_object_get_string(v),
		(size_t)json_object_get_string_len(v) };
}

static inline int64_t
vector_int(struct json_object *c, const char *name)
{
	return json_object_get_int64(vector_get(c, name));
}

/* Hex of any length up to max. Returns the number of bytes. */
static inline size_t
vector_hex(struct json_object *c, const char *name, uint8_t *out, size_t max)
{
	const struct text hex = vector_text(c, name);

	if (hex.len / 2 > max ||
	    hex_decode(out, hex.len / 2, hex.at, hex.len) != 0) {
		printf("Bail out! %s is no hex\n", name);
		exit(1);
	}
	return hex.len / 2;
}

/* An array of strings, *n of them, for free(). */
static inline struct text *
vector_texts(struct json_object *c, const char *name, size_t *n)
{
	struct json_object *list = vector_get(c, name);
	struct text *texts;

	*n = list == NULL ? 0 : json_object_array_length(list);
	texts = calloc(*n + 1, sizeof(*texts));
	for (size_t i = 0; i < *n; i++) {
		struct json_object *v =
		    vector_value(json_object_array_get_idx(list, i));

		texts[i].at = json_object_get_string(v);
		texts[i].len = (size_t)json_object_get_string_len(v);
	}
	return texts;
}

static inline struct json_object *
vector_case(const char *kind, const char *name)
{
	struct json_object *cases, *c;

	vectors_open();
	cases = json_object_object_get(vectors_v2, "cases");
	for (size_t i = 0; i < json_object_array_length(cases); i++) {
		c = json_object_array_get_idx(cases, i);
		if (strcmp(vector_str(c, "kind"), kind) == 0 &&
		    strcmp(vector_str(c, "name"), name) == 0)
			return c;
	}
	printf("Bail out! no case %s of %s\n", name, kind);
	exit(1);
}

/* A log of the file that is known to be good. */
static inline void
vector_log(struct members *m, const char *project, const struct text *entries,
    size_t n)
{
	size_t n_good;

	members_init(m, project);
	if (members_continue(m, 0, entries, n, false, &n_good) != 0) {
		printf("Bail out! entry %zu of a log is not good\n", n_good);
		exit(1);
	}
}

/* The library's answer to a case, and what it made of it where that is
 * compared: result is filled with what the file has, or left empty. */
typedef int vector_judge(struct json_object *c, struct json_object *result);

static inline void
vectors_run(const char *kind, vector_judge *judge)
{
	struct json_object *cases, *c, *result, *want;
	const char *refuse;
	size_t n = 0;
	int code;

	vectors_open();
	cases = json_object_object_get(vectors_v2, "cases");
	for (size_t i = 0; i < json_object_array_length(cases); i++) {
		c = json_object_array_get_idx(cases, i);
		if (strcmp(vector_str(c, "kind"), kind) != 0)
			continue;
		n++;
		result = json_object_new_object();
		code = judge(c, result);
		refuse = vector_str(c, "refuse");
		ok(code == (refuse == NULL ? 0
					   : code_find(refuse, strlen(refuse))),
		    "%s: %s: %s", kind, vector_str(c, "name"),
		    refuse == NULL ? "accepted" : refuse);
		if (code < 0 || strcmp(code_name(code),
				    refuse == NULL ? "good" : refuse) != 0)
			printf("# got: %d %s\n", code, code_name(code));
		want = vector_get(c, "result");
		if (want != NULL && json_object_object_length(want) > 0 &&
		    !ok(json_object_equal(result, want), "with its result"))
			printf("# got:  %s\n# want: %s\n",
			    json_object_to_json_string(result),
			    json_object_to_json_string(want));
		json_object_put(result);
	}
	ok(n > 0, "%zu cases of %s", n, kind);
}

static inline void
result_hex(struct json_object *result, const char *name, const uint8_t *data,
    size_t len)
{
	char hex[2 * 256 + 1];

	hex_encode(hex, data, len);
	json_object_object_add(result, name, json_object_new_string(hex));
}

#endif
