/* SPDX-License-Identifier: MIT */
/*
 * v2-log.c: the log, read up to the newest entry.
 */
#include "config.h"

#include <stdlib.h>

#include "client/v2.h"

/* All that came is judged at once: a page is no end. */
static int
take_pages(struct vaultenv_client *c, const struct pages *p,
    struct vaultenv_error *err)
{
	struct text *entries = NULL;
	size_t n;
	int r;

	if ((r = logfile_entries(&p->log, &entries, &n)) != 0)
		err_general(err, r);
	else
		r = team_take_log(c, p->log_from, entries, n, err);
	free(entries);
	return r;
}

int
team_sync(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct pages p;
	struct call call;
	size_t held;
	int r;

	pages_init(&p, c);
	held = p.log_from;
	do {
		v2_call_begin(&call, c, "log/read");
		json_put_int(&call.body, "log_have", (int64_t)held);
		if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) == 0)
			r = pages_add(&p, &call, err);
		call_end(&call);
		held = p.log_from;
		for (size_t i = 0; i < p.log.len; i++)
			held += p.log.data[i] == '\n';
	} while (r == 0 && p.more);
	if (r == 0)
		r = take_pages(c, &p, err);
	pages_reset(&p);
	return r;
}
