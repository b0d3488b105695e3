/* SPDX-License-Identifier: MIT */
/*
 * v2-member.c: devices of a project of protocol v2: one asks to join, an admin
 * reads who waits. What a member may is in the log; here nobody is let in.
 */
#include "config.h"

#include "api/joining.h"
#include "key/serverkey.h"

static void
register_member(struct call *c, const struct registration *g,
    const uint8_t join[PUBLIC_KEY_LEN])
{
	struct json_writer *body = &c->reply->body;
	struct db_result r = { .pg = NULL };
	uint8_t sealed[SEALED_LEN];
	struct db_params p;

	if (joining_seal(c, g, sealed) != 0) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		return;
	}
	v2_begin_change(c, &p);
	db_bytes(&p, sealed, SEALED_LEN);
	db_bytes(&p, c->server->key->id, SERVERKEY_ID_LEN);
	db_bytes(&p, join, PUBLIC_KEY_LEN);
	db_text(&p, g->device);
	db_text(&p, g->name);
	db_bytes(&p, g->sign, PUBLIC_KEY_LEN);
	db_bytes(&p, g->box, PUBLIC_KEY_LEN);
	db_bytes(&p, g->raw.bytes, g->raw.len + 2 * SIGNATURE_LEN);
	if (v2_exec(c, MEMBER_REGISTER, &p, "registration", 0, &r) == 0) {
		json_begin(body, '{');
		v2_put_uuid(body, "device_id", &r, 0, "device_id");
		json_put_text(body, "status", db_get_text(&r, 0, "status"));
		json_end(body, '}');
	}
	db_result_free(&r);
}

void
member_register(struct call *c)
{
	const uint8_t(*keys)[PUBLIC_KEY_LEN];
	struct blob bytes, joins;
	struct registration g;
	size_t generation = 0;
	int r;

	blob_init(&bytes, SMALL_SIZE_MAX);
	blob_init(&joins, SIZE_MAX);
	r = registration_read(&g, &bytes, v2_statement(c, FIELD_REGISTRATION));
	if (r != 0) {
		joining_refuse(c, r);
		goto out;
	}
	if (joining_keys(c, &joins) != 0)
		goto out;
	keys = (const uint8_t(*)[PUBLIC_KEY_LEN])joins.data;
	r = joining_check(c, &g, keys, joins.len / PUBLIC_KEY_LEN, &generation);
	if (r != 0 && r != CODE_VAULT_KEY_REPLACED)
		joining_refuse(c, r);
	else
		register_member(c, &g, keys[generation]);
out:
	blob_reset(&joins);
	blob_reset(&bytes);
}

void
member_list(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	const uint8_t *registration;
	struct db_params p;
	struct db_result r;
	size_t len;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_AFTER_DEVICE]);
	if (v2_exec(c, MEMBER_LIST, &p, "", 0, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "devices");
	json_begin(body, '[');
	for (int row = 0; row < db_rows(&r) && row < PAGE_ROWS; row++) {
		if (db_is_null(&r, row, "id"))
			continue;
		json_begin(body, '{');
		v2_put_uuid(body, "id", &r, row, "id");
		json_put_text(body, "status", db_get_text(&r, row, "status"));
		registration = db_get_bytes(&r, row, "registration", &len);
		if (registration != NULL) {
			json_put_base64(
			    body, "registration", registration, len);
			json_put_text(
			    body, "address", db_get_text(&r, row, "address"));
		}
		json_put_text(
		    body, "created_at", db_get_text(&r, row, "created_at"));
		json_put_text(
		    body, "last_seen_at", db_get_text(&r, row, "last_seen_at"));
		json_end(body, '}');
	}
	json_end(body, ']');
	v2_put_true(body, "more", db_rows(&r) > PAGE_ROWS);
	json_end(body, '}');
out:
	db_result_free(&r);
}
