/* SPDX-License-Identifier: MIT */
/*
 * clock.c: wall time for signatures and logs, monotonic time for deadlines.
 * Must not be bypassed: nothing else in fcgi/ asks the system for a time.
 */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "common/clock.h"

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_unix_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

void
clock_iso(char out[CLOCK_ISO_LEN + 1], int64_t unix_ms)
{
	const time_t seconds = (time_t)(unix_ms / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, CLOCK_ISO_LEN + 1, "%.19s.%03uZ", text,
	    (unsigned)(unix_ms % 1000) % 1000);
}
