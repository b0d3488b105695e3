/* SPDX-License-Identifier: MIT */
/*
 * v2-audit.c: who asked for what, and what came of it. No signature stands
 * behind this: it is what the server says.
 */
#include "config.h"

#include <string.h>

#include "api/v2.h"
#include "db/sqlstate.h"

/* A row tells its outcome by the word that the request was answered with. */
static void
put_audit_row(struct json_writer *body, const struct db_result *r, int row)
{
	const char *result = db_get_text(r, row, "result");
	const struct sqlstate *state =
	    strlen(result) == 5 ? sqlstate_find(result) : NULL;

	json_begin(body, '{');
	json_put_text(body, "at", db_get_text(r, row, "at"));
	v2_put_uuid(body, "id", r, row, "id");
	json_put_text(body, "action", db_get_text(r, row, "action"));
	json_put_text(body, "outcome",
	    state == NULL                    ? result
	    : state->refusal == REFUSAL_NONE ? "done"
					     : refusals[state->refusal].code);
	v2_put_uuid(body, "device_id", r, row, "actor");
	json_put_text(body, "environment", db_get_text(r, row, "environment"));
	if (!db_is_null(r, row, "version"))
		json_put_int(body, "version", db_get_int(r, row, "version"));
	json_put_text(body, "address", db_get_text(r, row, "address"));
	json_end(body, '}');
}

void
audit_list(struct call *c)
{
	const bool before = (c->in.given & FIELD_BIT(FIELD_BEFORE)) != 0;
	const int64_t limit = (c->in.given & FIELD_BIT(FIELD_LIMIT)) != 0
				  ? c->in.number[FIELD_LIMIT]
				  : PAGE_ROWS;
	struct json_writer *body = &c->reply->body;
	struct db_params p;
	struct db_result r;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, before ? c->in.before_at : NULL);
	db_text(&p, before ? c->in.before_id : NULL);
	db_int(&p, limit);
	db_text(&p, c->in.text[FIELD_DEVICE_ID]);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	if (v2_exec(c, AUDIT_LIST, &p, "", 0, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "rows");
	json_begin(body, '[');
	for (int row = 0; row < db_rows(&r) && row < limit; row++)
		if (!db_is_null(&r, row, "id"))
			put_audit_row(body, &r, row);
	json_end(body, ']');
	v2_put_true(body, "more", db_rows(&r) > limit);
	json_end(body, '}');
out:
	db_result_free(&r);
}
