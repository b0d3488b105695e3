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

/* The set that protocol v2 has, for ever: base/hidden.c may learn more. */
static bool
is_forbidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

/* also_later: what is not forbidden, but hidden as far as we know today,
 * too. */
static bool
shows(const char *text, size_t len, bool also_later)
{
	uint32_t c;
	int is_hidden;
	size_t n;

	if (!utf8_is_valid(text, len))
		return false;
	for (; len > 0; text += n, len -= n)
		if ((n = vaultenv_character(text, &c, &is_hidden)) == 0 ||
		    is_forbidden(c) || (also_later && is_hidden))
			return false;
	return true;
}

bool
printable_is_valid(const char *text, size_t len)
{
	return shows(text, len, false);
}

bool
name_is_visible(const char *text, size_t len)
{
	return shows(text, len, true);
}
