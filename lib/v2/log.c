/* SPDX-License-Identifier: MIT */
/*
 * log.c: the log, read up to the newest entry.
 */
#include "config.h"

#include <string.h>

#include "v2/v2.h"

int
team_sync(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct pages p;
	struct call call;
	int r;

	pages_init(&p, c);
	do {
		v2_call_begin(&call, c, "log/read");
		json_put_int(&call.body, "log_have", pages_log_have(&p));
		if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) == 0)
			r = pages_add(&p, &call, err);
		call_end(&call);
	} while (r == 0 && p.more);
	if (r == 0)
		r = team_take_pages(c, &p, err);
	pages_reset(&p);
	return r;
}

int
team_follow(
    struct vaultenv_client *c, int64_t log_count, struct vaultenv_error *err)
{
	const size_t known = c->team->log.n_steps;

	return log_count == (int64_t)known
		   ? team_take_log(c, known, NULL, 0, err)
		   : team_sync(c, err);
}

bool
team_log_grew(
    struct vaultenv_client *c, const struct vaultenv_error *why, int *tries)
{
	const size_t known = c->team->log.n_steps;

	return strcmp(why->reason, code_name(CODE_RECORD_LOG)) == 0 &&
	       ++*tries < TRIES_MAX && team_sync(c, NULL) == 0 &&
	       c->team->log.n_steps > known;
}
