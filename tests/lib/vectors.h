/* SPDX-License-Identifier: MIT */
/*
 * vectors.h: the vectors of another implementation, for tests/lib. They are
 * read with json-c, so that our own reader is not judge in its own case.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

/* One array of tests/vectors/protocol-v1.json; exits if it is not there. */
static inline struct json_object *
vectors_load(const char *name)
{
	const char *dir = getenv("TOP_SRCDIR");
	struct json_object *all, *list = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/vectors/protocol-v1.json",
	    dir != NULL ? dir : ".");
	all = json_object_from_file(path);
	if (!json_object_object_get_ex(all, name, &list)) {
		printf("Bail out! no %s in %s: %s\n", name, path,
		    json_util_get_last_err());
		exit(1);
	}
	json_object_get(list);
	json_object_put(all);
	return list;
}

/* Borrowed; NULL for null. */
static inline const char *
vector_text(struct json_object *list, size_t i, const char *name)
{
	return json_object_get_string(
	    json_object_object_get(json_object_array_get_idx(list, i), name));
}

static inline size_t
vector_len(struct json_object *list, size_t i, const char *name)
{
	return (size_t)json_object_get_string_len(
	    json_object_object_get(json_object_array_get_idx(list, i), name));
}

#endif
