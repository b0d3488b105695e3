/* SPDX-License-Identifier: MIT */
/*
 * text.c: growing bytes that are wiped wherever they have been, and lines.
 * Knows nothing of what the bytes mean.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vaultenv.h>

#include "text.h"

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

void
text_add(struct text *text, const char *bytes, size_t len)
{
	size_t max = text->max ? text->max : 512;
	char *p;

	if (text->failed)
		return;
	if (len >= TEXT_MAX - text->len) {
		text->failed = true;
		return;
	}
	if (text->len + len >= text->max) {
		while (text->len + len >= max)
			max *= 2;
		/* Not realloc(), which leaves the old bytes behind. */
		if ((p = malloc(max)) == NULL) {
			text->failed = true;
			return;
		}
		if (text->bytes != NULL) {
			memcpy(p, text->bytes, text->len);
			explicit_bzero(text->bytes, text->max);
			free(text->bytes);
		}
		text->bytes = p;
		text->max = max;
	}
	if (len > 0)
		memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
}

void
text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void
text_vprintf(struct text *text, const char *fmt, va_list ap)
{
	char *more;
	int len;

	if ((len = vasprintf(&more, fmt, ap)) < 0) {
		text->failed = true;
		return;
	}
	text_add(text, more, (size_t)len);
	explicit_bzero(more, (size_t)len);
	free(more);
}

void
text_printf(struct text *text, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(text, fmt, ap);
	va_end(ap);
}

ssize_t
text_read(struct text *text, int fd)
{
	char buffer[4096];
	const ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n > 0)
		text_add(text, buffer, (size_t)n);
	explicit_bzero(buffer, sizeof(buffer));
	return n;
}

void
text_json(struct text *text, const char *bytes, size_t len)
{
	uint32_t code;
	int is_hidden;
	char hex[8];
	size_t n;

	text_puts(text, "\"");
	for (size_t i = 0; i < len; i += n) {
		/* NUL is no character of text, but may be of a value. */
		if ((n = vaultenv_character(bytes + i, &code, &is_hidden)) == 0)
			n = 1, code = 0, is_hidden = 1;
		if (code == '\n' || code == '\t') {
			text_puts(text, code == '\n' ? "\\n" : "\\t");
		} else if (is_hidden && code <= 0xffff) {
			/* A pair of surrogates would be two for YAML. */
			snprintf(hex, sizeof(hex), "\\u%04x", (unsigned)code);
			text_puts(text, hex);
		} else {
			if (code == '"' || code == '\\')
				text_puts(text, "\\");
			text_add(text, bytes + i, n);
		}
	}
	text_puts(text, "\"");
}

void
text_wipe(struct text *text)
{
	if (text->bytes != NULL)
		explicit_bzero(text->bytes, text->max);
	free(text->bytes);
	memset(text, 0, sizeof(*text));
}

bool
text_line(const char *text, size_t text_len, size_t *at, const char **line,
    size_t *len)
{
	const char *end;

	if (*at >= text_len)
		return false;
	*line = text + *at;
	end = memchr(*line, '\n', text_len - *at);
	*len = end != NULL ? (size_t)(end - *line) : text_len - *at;
	*at += *len + (end != NULL);
	return true;
}

bool
line_is(const char *line, size_t len, const char *string)
{
	while (len > 0 && strchr(" \t\r\n\v\f", line[len - 1]) != NULL &&
	       line[len - 1] != '\0')
		len--;
	return len == strlen(string) && memcmp(line, string, len) == 0;
}

bool
line_starts(const char *line, size_t len, const char *string)
{
	return len >= strlen(string) &&
	       memcmp(line, string, strlen(string)) == 0;
}
