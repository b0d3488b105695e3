/* SPDX-License-Identifier: MIT */
/*
 * json-write.c: JSON text, made: a string, or a document piece by piece, by a
 * writer whose first failure sticks. Must write nothing that json.c would
 * refuse.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define ESCAPE_MAX sizeof("\\u0000")

/* \u00XX: its length. */
static size_t
escape_long(char out[ESCAPE_MAX], unsigned char c)
{
	memcpy(out, "\\u00", 4);
	hex_encode(out + 4, &c, 1);
	return ESCAPE_MAX - 1;
}

/* What stands for a character below U+0020, a quote or a backslash. */
static size_t
escape(char out[ESCAPE_MAX], unsigned char c)
{
	static const char short_forms[] = "btn\0fr"; /* \b to \r, no \v */
	const bool is_short = c >= '\b' && c <= '\r' && c != '\v';

	if (c < 0x20 && !is_short)
		return escape_long(out, c);
	out[0] = '\\';
	out[1] = is_short ? short_forms[c - '\b'] : (char)c;
	return 2;
}

static bool
is_escaped(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

int
json_append_string(struct blob *out, const char *text, size_t len)
{
	const size_t start = out->len;
	char escaped[ESCAPE_MAX];
	size_t run = 0;
	int r;

	if (!utf8_is_valid(text, len) || memchr(text, '\0', len) != NULL)
		return VAULTENV_ERR_INVALID;
	if ((r = blob_append(out, "\"", 1)) != 0)
		goto out;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (!is_escaped(c))
			continue;
		if ((r = blob_append(out, text + run, i - run)) != 0 ||
		    (r = blob_append(out, escaped, escape(escaped, c))) != 0)
			goto out;
		run = i + 1;
	}
	if ((r = blob_append(out, text + run, len - run)) == 0)
		r = blob_append(out, "\"", 1);
out:
	if (r != 0 && out->len > start) {
		mem_wipe(out->data + start, out->len - start);
		out->len = start;
	}
	return r;
}

int
json_append_ascii(struct blob *out, const char *text, size_t len)
{
	char escaped[ESCAPE_MAX];
	int r = blob_append(out, "\"", 1);

	for (size_t i = 0; i < len && r == 0; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c > 0x7e)
			r = blob_append(out, escaped, escape_long(escaped, c));
		else if (is_escaped(c))
			r = blob_append(out, escaped, escape(escaped, c));
		else
			r = blob_append(out, text + i, 1);
	}
	return r == 0 ? blob_append(out, "\"", 1) : r;
}

void
json_writer_init(struct json_writer *w, size_t max)
{
	*w = (struct json_writer){ .r = 0 };
	blob_init(&w->text, max);
}

void
json_writer_reset(struct json_writer *w)
{
	blob_reset(&w->text);
	w->r = 0;
}

void
json_put_raw(struct json_writer *w, const char *text)
{
	if (w->r == 0)
		w->r = blob_append_str(&w->text, text);
}

/* A comma, unless this is the first in its brackets or follows its name. */
static void
separate(struct json_writer *w)
{
	if (w->text.len > 0 &&
	    strchr("{[:", w->text.data[w->text.len - 1]) == NULL)
		json_put_raw(w, ",");
}

void
json_begin(struct json_writer *w, char bracket)
{
	separate(w);
	if (w->r == 0)
		w->r = blob_append(&w->text, &bracket, 1);
}

void
json_end(struct json_writer *w, char bracket)
{
	if (w->r == 0)
		w->r = blob_append(&w->text, &bracket, 1);
}

void
json_put_string(struct json_writer *w, const char *text, size_t len)
{
	separate(w);
	if (w->r == 0)
		w->r = json_append_string(&w->text, text, len);
}

void
json_put_name(struct json_writer *w, const char *name)
{
	if (name == NULL) {
		separate(w);
		return;
	}
	json_put_string(w, name, strlen(name));
	json_put_raw(w, ":");
}

void
json_put_text(struct json_writer *w, const char *name, const char *text)
{
	json_put_name(w, name);
	if (text != NULL)
		json_put_string(w, text, strlen(text));
	else
		json_put_raw(w, "null");
}

void
json_put_int(struct json_writer *w, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	json_put_name(w, name);
	json_put_raw(w, text);
}

void
json_put_base64(
    struct json_writer *w, const char *name, const uint8_t *data, size_t len)
{
	json_put_name(w, name);
	json_put_raw(w, "\"");
	if (w->r == 0)
		w->r = base64_encode(&w->text, data, len);
	json_put_raw(w, "\"");
}
