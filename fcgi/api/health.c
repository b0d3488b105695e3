/* SPDX-License-Identifier: MIT */
/*
 * health.c: whether the server can serve, database included, and its clock,
 * by which clients find out that their own is off.
 */
#include "config.h"

#include "api/call.h"
#include "api/handlers.h"
#include "common/clock.h"
#include "common/settings.h"

/* Shorter than what load balancers wait. */
#define HEALTH_MAX_MS 2000

void
health(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	const int limit = c->server->settings->db_timeout_ms;
	struct db_result r;
	int away;

	away = db_exec_within(c->server->db, SCHEMA_VERSION, NULL,
		   limit < HEALTH_MAX_MS ? limit : HEALTH_MAX_MS, &r) != 0;
	json_begin(body, '{');
	json_put_text(body, "status", away ? "unavailable" : "ok");
	json_put_int(body, "ts", clock_unix_ms());
	if (away)
		reply_refusal(c->reply, REFUSAL_UNAVAILABLE);
	json_end(body, '}');
	db_result_free(&r);
}
