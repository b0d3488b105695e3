/* SPDX-License-Identifier: MIT */
/*
 * text.h: bytes that grow and may hold a key. An append that fails is
 * remembered, so that only the end has to be checked.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct text {
	char *bytes; /* NUL-terminated unless NULL */
	size_t len;
	size_t max;
	bool failed; /* out of memory, or past 16 MiB */
};

void text_add(struct text *text, const char *bytes, size_t len);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void text_wipe(struct text *text); /* and frees */

/* Appends what one read(2) gives, and returns what that returned. */
ssize_t text_read(struct text *text, int fd);

/* A JSON string that a YAML parser reads as the same, and no terminal obeys. */
void text_json(struct text *text, const char *bytes, size_t len);

/*
 * The next line of text from *at on, without its line break; false at the
 * end. *len counts the line, *at moves behind the break.
 */
bool text_line(const char *text, size_t text_len, size_t *at, const char **line,
    size_t *len);

/* True if the line is that text, white space behind it aside. */
bool line_is(const char *line, size_t len, const char *string);
bool line_starts(const char *line, size_t len, const char *string);

#endif
