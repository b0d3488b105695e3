/* SPDX-License-Identifier: MIT */
/*
 * later.c: for LD_PRELOAD: to the program it is TEST_LATER seconds later than
 * it is. Must not change the clock by which it waits.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	const char *later = getenv("TEST_LATER");
	const int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && id == CLOCK_REALTIME && later != NULL)
		ts->tv_sec += strtol(later, NULL, 10);
	return r;
}
