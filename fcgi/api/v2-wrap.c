/* SPDX-License-Identifier: MIT */
/*
 * v2-wrap.c: data keys, each sealed for a device, as requests bring them and as
 * they are read. Nothing in this program can open one.
 */
#include "config.h"

#include "api/v2.h"
#include "wire/statement.h"

int
v2_wrap_params(const struct call *c, struct db_params *p,
    struct db_array *members, struct db_array *wraps)
{
	const struct wrap_input *w;

	for (size_t i = 0; i < c->in.n_wraps; i++) {
		w = &c->in.wraps[i];
		db_array_add_text(members, w->device);
		db_array_add(wraps, w->wrap, WRAP_LEN);
	}
	if (db_array_param(p, members) != 0)
		return -1;
	return db_array_param(p, wraps);
}

void
wrap_read(struct call *c)
{
	const bool after = (c->in.given & FIELD_BIT(FIELD_AFTER_WRAP)) != 0;
	struct json_writer *body = &c->reply->body;
	const uint8_t *key_id, *wrap;
	size_t id_len, wrap_len;
	struct db_params p;
	struct db_result r;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	db_text(&p, c->in.number[FIELD_ALL] != 0 ? "true" : "false");
	db_bytes(&p, after ? c->in.after.key_id : NULL, HASH_LEN);
	db_text(&p, after ? c->in.after.device : NULL);
	if (v2_exec(c, WRAP_READ, &p, "", 0, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_name(body, "wraps");
	json_begin(body, '[');
	for (int row = 0; row < db_rows(&r) && row < PAGE_ROWS; row++) {
		if ((wrap = db_get_bytes(&r, row, "wrap", &wrap_len)) == NULL)
			continue;
		key_id = db_get_bytes(&r, row, "key_id", &id_len);
		json_begin(body, '{');
		v2_put_uuid(body, "device_id", &r, row, "member_id");
		v2_put_hex(body, "key_id", key_id, id_len);
		json_put_int(
		    body, "generation", db_get_int(&r, row, "generation"));
		json_put_base64(body, "wrap", wrap, wrap_len);
		json_end(body, '}');
	}
	json_end(body, ']');
	v2_put_true(body, "more", db_rows(&r) > PAGE_ROWS);
	json_end(body, '}');
out:
	db_result_free(&r);
}

/* 0, BAD_FORM: one says not whose it is; NOMEM. */
static int
add(struct call *c, struct db_array *keys, struct db_array *members,
    struct db_array *wraps)
{
	const struct wrap_input *w;
	struct db_params p;
	struct db_result r;

	for (size_t i = 0; i < c->in.n_wraps; i++) {
		w = &c->in.wraps[i];
		if (!w->has_key_id || w->device[0] == '\0')
			return CODE_BAD_FORM;
		db_array_add(keys, w->key_id, HASH_LEN);
	}
	v2_begin_change(c, &p);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	if (db_array_param(&p, keys) != 0 ||
	    v2_wrap_params(c, &p, members, wraps) != 0)
		return VAULTENV_ERR_NOMEM;
	if (v2_exec(c, WRAP_ADD, &p, "wraps", 0, &r) == 0) {
		json_begin(&c->reply->body, '{');
		json_put_int(
		    &c->reply->body, "added", db_get_int(&r, 0, "added"));
		json_end(&c->reply->body, '}');
	}
	db_result_free(&r);
	return 0;
}

void
wrap_add(struct call *c)
{
	struct db_array keys, members, wraps;
	int r;

	db_array_init(&keys, ARRAY_BYTES);
	db_array_init(&members, ARRAY_TEXT);
	db_array_init(&wraps, ARRAY_BYTES);
	if ((r = add(c, &keys, &members, &wraps)) != 0)
		v2_refuse_statement(c, "wraps", r);
	db_array_reset(&wraps);
	db_array_reset(&members);
	db_array_reset(&keys);
}
