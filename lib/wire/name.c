/* SPDX-License-Identifier: MIT */
/*
 * name.c: see name.h. Must not know whose name it is.
 */
#include "config.h"

#include "base/base.h"
#include "wire/name.h"

/* Digits and letters are ASCII's, whatever the locale. */
static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool
env_is_valid(const char *text, size_t len)
{
	if (len == 0 || len > ENV_LEN_MAX || !is_alnum(text[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(text[i]) && text[i] != '.' && text[i] != '_' &&
		    text[i] != '-')
			return false;
	return true;
}

/* Of well-formed UTF-8; *at is moved behind it. */
static uint32_t
next_character(const unsigned char **at)
{
	const unsigned char *p = *at;
	uint32_t c = *p++;

	if (c >= 0xf0)
		c = (c & 7) << 18 | (p[0] & 63u) << 12 | (p[1] & 63u) << 6 |
		    (p[2] & 63u);
	else if (c >= 0xe0)
		c = (c & 15) << 12 | (p[0] & 63u) << 6 | (p[1] & 63u);
	else if (c >= 0xc0)
		c = (c & 31) << 6 | (p[0] & 63u);
	*at = p + (c >= 0x10000 ? 3 : c >= 0x800 ? 2 : c >= 0x80 ? 1 : 0);
	return c;
}

static bool
is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

bool
printable_is_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + len;

	if (!utf8_is_valid(text, len))
		return false;
	while (p < end)
		if (is_hidden(next_character(&p)))
			return false;
	return true;
}
