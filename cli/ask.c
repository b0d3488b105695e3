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

bool
ask(const char *fmt, ...)
{
	char question[1024], answer[ANSWER_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	question_print(question);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	return line_is(answer, strlen(answer), "y") ||
	       line_is(answer, strlen(answer), "yes");
}

bool
ask_line(char *answer, size_t size, const char *fmt, ...)
{
	char question[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	prompt_print(question);
	if (fgets(answer, (int)size, stdin) == NULL)
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	return true;
}
