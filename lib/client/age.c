/* SPDX-License-Identifier: MIT */
/*
 * age.c: spans of time as people write and read them: "12h", "36 hours"; and a
 * moment as programs do.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/client.h"

#define COUNT_MAX INT64_C(1000000000) /* of any unit */

static const struct {
	char letter;
	const char *name;
	int64_t seconds;
} units[] = { { 'd', "day", 86400 }, { 'h', "hour", 3600 },
	{ 'm', "minute", 60 }, { 's', "second", 1 } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

int
age_parse(const char *text, size_t len, const char *what, int64_t *seconds,
    struct vaultenv_error *err)
{
	const size_t text_len = len < 40 ? len : 40;
	size_t i;
	int64_t n, factor = 1;

	for (i = 0; len > 0 && i < N_UNITS; i++) {
		if (text[len - 1] != units[i].letter)
			continue;
		factor = units[i].seconds;
		len--;
		break;
	}
	if (decimal_parse(text, len, COUNT_MAX, &n) != 0)
		return err_set(err, VAULTENV_ERR_INVALID,
		    "Write seconds, or a number with s, m, h or d such as 12h",
		    "%s is no span of time: \"%.*s\"", what, (int)text_len,
		    text);
	*seconds = n * factor;
	return 0;
}

void
age_text(char out[AGE_TEXT], int64_t seconds, bool exact)
{
	size_t i;
	int64_t n;

	for (i = 0; i < N_UNITS - 1; i++) {
		if (exact ? seconds > 0 && seconds % units[i].seconds == 0
			  : seconds >= 2 * units[i].seconds)
			break;
	}
	n = seconds / units[i].seconds;
	snprintf(out, AGE_TEXT, "%" PRId64 " %s%s", n, units[i].name,
	    n == 1 ? "" : "s");
}

char *
time_iso(int64_t at_ms)
{
	const time_t t = (time_t)(at_ms / 1000);
	char second[32], text[48];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	snprintf(text, sizeof(text), "%s.%03dZ", second, (int)(at_ms % 1000));
	return strdup(text);
}
