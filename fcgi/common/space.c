/* SPDX-License-Identifier: MIT */
/*
 * space.c: how much room the database's disk has for others than root. Asked
 * each time: it is one system call, and a disk fills in seconds.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/log.h"
#include "common/space.h"

/* 0 or -1; without a folder there is always room. */
static int
free_bytes(const struct settings *s, uint64_t *bytes)
{
	struct statvfs fs;

	*bytes = UINT64_MAX;
	if (s->data_folder[0] == '\0')
		return 0;
	if (statvfs(s->data_folder, &fs) != 0)
		return -1;
	*bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

int
space_check(const struct settings *s, char why[WHY_MAX])
{
	uint64_t bytes;

	if (free_bytes(s, &bytes) == 0)
		return 0;
	snprintf(why, WHY_MAX,
	    "data_folder: cannot see the free space of %.200s: %s; leave the "
	    "setting empty if the database is on another machine",
	    s->data_folder, strerror(errno));
	return -1;
}

bool
space_is_low(const struct settings *s)
{
	uint64_t bytes;

	if (free_bytes(s, &bytes) != 0) {
		log_error("cannot see the free space of %s: %s", s->data_folder,
		    strerror(errno));
		return true;
	}
	return bytes < (uint64_t)s->min_free_mib << 20;
}
