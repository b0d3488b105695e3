/* SPDX-License-Identifier: MIT */
/*
 * output.h: everything that is printed goes through here, so that no
 * hidden character of a name that others chose reaches the terminal, and so
 * that colours, times and JSON look the same in every command.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd.h"
#include "vaultenv.h"

/* "vault-env: Text. Hint\n" on stderr. hint: NULL where there is none. */
void error_print(const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void error_show(const struct vaultenv_error *err);
/* From now on an error is one line of JSON, {"error":text,"hint":hint or
 * null}, and "code" where protocol v2 has one. */
void errors_as_json(void);
void error_json(FILE *to, const struct vaultenv_error *err); /* that object */
void warning_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A sentence on stderr that is no warning: nothing with --quiet. */
void note_print(const struct args *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A sentence on stdout for people: nothing with --json or --quiet. */
void say(const struct args *args, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * ask.c: a question on stderr, answered on a terminal; true for "y" and "yes".
 * can_ask: there is somebody to answer.
 */
bool can_ask(void);
bool ask(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void question_print(const char *text);
void prompt_print(const char *text);
/* A line that is typed, without its end: false where there is none, or one too
 * long. With "" the user takes what stands in brackets. */
bool ask_line(char *answer, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

enum colour {
	COLOUR_NONE,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_RED,
	COLOUR_DIM
};

/* Text with hidden characters replaced, in a colour if stdout takes one. */
void out_text(const char *text, enum colour colour);

/* JSON on stdout. */
void json_string(const char *text);                   /* NULL gives null */
void json_member(const char *name, const char *text); /* "name":"text" */

/* Bytes to stdout past stdio's buffer, which nobody wipes. An exit code. */
int out_secret(const char *bytes, size_t len);

/* Flushes; says why and returns EXIT_FAILED if something was not written. */
int out_finish(int code);

/* "2026-01-31 13:00 (3 minutes ago)", local time; "never" for NULL. */
#define WHEN_MAX 80
void when_text(const char *iso, char out[WHEN_MAX]);
void when_ago(const char *iso, char out[WHEN_MAX]); /* "3 minutes ago" */

#define TABLE_MAX_COLUMNS 8

/* A table: n_columns texts a row, copied; the first row is the heading. */
struct table {
	size_t n_columns;
	size_t n_cells;
	size_t max_cells;
	char **cells;
	enum colour *colours;
	bool failed;
};
void table_init(struct table *table, size_t n_columns);
void table_add(struct table *table, const char *text, enum colour colour);
void table_print(const struct table *table); /* prints and returns */
void table_free(struct table *table);

/* wait.c: after a second, on a terminal, says what is being waited for. */
void wait_begin(const struct args *args, const char *what);
void wait_end(void);

#endif
