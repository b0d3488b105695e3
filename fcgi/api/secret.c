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
	struct db_result r = { .pg = NULL };

	if (call_exec(c, stmt, p, &r) == 0) {
		reply_begin(c->reply, NULL, '{');
		reply_int(c->reply, "version", db_get_int(&r, 0, "version"));
		reply_end(c->reply, '}');
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
	answer_version(c, SECRET_PUSH, &p);
}

void
secret_pull(struct call *c)
{
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
	reply_begin(c->reply, NULL, '{');
	reply_base64(c->reply, "secrets", blob, len);
	reply_int(c->reply, "version", db_get_int(&r, 0, "version"));
	reply_end(c->reply, '}');
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
	struct db_params p;
	struct db_result r = { .pg = NULL };

	begin_environment(c, &p);
	if (call_exec(c, SECRET_CURRENT_VERSION, &p, &r) != 0)
		goto out;
	reply_begin(c->reply, NULL, '{');
	reply_int(c->reply, "version", db_get_int(&r, 0, "version"));
	reply_text(c->reply, "updated_at", db_get_text(&r, 0, "updated_at"));
	reply_end(c->reply, '}');
out:
	db_result_free(&r);
}

void
secret_versions(struct call *c)
{
	struct db_params p;
	struct db_result r = { .pg = NULL };
	const char *keys;

	begin_environment(c, &p);
	if (call_exec(c, SECRET_VERSIONS, &p, &r) != 0)
		goto out;
	reply_begin(c->reply, NULL, '{');
	reply_begin(c->reply, "versions", '[');
	for (int row = 0; row < db_rows(&r); row++) {
		keys = db_get_text(&r, row, "changed_keys");
		reply_begin(c->reply, NULL, '{');
		reply_int(c->reply, "version", db_get_int(&r, row, "version"));
		reply_json(
		    c->reply, "changed_keys", keys != NULL ? keys : "null");
		reply_text(
		    c->reply, "created_at", db_get_text(&r, row, "created_at"));
		reply_end(c->reply, '}');
	}
	reply_end(c->reply, ']');
	reply_end(c->reply, '}');
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
	answer_version(c, SECRET_ROLLBACK, &p);
}
