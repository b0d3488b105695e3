/* SPDX-License-Identifier: MIT */
/*
 * stmts-t: every statement has its row, and the row agrees with its own text.
 * tests/sql/statements.t holds it against the database.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "db/stmts.h"
#include "tap.h"

static void
test_row(const struct stmt_row *row)
{
	const char *call = strstr(row->sql, "vault.");
	char highest[16], beyond[16];

	snprintf(highest, sizeof(highest), "$%d", row->n_params);
	snprintf(beyond, sizeof(beyond), "$%d", row->n_params + 1);
	ok(call != NULL &&
		strncmp(row->name, call + 6, strcspn(call + 6, "(")) == 0,
	    "%s calls the function of its name", row->name);
	ok((row->n_params == 0 || strstr(row->sql, highest) != NULL) &&
		strstr(row->sql, beyond) == NULL,
	    "%s has %d parameters", row->name, row->n_params);
	ok(row->way == STMT_SINGLY || row->repeatable,
	    "%s may run again, if it may run in a group", row->name);
	ok((row->way >= STMT_MERGED) ==
		(strstr(row->sql, "($1::text[]") != NULL),
	    "%s takes an array of projects if it is merged, and only then",
	    row->name);
}

int
main(void)
{
	for (int s = 0; s < N_STMTS; s++)
		if (ok(stmts[s].name != NULL && stmts[s].sql != NULL,
			"statement %d of stmts.h has a row", s))
			test_row(&stmts[s]);
	return tap_done();
}
