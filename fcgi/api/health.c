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
	const int limit = c->server->settings->db_timeout_ms;
	struct reply *reply = c->reply;
	struct db_result r;
	int away;

	away = db_exec_within(c->server->db, SCHEMA_VERSION, NULL,
		   limit < HEALTH_MAX_MS ? limit : HEALTH_MAX_MS, &r) != 0;
	reply_begin(reply, NULL, '{');
	reply_text(reply, "status", away ? "unavailable" : "ok");
	reply_int(reply, "ts", clock_unix_ms());
	if (away)
		reply_refusal(reply, REFUSAL_UNAVAILABLE);

	reply_end(reply, '}');
	db_result_free(&r);
}
