/* SPDX-License-Identifier: MIT */
/*
 * json.c: a strict reader of one JSON object (RFC 8259, and what it leaves open
 * settled by refusal). Must not convert: a number stays the text it is. Time is
 * linear but for the sort that finds duplicates.
 *
 * The decoded form of a string is at least two bytes shorter than its quoted
 * text, so it is kept, NUL included, at the place in `strings` that its text
 * has in the document: one allocation, nothing moves, and decoding an array's
 * item twice writes the same bytes again.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define DEPTH_MAX   32
#define MEMBERS_MIN 16

/* Where the reader stands: text[at], end not included. */
struct scan {
	const char *text;
	size_t len;
	size_t at;
	uint8_t *strings; /* as long as text */
};

static int
peek(const struct scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

static bool
accept(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void
skip_space(struct scan *s)
{
	int c;

	while ((c = peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		s->at++;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* Four hex digits of either case; -1 if they are not. */
static long
scan_hex4(struct scan *s)
{
	long v = 0;

	for (int i = 0; i < 4; i++) {
		int c = peek(s);

		if (is_digit(c))
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return -1;
		v = v << 4 | c;
		s->at++;
	}
	return v;
}

static uint8_t *
put_utf8(uint8_t *out, long c)
{
	if (c < 0x80) {
		*out++ = (uint8_t)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (uint8_t)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (uint8_t)(0xe0 | c >> 12);
		} else {
			*out++ = (uint8_t)(0xf0 | c >> 18);
			*out++ = (uint8_t)(0x80 | (c >> 12 & 63));
		}
		*out++ = (uint8_t)(0x80 | (c >> 6 & 63));
	}
	*out++ = (uint8_t)(0x80 | (c & 63));
	return out;
}

/* After "\u". NULL: not four digits, U+0000, or half of a surrogate pair. */
static uint8_t *
scan_unicode(struct scan *s, uint8_t *out)
{
	long c = scan_hex4(s);
	long low;

	if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!accept(s, '\\') || !accept(s, 'u'))
			return NULL;
		low = scan_hex4(s);
		if (low < 0xdc00 || low > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(out, c);
}

/* After the backslash. NULL: no such escape. */
static uint8_t *
scan_escape(struct scan *s, uint8_t *out)
{
	int c = peek(s);

	s->at++;
	switch (c) {
	case '"':
	case '\\':
	case '/':
		break;
	case 'b':
		c = '\b';
		break;
	case 'f':
		c = '\f';
		break;
	case 'n':
		c = '\n';
		break;
	case 'r':
		c = '\r';
		break;
	case 't':
		c = '\t';
		break;
	case 'u':
		return scan_unicode(s, out);
	default:
		return NULL;
	}
	*out++ = (uint8_t)c;
	return out;
}

/* A string with its quotes, decoded. UTF-8 was checked for the whole text. */
static bool
scan_string(struct scan *s, const char **text, size_t *len)
{
	uint8_t *start, *out;
	int c;

	if (!accept(s, '"'))
		return false;
	start = out = s->strings + s->at;
	while ((c = peek(s)) != '"') {
		if (c < 0x20) /* the end, or a raw control character */
			return false;
		s->at++;
		if (c != '\\')
			*out++ = (uint8_t)c;
		else if ((out = scan_escape(s, out)) == NULL)
			return false;
	}
	s->at++;
	*out = '\0';
	*text = (const char *)start;
	*len = (size_t)(out - start);
	return true;
}

static bool
scan_digits(struct scan *s)
{
	const size_t start = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at > start;
}

static bool
scan_number(struct scan *s)
{
	accept(s, '-');
	if (!accept(s, '0') && !scan_digits(s))
		return false;
	if (accept(s, '.') && !scan_digits(s))
		return false;
	if (accept(s, 'e') || accept(s, 'E')) {
		if (!accept(s, '+'))
			accept(s, '-');
		return scan_digits(s);
	}
	return true;
}

static bool
scan_word(struct scan *s, const char *word)
{
	const size_t len = strlen(word);

	if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

/* A member's name, its colon, and the space around them. */
static bool
scan_name(struct scan *s, const char **name, size_t *len)
{
	skip_space(s);
	if (!scan_string(s, name, len))
		return false;
	skip_space(s);
	return accept(s, ':');
}

static bool scan_value(struct scan *s, struct json_value *v, int depth);

/* What stands between the brackets of an array or a nested object. */
static bool
scan_nested(struct scan *s, int depth, bool named)
{
	const char end = named ? '}' : ']';
	struct json_value value;
	const char *name;
	size_t len;

	if (depth > DEPTH_MAX)
		return false;
	s->at++;
	skip_space(s);
	if (accept(s, end))
		return true;
	do {
		if (named && !scan_name(s, &name, &len))
			return false;
		skip_space(s);
		if (!scan_value(s, &value, depth))
			return false;
		skip_space(s);
	} while (accept(s, ','));
	return accept(s, end);
}

/* depth is the number of brackets that are open around the value. */
static bool
scan_value(struct scan *s, struct json_value *v, int depth)
{
	const size_t start = s->at;
	bool good;

	switch (peek(s)) {
	case '"':
		v->type = JSON_STRING;
		return scan_string(s, &v->text, &v->len);
	case '[':
		v->type = JSON_ARRAY;
		good = scan_nested(s, depth + 1, false);
		break;
	case '{':
		v->type = JSON_OBJECT;
		good = scan_nested(s, depth + 1, true);
		break;
	case 'n':
		v->type = JSON_NULL;
		good = scan_word(s, "null");
		break;
	case 'f':
		v->type = JSON_FALSE;
		good = scan_word(s, "false");
		break;
	case 't':
		v->type = JSON_TRUE;
		good = scan_word(s, "true");
		break;
	default:
		v->type = JSON_NUMBER;
		good = scan_number(s);
	}
	v->text = s->text + start;
	v->len = s->at - start;
	return good;
}

/* A place for one member more; NULL when out of memory. */
static struct json_member *
add_member(struct json_object *o, size_t *cap)
{
	struct json_member *grown;

	if (o->n_members == *cap) {
		*cap = *cap == 0 ? MEMBERS_MIN : *cap * 2;
		grown = reallocarray(o->members, *cap, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		o->members = grown;
	}
	return &o->members[o->n_members++];
}

static int
scan_members(struct json_object *o, struct scan *s, size_t max_members)
{
	struct json_member *m;
	size_t cap = 0;

	skip_space(s);
	if (!accept(s, '{'))
		return VAULTENV_ERR_INVALID;
	skip_space(s);
	if (accept(s, '}'))
		return 0;
	do {
		if (o->n_members == max_members)
			return VAULTENV_ERR_INVALID;
		if ((m = add_member(o, &cap)) == NULL)
			return VAULTENV_ERR_NOMEM;
		if (!scan_name(s, &m->name, &m->name_len))
			return VAULTENV_ERR_INVALID;
		skip_space(s);
		if (!scan_value(s, &m->value, 1))
			return VAULTENV_ERR_INVALID;
		skip_space(s);
	} while (accept(s, ','));
	return accept(s, '}') ? 0 : VAULTENV_ERR_INVALID;
}

static int
compare_names(const void *a, const void *b)
{
	const struct json_member *x = *(const struct json_member *const *)a;
	const struct json_member *y = *(const struct json_member *const *)b;

	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->name, y->name, x->name_len);
}

/* By sorting pointers: a hash without a secret seed could be flooded. */
static int
refuse_duplicates(const struct json_object *o)
{
	const struct json_member **sorted;
	int r = 0;

	if (o->n_members < 2)
		return 0;
	sorted = calloc(o->n_members, sizeof(*sorted));
	if (sorted == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; i < o->n_members; i++)
		sorted[i] = &o->members[i];
	qsort(sorted, o->n_members, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < o->n_members; i++)
		if (compare_names(&sorted[i - 1], &sorted[i]) == 0)
			r = VAULTENV_ERR_INVALID;
	free(sorted);
	return r;
}

int
json_object_parse(
    struct json_object *o, const char *text, size_t len, size_t max_members)
{
	struct scan s = { .text = text, .len = len };
	int r;

	*o = (struct json_object){ .text = text };
	blob_init(&o->strings, len);
	if (!utf8_is_valid(text, len)) {
		r = VAULTENV_ERR_INVALID;
		goto out;
	}
	if ((r = blob_reserve(&o->strings, len)) != 0)
		goto out;
	o->strings.len = len;
	s.strings = o->strings.data;
	if ((r = scan_members(o, &s, max_members)) != 0)
		goto out;
	skip_space(&s);
	if (s.at != len) {
		r = VAULTENV_ERR_INVALID;
		goto out;
	}
	r = refuse_duplicates(o);
out:
	if (r != 0)
		json_object_reset(o);
	return r;
}

void
json_object_reset(struct json_object *o)
{
	if (o == NULL)
		return;
	free(o->members);
	blob_reset(&o->strings);
	*o = (struct json_object){ .members = NULL };
}

/* The array was checked with the document, so nothing in it can fail now. */
int
json_array_next(struct json_object *o, const struct json_value *array,
    size_t *pos, struct json_value *item)
{
	const size_t base = (size_t)(array->text - o->text);
	struct scan s = { .text = o->text,
		.len = base + array->len,
		.at = base + *pos,
		.strings = o->strings.data };

	skip_space(&s);
	if (!accept(&s, *pos == 0 ? '[' : ','))
		return 0;
	skip_space(&s);
	if (!scan_value(&s, item, 1)) /* `]`: no items at all */
		return 0;
	*pos = s.at - base;
	return 1;
}
