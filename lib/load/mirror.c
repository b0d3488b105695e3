/* SPDX-License-Identifier: MIT */
/*
 * mirror.c: a load by way of a mirror, while the server is away.
 */
#include "config.h"

#include <stdio.h>

#include "load/load.h"

int
load_mirror(const struct load_job *job, const struct vaultenv_error *away,
    struct vaultenv_loaded **out, struct vaultenv_error *err)
{
	char why[VAULTENV_ERROR_LINE], text[VAULTENV_ERROR_LINE + 64];
	const struct protocol *protocol = job->client->protocol;
	struct version v;
	int r;

	version_init(&v);
	if ((r = protocol->mirror(job->client, job->mirror, &v, err)) != 0 ||
	    (r = loaded_new(job, &v.list, out, err)) != 0)
		goto out;
	(*out)->source = VAULTENV_SOURCE_MIRROR;
	(*out)->version = v.number;
	vaultenv_error_line(away, why);
	snprintf(text, sizeof(text),
	    "Remote fetch failed, using the mirror: %s", why);
	notice_give(&job->client->notice, text);
out:
	version_reset(&v);
	return r;
}
