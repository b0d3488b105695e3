/* SPDX-License-Identifier: MIT */
/*
 * secret.c: versions of an environment's blob. A blob is bytes here: nothing
 * in this program can open one.
 */
#include "config.h"

#include "api/call.h"
#include "api/handlers.h"
#include "common/settings.h"

static void
maybe_int(struct db_params *p, const struct input *in, enum field field)
{
	if ((in->given & FIELD_BIT(field)) != 0)
		db_int(p, in->number[field]);
	else
		db_text(p, NULL);
}

/* Push and rollback answer with the version they made. */
static void
answer_version(struct call *c, enum stmt stmt, const struct db_params *p)
{
	struct json_writer *body = &c->reply->body;
	struct db_result r = { .pg = NULL };
	char id[ID_LEN + 1];

	if (call_exec(c, stmt, p, &r) == 0) {
		json_begin(body, '{');
		json_put_int(body, "version", db_get_int(&r, 0, "version"));
		if (db_get_uuid(&r, 0, "moved_to", id))
			json_put_text(body, "moved_to", id);
		json_end(body, '}');
	}
	db_result_free(&r);
}

void
secret_push(struct call *c)
{
	struct db_params p;

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	call_device_param(c, &p);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	db_bytes(&p, c->in.secrets.data, c->in.secrets.len);
	db_text(&p, c->in.text[FIELD_KEY_NAMES]);
	maybe_int(&p, &c->in, FIELD_KEY_COUNT);
	maybe_int(&p, &c->in, FIELD_BASE_VERSION);
	db_int(&p, c->server->settings->max_environments);
	db_int(&p, c->server->settings->keep_versions);
	call_quota_param(c, &p);
	answer_version(c, SECRET_PUSH, &p);
}

void
secret_pull(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	const bool newest = (c->in.given & FIELD_BIT(FIELD_VERSION)) == 0;
	struct db_params p;
	struct db_result r = { .pg = NULL };
	const uint8_t *blob;
	size_t len;

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	call_device_param(c, &p);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	if (!newest)
		db_int(&p, c->in.number[FIELD_VERSION]);
	if (call_exec(c, newest ? SECRET_PULL : SECRET_PULL_VERSION, &p, &r) !=
	    0)
		goto out;
	blob = db_get_bytes(&r, 0, "blob", &len);
	if (blob == NULL) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		goto out;
	}
	json_begin(body, '{');
	json_put_base64(body, "secrets", blob, len);
	json_put_int(body, "version", db_get_int(&r, 0, "version"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

static void
begin_environment(const struct call *c, struct db_params *p)
{
	call_begin_params(c, p);
	db_text(p, c->in.text[FIELD_ENVIRONMENT]);
}

void
secret_current_version(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p;
	struct db_result r = { .pg = NULL };

	begin_environment(c, &p);
	if (call_exec(c, SECRET_CURRENT_VERSION, &p, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_int(body, "version", db_get_int(&r, 0, "version"));
	json_put_text(body, "updated_at", db_get_text(&r, 0, "updated_at"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
secret_versions(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p;
	struct db_result r = { .pg = NULL };
	const char *keys;

	begin_environment(c, &p);
	if (call_exec(c, SECRET_VERSIONS, &p, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "versions");
	json_begin(body, '[');
	for (int row = 0; row < db_rows(&r); row++) {
		keys = db_get_text(&r, row, "changed_keys");
		json_begin(body, '{');
		json_put_int(body, "version", db_get_int(&r, row, "version"));
		json_put_name(body, "changed_keys");
		json_put_raw(body, keys != NULL ? keys : "null");
		json_put_text(
		    body, "created_at", db_get_text(&r, row, "created_at"));
		json_end(body, '}');
	}
	json_end(body, ']');
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
secret_rollback(struct call *c)
{
	struct db_params p;

	call_begin_params(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	db_int(&p, c->in.number[FIELD_VERSION]);
	db_int(&p, c->server->settings->keep_versions);
	call_quota_param(c, &p);
	answer_version(c, SECRET_ROLLBACK, &p);
}
