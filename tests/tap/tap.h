/* SPDX-License-Identifier: MIT */
/*
 * tap.h: the smallest TAP producer that unit tests need, all in this header.
 * A test ends with `return tap_done();`. TAP: https://testanything.org
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_n, tap_failed;

static inline bool __attribute__((format(printf, 4, 5)))
tap_result(bool pass, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!pass) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	fflush(stdout);
	return pass;
}

static inline bool
tap_str(const char *got, const char *want, const char *name, const char *file,
    int line)
{
	bool pass = got == want ||
		    (got != NULL && want != NULL && strcmp(got, want) == 0);

	if (!tap_result(pass, file, line, "%s", name))
		printf("# got:  %s\n# want: %s\n", got ? got : "(null)",
		    want ? want : "(null)");
	return pass;
}

static inline bool
tap_int(
    intmax_t got, intmax_t want, const char *name, const char *file, int line)
{
	if (!tap_result(got == want, file, line, "%s", name))
		printf("# got:  %jd\n# want: %jd\n", got, want);
	return got == want;
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed != 0;
}

/* ok(condition, "a sentence that is true when it passes", …) */
#define ok(cond, ...) tap_result((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, name)                                                \
	tap_str((got), (want), (name), __FILE__, __LINE__)
#define is_int(got, want, name)                                                \
	tap_int((got), (want), (name), __FILE__, __LINE__)

#endif
