/* SPDX-License-Identifier: MIT */
/*
 * ask.c: a question on a terminal. Must not ask where nobody can answer.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "text.h"

#define ANSWER_MAX 64

bool
can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* False: out of memory. Nobody is asked about a part of it. */
static bool
question_put(void print(const char *text), const char *fmt, va_list ap)
{
	struct text question = { 0 };
	bool is_whole;

	text_vprintf(&question, fmt, ap);
	is_whole = !question.failed;
	if (is_whole)
		print(question.bytes);
	text_wipe(&question);
	return is_whole;
}

/* False: there is none, or one too long, the rest of which is no answer to the
 * next question either. */
static bool
line_read(char *answer, size_t size)
{
	char *end;
	int c;

	if (fgets(answer, (int)size, stdin) == NULL)
		return false;
	end = answer + strcspn(answer, "\r\n");
	if (*end != '\0' || feof(stdin)) {
		*end = '\0';
		return true;
	}
	while ((c = getchar()) != EOF && c != '\n')
		continue;
	return false;
}

bool
ask(const char *fmt, ...)
{
	char answer[ANSWER_MAX];
	bool is_put;
	va_list ap;

	va_start(ap, fmt);
	is_put = question_put(question_print, fmt, ap);
	va_end(ap);
	return is_put && line_read(answer, sizeof(answer)) &&
	       (line_is(answer, strlen(answer), "y") ||
		   line_is(answer, strlen(answer), "yes"));
}

bool
ask_line(char *answer, size_t size, const char *fmt, ...)
{
	bool is_put;
	va_list ap;

	va_start(ap, fmt);
	is_put = question_put(prompt_print, fmt, ap);
	va_end(ap);
	return is_put && line_read(answer, size);
}
