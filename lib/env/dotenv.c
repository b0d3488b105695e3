/* SPDX-License-Identifier: MIT */
/*
 * dotenv.c: reads .env text exactly as npm dotenv 18 does, in linear time and
 * without a copy of the text. That reader is one regular expression and a
 * clean-up of what it finds; here is what they amount to:
 *
 * - An assignment begins at the first character that is not white space after
 *   the start of a line: an optional "export" and white space, a name, then
 *   white space and '=', or ':' and white space. White space includes line
 *   breaks everywhere. A line that begins otherwise is passed over.
 * - A value that begins with a quote ends at the next such quote that no
 *   backslash precedes, provided that nothing but white space or a comment
 *   follows it on its line; failing that, at the last one before there that a
 *   backslash precedes and for which this holds.
 * - Any other value, and a quoted one that ends nowhere, goes up to '#', line
 *   feed or carriage return. It is trimmed, and loses its quotes if the same
 *   stands at both ends.
 * - Where the value began with a double quote, \n and \r in it are expanded.
 * - White space, line terminators and trimming are ECMAScript's (ECMA-262 12.2,
 *   12.3): a byte-order mark is white space, U+2028 and U+2029 end lines.
 */
#include "config.h"

#include <string.h>

#include "env/env.h"

enum { NAME = 1, SPACE = 2, LINE = 4, LEAD = 8 };

#define BLOCK ((size_t)16 << 10) /* searched twice, so it fits the L1 cache */
#define NAME5(c)                                                               \
	[c] = NAME, [c + 1] = NAME, [c + 2] = NAME, [c + 3] = NAME,            \
	[c + 4] = NAME
#define LETTERS(a)                                                             \
	NAME5(a), NAME5(a + 5), NAME5(a + 10), NAME5(a + 15), NAME5(a + 20),   \
	    [a + 25] = NAME

/* LEAD: may be the first byte of white space beyond ASCII. */
static const uint8_t class[256] = {
	NAME5('0'),
	NAME5('5'),
	LETTERS('A'),
	LETTERS('a'),
	['_'] = NAME,
	['.'] = NAME,
	['-'] = NAME,
	[' '] = SPACE,
	['\t'] = SPACE,
	['\v'] = SPACE,
	['\f'] = SPACE,
	['\n'] = SPACE | LINE,
	['\r'] = SPACE | LINE,
	[0xc2] = LEAD,
	[0xe1] = LEAD,
	[0xe2] = LEAD | LINE,
	[0xe3] = LEAD,
	[0xef] = LEAD,
};

static bool
is_quote(char c)
{
	return c == '\'' || c == '"' || c == '`';
}

static uint8_t
class_at(const struct dotenv_scan *s, size_t i)
{
	return class[(unsigned char)s->text[i]];
}

/* Length of the white space character of 2 or 3 bytes at i, or 0. */
static size_t
wide_space(const struct dotenv_scan *s, size_t i)
{
	const unsigned char *p = (const unsigned char *)s->text + i;
	const size_t left = s->len - i;
	uint32_t c;

	if (left >= 2 && p[0] == 0xc2 && p[1] == 0xa0)
		return 2;
	if (left < 3)
		return 0;
	c = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	if (c >= 0xe28080 && c <= 0xe2808a) /* U+2000 to U+200A */
		return 3;
	switch (c) {
	case 0xe19a80: /* U+1680 */
	case 0xe280a8: /* U+2028 */
	case 0xe280a9: /* U+2029 */
	case 0xe280af: /* U+202F */
	case 0xe2819f: /* U+205F */
	case 0xe38080: /* U+3000 */
	case 0xefbbbf: /* U+FEFF */
		return 3;
	default:
		return 0;
	}
}

static size_t
space_len(const struct dotenv_scan *s, size_t i)
{
	const uint8_t c = class_at(s, i);

	if (c & SPACE)
		return 1;
	return c & LEAD ? wide_space(s, i) : 0;
}

static size_t
skip_space(const struct dotenv_scan *s, size_t i)
{
	size_t n;

	while (i < s->len && (n = space_len(s, i)) > 0)
		i += n;
	return i;
}

static bool
is_line_terminator(const struct dotenv_scan *s, size_t i)
{
	const unsigned char *p = (const unsigned char *)s->text + i;

	if (!(class_at(s, i) & LINE))
		return false;
	return p[0] != 0xe2 || (s->len - i >= 3 && p[1] == 0x80 &&
				   (p[2] == 0xa8 || p[2] == 0xa9));
}

/* One of U+2028 and U+2029 begins in n bytes from i. Far quicker than memmem()
 * where there is no 0xe2. */
static bool
has_wide_terminator(const struct dotenv_scan *s, size_t i, size_t n)
{
	const char *p = s->text + i, *end = p + n;

	while ((p = memchr(p, 0xe2, (size_t)(end - p))) != NULL) {
		if (is_line_terminator(s, (size_t)(p - s->text)))
			return true;
		p++;
	}
	return false;
}

size_t
dotenv_line_end(const struct dotenv_scan *s, size_t pos)
{
	const char *p;

	if (pos >= s->len)
		return s->len;
	if (s->text[pos] == '\n')
		return pos;
	if (s->plain) {
		p = memchr(s->text + pos, '\n', s->len - pos);
		return p == NULL ? s->len : (size_t)(p - s->text);
	}
	while (pos < s->len && !is_line_terminator(s, pos))
		pos++;
	return pos;
}

/*
 * The end of an unquoted value: '#', LF, CR (not U+2028) or the end. Looking
 * for LF first would not be linear in a text whose lines end otherwise.
 */
static size_t
bare_end(const struct dotenv_scan *s, size_t pos)
{
	const char *p;
	size_t end;

	if (s->plain) {
		end = dotenv_line_end(s, pos);
		p = memchr(s->text + pos, '#', end - pos);
		return p == NULL ? end : (size_t)(p - s->text);
	}
	while (pos < s->len && s->text[pos] != '#' && s->text[pos] != '\n' &&
	       s->text[pos] != '\r')
		pos++;
	return pos;
}

static size_t
trim_end(const struct dotenv_scan *s, size_t start, size_t end)
{
	for (;;) {
		if (end > start && class_at(s, end - 1) & SPACE)
			end -= 1;
		else if (end >= start + 2 && wide_space(s, end - 2) == 2)
			end -= 2;
		else if (end >= start + 3 && wide_space(s, end - 3) == 3)
			end -= 3;
		else
			return end;
	}
}

/* True if nothing but white space and a comment follows on this line. */
static bool
line_is_over(const struct dotenv_scan *s, size_t i)
{
	for (; i < s->len && !is_line_terminator(s, i); i += space_len(s, i))
		if (space_len(s, i) == 0)
			return s->text[i] == '#';
	return true;
}

/*
 * The closing quote for the one at open, or 0. All the searches of one text
 * together stay linear: no search goes beyond the next value that begins with
 * this quote, since '=' or white space precedes it and no backslash.
 */
static size_t
closing_quote(const struct dotenv_scan *s, size_t open, bool *is_open)
{
	const char *from = s->text + open + 1, *end = s->text + s->len;
	const char *p = from - 1;

	do {
		p++;
		p = memchr(p, s->text[open], (size_t)(end - p));
	} while (p != NULL && p > from && p[-1] == '\\');
	*is_open = p == NULL;
	if (p == NULL)
		p = end;
	else if (line_is_over(s, (size_t)(p - s->text) + 1))
		return (size_t)(p - s->text);
	while ((p = memrchr(from, s->text[open], (size_t)(p - from))) != NULL)
		if (line_is_over(s, (size_t)(p - s->text) + 1))
			return (size_t)(p - s->text);
	return 0;
}

/* sep is where the value may begin, white space included. */
static void
find_value(const struct dotenv_scan *s, size_t sep, struct dotenv_assignment *a)
{
	const size_t first = skip_space(s, sep);
	size_t end;

	a->open = false;
	if (first < s->len && is_quote(s->text[first]) &&
	    (end = closing_quote(s, first, &a->open)) != 0) {
		a->value = first;
		a->value_end = end + 1;
		return;
	}
	end = bare_end(s, sep);
	if (first >= end) {
		a->value = a->value_end = sep;
		return;
	}
	a->value = first;
	a->value_end = trim_end(s, first, end);
}

static size_t
skip_name(const struct dotenv_scan *s, size_t i)
{
	while (i < s->len && class_at(s, i) & NAME)
		i++;
	return i;
}

/* An assignment whose name or "export" begins at i. */
static bool
assignment_at(
    const struct dotenv_scan *s, size_t i, struct dotenv_assignment *a)
{
	size_t end = skip_name(s, i), next = skip_space(s, end);

	if (end - i == 6 && next > end &&
	    memcmp(s->text + i, "export", 6) == 0 && next < s->len &&
	    class_at(s, next) & NAME) {
		i = next;
		end = skip_name(s, i);
		next = skip_space(s, end);
	}
	if (end == i || end == s->len)
		return false;
	if (next < s->len && s->text[next] == '=') {
		next++;
	} else if (s->text[end] == ':' && end + 1 < s->len &&
		   space_len(s, end + 1) > 0) {
		/* One character of it, and CR LF counts as one. */
		next = end + 1 + space_len(s, end + 1);
		if (s->text[next - 1] == '\r' && next < s->len &&
		    s->text[next] == '\n')
			next++;
	} else {
		return false;
	}
	a->name = i;
	a->name_len = end - i;
	find_value(s, next, a);
	return true;
}

void
dotenv_scan_init(struct dotenv_scan *s, const char *text, size_t len)
{
	*s = (struct dotenv_scan){
		.text = len == 0 ? "" : text, .len = len, .plain = true
	};
	for (size_t i = 0, n; i < len && s->plain; i += n) {
		n = len - i < BLOCK ? len - i : BLOCK;
		s->plain = memchr(s->text + i, '\r', n) == NULL &&
			   !has_wide_terminator(s, i, n);
	}
}

bool
dotenv_next(struct dotenv_scan *s, struct dotenv_assignment *a)
{
	size_t i;

	/* pos is 0 or the end of a line. */
	while ((i = skip_space(s, s->pos)) < s->len) {
		if (assignment_at(s, i, a)) {
			s->pos = dotenv_line_end(s, a->value_end);
			return true;
		}
		s->pos = dotenv_line_end(s, i);
	}
	s->pos = s->len;
	return false;
}

/*
 * The clean-up strips a pair of quotes wherever a line of the value begins with
 * one and a later line ends with the same; the last such end counts. Lines, as
 * an unquoted value has no LF and no CR, are parted by U+2028 and U+2029.
 */
static void
strip_by_line(struct blob *out, const char *v, size_t len)
{
	const struct dotenv_scan s = { .text = v, .len = len };
	size_t last[256] = { 0 }, done = 0;
	bool at_start = true;
	unsigned char c;

	for (size_t i = 1; i < len; i++)
		if (i + 1 == len || is_line_terminator(&s, i + 1))
			last[(unsigned char)v[i]] = i;
	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)v[i];
		if (at_start && is_quote(v[i]) && last[c] > i) {
			(void)blob_append(out, v + done, i - done);
			(void)blob_append(out, v + i + 1, last[c] - i - 1);
			i = last[c];
			done = i + 1;
			at_start = false;
			continue;
		}
		at_start = false;
		if (is_line_terminator(&s, i)) {
			i += 2;
			at_start = true;
		}
	}
	(void)blob_append(out, v + done, len - done);
}

/* Line breaks of any kind to LF; \n and \r expanded if asked. In place. */
static size_t
unescape(char *v, size_t len, bool expand)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = v[i];

		if (c == '\r') {
			c = '\n';
			if (i + 1 < len && v[i + 1] == '\n')
				i++;
		} else if (expand && c == '\\' && i + 1 < len &&
			   (v[i + 1] == 'n' || v[i + 1] == 'r')) {
			c = v[++i] == 'n' ? '\n' : '\r';
		}
		v[n++] = c;
	}
	return n;
}

int
dotenv_value(const struct dotenv_scan *s, const struct dotenv_assignment *a,
    struct blob *scratch, const char **value, size_t *value_len)
{
	const char *v = s->text + a->value;
	size_t len = a->value_end - a->value;
	const bool expand = len > 0 && v[0] == '"';
	bool by_line = false;
	int r;

	if (len >= 2 && v[0] == v[len - 1] && is_quote(v[0])) {
		v++;
		len -= 2;
	} else {
		by_line = !s->plain && has_wide_terminator(s, a->value, len);
	}
	if (by_line || (!s->plain && memchr(v, '\r', len) != NULL) ||
	    (expand && memchr(v, '\\', len) != NULL)) {
		scratch->len = 0;
		if ((r = blob_reserve(scratch, len)) != 0)
			return r;
		if (by_line) {
			strip_by_line(scratch, v, len);
		} else {
			memcpy(scratch->data, v, len);
			scratch->len = len;
		}
		v = (const char *)scratch->data;
		len = unescape((char *)scratch->data, scratch->len, expand);
	}
	*value = v;
	*value_len = len;
	return 0;
}
