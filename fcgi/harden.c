/* SPDX-License-Identifier: MIT */
/*
 * harden.c: what the process can do for its own secrecy; units and web server
 * do the rest. Key memory is locked and kept out of dumps by lib/base/secmem.c.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "harden.h"

int
harden(char why[WHY_MAX])
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0) {
		snprintf(
		    why, 256, "cannot forbid core dumps: %s", strerror(errno));
		return -1;
	}
#ifndef __SANITIZE_ADDRESS__ /* LeakSanitizer attaches to its own process */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		snprintf(why, WHY_MAX, "cannot make the process undumpable: %s",
		    strerror(errno));
		return -1;
	}
#endif
	return 0;
}
