/* SPDX-License-Identifier: MIT */
/*
 * hidden.c: characters that do not show: a terminal obeys them, or draws
 * nothing for them, so that two names look alike. Blanks are none: they take
 * room.
 */
#include "config.h"

#include <string.h>

#include "base/base.h"

/*
 * Controls (C0, DEL, C1), line and paragraph separators, bidi controls (UAX 9),
 * what Unicode calls default ignorable (DerivedCoreProperties.txt), the braille
 * pattern without dots, annotation marks, and what is no character.
 */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x0000, 0x001f },
	{ 0x007f, 0x009f },
	{ 0x00ad, 0x00ad },
	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x2800, 0x2800 },
	{ 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb },
	{ 0xfffe, 0xffff },
	{ 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

size_t
vaultenv_character(const char *text, uint32_t *code, int *is_hidden)
{
	const unsigned char *p = (const unsigned char *)text;
	const size_t n = *p < 0xc2 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	size_t len = 1;
	uint32_t c = *p;

	if (c == 0)
		return 0;
	if (n > 1 && strnlen(text, n) == n && utf8_is_valid(text, n)) {
		c &= 0x7fU >> n;
		for (; len < n; len++)
			c = c << 6 | (p[len] & 0x3f);
	}
	*code = c;
	*is_hidden = 0;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			*is_hidden = 1;
	return len;
}
