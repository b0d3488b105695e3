/* SPDX-License-Identifier: MIT */
/*
 * unfreeze.c: a v1 project that moved to protocol v2 by mistake, or by somebody
 * who leaked its VAULT_KEY, is as it was.
 */
#include "config.h"

#include <stdio.h>

#include "base/base.h"
#include "operator/operator.h"
#include "operator/session.h"

int
unfreeze(
    const struct settings *settings, const char *project, char said[WHY_MAX])
{
	struct session s = { .said = said };
	struct db_params p = { .n = 0 };
	struct db_result r = { .pg = NULL };
	int result = -1;

	db_text(&p, project);
	if (session_open(&s, settings) != 0 ||
	    session_exec(&s, PROJECT_UNFREEZE, &p, &r) != 0)
		goto out;
	if (!db_get_bool(&r, 0, "known")) {
		snprintf(said, WHY_MAX, "There is no project %s of protocol v1",
		    project);
		goto out;
	}
	snprintf(said, WHY_MAX,
	    "Project %s can be changed again, and no longer says that it has "
	    "moved.",
	    project);
	result = 0;
out:
	db_result_free(&r);
	session_close(&s);
	return result;
}
