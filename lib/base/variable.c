/* SPDX-License-Identifier: MIT */
/*
 * variable.c: texts that people paste: without the white space around them.
 * Secret files and CI variables end in a line break, Windows leaves a CR.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define WHITE_SPACE " \t\r\n\v\f"

const char *
text_trim(const char *text, size_t *len)
{
	text += strspn(text, WHITE_SPACE);
	*len = strlen(text);
	while (*len > 0 && strchr(WHITE_SPACE, text[*len - 1]) != NULL)
		--*len;
	return text;
}

const char *
variable_get(const char *name, size_t *len)
{
	const char *text = getenv(name);

	if (text == NULL)
		return NULL;
	text = text_trim(text, len);
	return *len > 0 ? text : NULL;
}
