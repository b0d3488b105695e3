/* SPDX-License-Identifier: MIT */
/*
 * base/json.h: JSON by the letter of RFC 8259, as both ends of the wire read
 * it.
 */
#ifndef VAULTENV_JSON_H
#define VAULTENV_JSON_H

#include "base/base.h"

/* ---- json.c, json-find.c: strict RFC 8259 reader ---- */

/*
 * Ours, because json-c accepts what v1 must refuse (duplicate names, \u0000 in
 * names, lone surrogates, overlong UTF-8, single quotes, NaN, raw newlines)
 * and leaves plaintext in freed memory. It reads one object at a
 * time; arrays and objects inside are handed out as text, to be read in turn.
 */
#define JSON_INT_MAX (((int64_t)1 << 53) - 1) /* RFC 8259 section 6 */

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json_value {
	enum json_kind type;
	/* STRING: decoded text, NUL-terminated, in the document's memory.
	 * Others: the text as it stands in the document, not terminated. */
	const char *text;
	size_t len;
};

struct json_member {
	const char *name; /* decoded, NUL-terminated, no NUL inside */
	size_t name_len;
	struct json_value value;
};

struct json_object {
	struct json_member *members; /* in document order */
	size_t n_members;
	struct blob strings; /* decoded text lives here; wiped */
	const char *text;    /* borrowed: the document; json.c's own */
};

/*
 * Consumes all of text. INVALID: not one JSON object, or a duplicate name, a
 * NUL, a lone surrogate, bad UTF-8, nesting deeper than 32, more than
 * max_members members. Borrows text. reset() wipes and frees.
 */
int json_object_parse(
    struct json_object *o, const char *text, size_t len, size_t max_members);
void json_object_reset(struct json_object *o);
const struct json_value *
json_object_find(const struct json_object *o, const char *name);
/* Steps over an ARRAY value: *pos starts at 0. 1: *item set; 0: end. Items
 * that are strings are decoded into o->strings. Negative: NOMEM. */
int json_array_next(struct json_object *o, const struct json_value *array,
    size_t *pos, struct json_value *item);
/* Text of a string member, in o's memory; NULL: not there, or no string. */
const char *json_find_text(const struct json_object *o, const char *name);
/* False: not there, or anything but true. */
bool json_find_true(const struct json_object *o, const char *name);
/* A whole number of min to JSON_INT_MAX. False: not there, or not one. */
bool json_find_int(
    const struct json_object *o, const char *name, int64_t min, int64_t *out);

/* ---- json-write.c ---- */

/* Appends "text" with quotes and escapes. INVALID: not UTF-8, or a NUL, which
 * the reader refuses. */
int json_append_string(struct blob *out, const char *text, size_t len);
/* The same of any bytes, in printable ASCII: a byte that is none is written as
 * \u00XX, so that no terminal or reader of lines is led astray. */
int json_append_ascii(struct blob *out, const char *text, size_t len);

/*
 * A document that is being made. What is put into it returns nothing: after a
 * first failure nothing more is written, and r says at the end what it was:
 * NOMEM, or INVALID for text that is no UTF-8, holds a NUL or is beyond the
 * maximum. Commas come by themselves.
 */
struct json_writer {
	struct blob text;
	int r;
};

void json_writer_init(struct json_writer *w, size_t max);
void json_writer_reset(struct json_writer *w);
/* An object or an array, as the next value; and its end. */
void json_begin(struct json_writer *w, char bracket);
void json_end(struct json_writer *w, char bracket);
/* As it stands: brackets, and values that are JSON already. */
void json_put_raw(struct json_writer *w, const char *text);
void json_put_string(struct json_writer *w, const char *text, size_t len);
/* A member's name and colon; its value comes next. */
void json_put_name(struct json_writer *w, const char *name);
/* A whole member. A text that is NULL is null. */
void json_put_text(struct json_writer *w, const char *name, const char *text);
void json_put_int(struct json_writer *w, const char *name, int64_t value);
void json_put_base64(
    struct json_writer *w, const char *name, const uint8_t *data, size_t len);

#endif /* VAULTENV_JSON_H */
