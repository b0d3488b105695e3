/* SPDX-License-Identifier: MIT */
/*
 * device.c: devices of a project. Only the SHA-256 of what a device sends goes
 * to the database.
 */
#include "config.h"

#include "api/call.h"
#include "api/handlers.h"
#include "common/settings.h"

/* Register, approve and revoke all answer with the device and its status. */
static void
answer_status(struct call *c, enum stmt stmt, const struct db_params *p)
{
	struct json_writer *body = &c->reply->body;
	struct db_result r = { .pg = NULL };
	char id[ID_LEN + 1];

	if (call_exec(c, stmt, p, &r) != 0)
		goto out;
	if (!db_get_uuid(&r, 0, "device_id", id)) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		goto out;
	}
	json_begin(body, '{');
	json_put_text(body, "device_id", id);
	json_put_text(body, "status", db_get_text(&r, 0, "status"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
device_register(struct call *c)
{
	struct db_params p;

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_DEVICE_NAME]);
	call_device_param(c, &p);
	db_int(&p, c->server->settings->max_devices);
	answer_status(c, DEVICE_REGISTER, &p);
}

static void
change_status(struct call *c, enum stmt stmt)
{
	struct db_params p;

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_DEVICE_ID]);
	answer_status(c, stmt, &p);
}

void
device_approve(struct call *c)
{
	change_status(c, DEVICE_APPROVE);
}

void
device_revoke(struct call *c)
{
	change_status(c, DEVICE_REVOKE);
}

void
device_list(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	static const char *const names[] = { "device_name", "status",
		"created_at", "approved_at", "last_seen_at" };
	struct db_params p;
	struct db_result r = { .pg = NULL };
	char id[ID_LEN + 1];

	call_begin_params(c, &p);
	if (call_exec(c, DEVICE_LIST, &p, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "devices");
	json_begin(body, '[');
	for (int row = 0; row < db_rows(&r); row++) {
		db_get_uuid(&r, row, "id", id);
		json_begin(body, '{');
		json_put_text(body, "id", id);
		for (int i = 0; i < 5; i++)
			json_put_text(
			    body, names[i], db_get_text(&r, row, names[i]));
		json_end(body, '}');
	}
	json_end(body, ']');
	json_end(body, '}');
out:
	db_result_free(&r);
}
