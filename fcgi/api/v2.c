/* SPDX-License-Identifier: MIT */
/*
 * v2.c: what handlers of protocol v2 do alike: parameters, refusals and what
 * proves them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/mac.h"
#include "api/routes.h"
#include "api/v2.h"
#include "db/sqlstate.h"

void
v2_begin(const struct call *c, struct db_params *p)
{
	p->n = 0;
	db_text(p, c->in.text[FIELD_PROJECT_ID]);
	db_bytes(p, c->auth.id, REQUEST_ID_LEN);
}

void
v2_begin_change(const struct call *c, struct db_params *p)
{
	v2_begin(c, p);
	db_bytes(p, c->digest, MAC_LEN);
	db_text(p, c->req.remote);
}

struct text
v2_statement(const struct call *c, enum field field)
{
	const char *text = c->in.text[field];

	return (struct text){ text, text == NULL ? 0 : strlen(text) };
}

void
v2_number(const struct call *c, struct db_params *p, enum field field)
{
	if ((c->in.given & FIELD_BIT(field)) != 0)
		db_int(p, c->in.number[field]);
	else
		db_text(p, NULL);
}

void
v2_put_true(struct json_writer *w, const char *name, bool value)
{
	json_put_name(w, name);
	json_put_raw(w, value ? "true" : "false");
}

void
v2_put_hex(
    struct json_writer *w, const char *name, const uint8_t *data, size_t len)
{
	char hex[2 * HASH_LEN + 1] = "";

	if (data != NULL && len <= HASH_LEN)
		hex_encode(hex, data, len);
	json_put_text(w, name, hex);
}

void
v2_put_uuid(struct json_writer *w, const char *name, const struct db_result *r,
    int row, const char *column)
{
	char id[ID_LEN + 1];

	json_put_text(w, name, db_get_uuid(r, row, column, id) ? id : NULL);
}

void
v2_put_elements(struct json_writer *w, const char *name,
    const struct db_result *r, const char *column)
{
	struct db_elements e;
	const uint8_t *data;
	size_t len;

	json_put_name(w, name);
	json_begin(w, '[');
	db_get_elements(r, 0, column, &e);
	while (db_element_next(&e, &data, &len))
		json_put_base64(w, NULL, data, len);
	json_end(w, ']');
}

/* By the log. */
static bool
is_proven(enum refusal refusal)
{
	return refusal == REFUSAL_VAULT_KEY_REPLACED ||
	       refusal == REFUSAL_DEVICE_REMOVED ||
	       refusal == REFUSAL_LOG_CHANGED;
}

/*
 * Who asks to join gets no log, unless it is a member: its key is not known
 * yet, and whoever has VAULT_KEY alone is to read nothing.
 */
static bool
may_see_proof(const struct call *c, const struct db_result *r)
{
	const char *status = db_get_text(r, 0, "status");

	return c->route->access != ACCESS_JOINING ||
	       (status != NULL && strcmp(status, "approved") == 0);
}

/* A refusal with the log that it follows from. Without it too it is one. */
static void
refuse_with_log(struct call *c, const struct db_result *refused, int64_t have)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p = { .n = 0 };
	struct db_elements e;
	struct db_result r;
	int64_t count;

	if ((c->in.given & FIELD_BIT(FIELD_LOG_HAVE)) != 0)
		have = c->in.number[FIELD_LOG_HAVE];
	db_text(&p, c->in.text[FIELD_PROJECT_ID]);
	db_text(&p, sqlstate_of(refused->refusal));
	if (db_is_null(refused, 0, "generation"))
		db_text(&p, NULL);
	else
		db_int(&p, db_get_int(refused, 0, "generation"));
	db_bytes(&p, c->auth.id, REQUEST_ID_LEN);
	db_int(&p, have);
	if (db_exec(c->server->db, LOG_PROOF, &p, &r) != 0) {
		reply_refuse(c->reply, refused->refusal);
		goto out;
	}
	count = db_get_int(&r, 0, "log_count");
	db_get_elements(&r, 0, "log", &e);
	json_writer_reset(body);
	json_begin(body, '{');
	reply_refusal(c->reply, refused->refusal);
	v2_put_elements(body, "log", &r, "log");
	json_put_int(body, "log_count", count);
	v2_put_true(body, "more", have + e.n < count);
	json_end(body, '}');
out:
	db_result_free(&r);
}

static void
refuse_code(struct call *c, const char *member, const char *code)
{
	char sentence[160];

	snprintf(sentence, sizeof(sentence), "%s is not acceptable: %s", member,
	    code);
	reply_refuse_with(
	    c->reply, REFUSAL_BAD_STATEMENT, sentence, "reason", code);
}

static void
refuse(
    struct call *c, const struct db_result *r, const char *member, int64_t have)
{
	const char *code = db_get_text(r, 0, "code");

	if (r->refusal == REFUSAL_BAD_STATEMENT && code != NULL)
		refuse_code(c, member, code);
	else if (is_proven(r->refusal) && may_see_proof(c, r))
		refuse_with_log(c, r, have);
	else if (r->refusal == REFUSAL_VERSION_CONFLICT)
		reply_refuse_int(
		    c->reply, r->refusal, db_get_int(r, 0, "version"));
	else
		reply_refuse(c->reply, r->refusal);
	if (r->refusal == REFUSAL_REQUEST_KEY_UNKNOWN)
		mac_forget(c);
}

int
v2_exec(struct call *c, enum stmt stmt, const struct db_params *p,
    const char *member, int64_t have, struct db_result *r)
{
	char device[ID_LEN + 1];
	const int result = db_exec(c->server->db, stmt, p, r);

	if (db_get_uuid(r, 0, "device_id", device))
		call_note_ids(c, NULL, device);
	if (result != 0)
		refuse(c, r, member, have);
	return result;
}

void
v2_refuse_new(struct call *c, const char *member, int code)
{
	if (code < 0)
		reply_refuse(c->reply, code == VAULTENV_ERR_NOMEM
					   ? REFUSAL_MEMORY
					   : REFUSAL_INTERNAL);
	else
		refuse_code(c, member, code_name(code));
}

void
v2_refuse_statement(struct call *c, const char *member, int code)
{
	struct db_params p;
	struct db_result r;

	if (code < 0) {
		v2_refuse_new(c, member, code);
		return;
	}
	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, route_action(c->route));
	db_text(&p, code_name(code));
	(void)v2_exec(c, REQUEST_REFUSE, &p, member, 0, &r);
	db_result_free(&r);
}
