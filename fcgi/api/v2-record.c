/* SPDX-License-Identifier: MIT */
/*
 * v2-record.c: versions of an environment and the records about them. A blob
 * is bytes here, and so is a wrap: nothing in this program can open one.
 */
#include "config.h"

#include <string.h>

#include "api/v2.h"
#include "common/settings.h"
#include "key/keycache.h"
#include "wire/statement.h"

/* What of a record's faults needs no database; NULL: none of these. */
static const char *
find_flaw(const struct call *c, const struct record *record)
{
	uint8_t hash[HASH_LEN];

	if (!statement_verify(&record->raw, 0, c->key->sign_public))
		return code_name(CODE_RECORD_SIGNATURE);
	if (sha256(hash, c->in.secrets.data, c->in.secrets.len) != 0 ||
	    memcmp(hash, record->blob, HASH_LEN) != 0)
		return code_name(CODE_BLOB_HASH);
	return NULL;
}

/* A device that can read them all can be removed only by cutting each, and one
 * entry has no more cuts. */
static int
max_environments(const struct call *c)
{
	const int max = c->server->settings->max_environments;

	return max < LIST_MAX ? max : LIST_MAX;
}

/* With everything that the function is told of the record. */
static int
push(struct call *c, const struct record *record, struct db_array *members,
    struct db_array *wraps)
{
	struct db_params p;
	struct db_result r;

	v2_begin_change(c, &p);
	db_text(&p, find_flaw(c, record));
	db_text(&p, record->env);
	db_int(&p, record->version);
	db_bytes(&p, record->prev, HASH_LEN);
	db_bytes(&p, record->key_id, HASH_LEN);
	db_int(&p, record->op);
	db_text(&p, record->author);
	db_int(&p, record->log_seq);
	db_bytes(&p, record->log_hash, HASH_LEN);
	db_bytes(&p, record->raw.bytes, record->raw.len + SIGNATURE_LEN);
	db_bytes(&p, record->raw.hash, HASH_LEN);
	db_bytes(&p, c->in.secrets.data, c->in.secrets.len);
	if (v2_wrap_params(c, &p, members, wraps) != 0)
		return VAULTENV_ERR_NOMEM;
	db_int(&p, max_environments(c));
	db_int(&p, c->server->settings->keep_versions);
	call_quota_param(c, &p);
	if (v2_exec(c, RECORD_PUSH, &p, "record", record->log_seq + 1, &r) ==
	    0) {
		json_begin(&c->reply->body, '{');
		json_put_int(
		    &c->reply->body, "version", db_get_int(&r, 0, "version"));
		json_end(&c->reply->body, '}');
	}
	db_result_free(&r);
	return 0;
}

static bool
wraps_are_named(const struct call *c)
{
	for (size_t i = 0; i < c->in.n_wraps; i++)
		if (c->in.wraps[i].device[0] == '\0')
			return false;
	return true;
}

void
record_push(struct call *c)
{
	struct db_array members, wraps;
	struct record record;
	struct blob bytes;
	int r;

	blob_init(&bytes, SMALL_SIZE_MAX);
	db_array_init(&members, ARRAY_TEXT);
	db_array_init(&wraps, ARRAY_BYTES);
	r = record_read(&record, &bytes, v2_statement(c, FIELD_RECORD));
	if (r == 0 && strcmp(record.project, c->in.text[FIELD_PROJECT_ID]) != 0)
		r = CODE_WRONG_PROJECT;
	if (r == 0 && !wraps_are_named(c))
		r = CODE_BAD_FORM;
	if (r == 0)
		r = push(c, &record, &members, &wraps);
	if (r != 0)
		v2_refuse_statement(c, "record", r);
	db_array_reset(&wraps);
	db_array_reset(&members);
	blob_reset(&bytes);
}

/* The device's own wrap of a pull: one or none. */
static void
put_wrap(struct call *c, const struct db_result *r)
{
	struct json_writer *body = &c->reply->body;
	size_t wrap_len, id_len;
	const uint8_t *wrap = db_get_bytes(r, 0, "wrap", &wrap_len);
	const uint8_t *key_id = db_get_bytes(r, 0, "key_id", &id_len);

	json_put_name(body, "wraps");
	json_begin(body, '[');
	if (wrap != NULL) {
		json_begin(body, '{');
		json_put_text(body, "device_id", c->device);
		v2_put_hex(body, "key_id", key_id, id_len);
		json_put_int(
		    body, "generation", db_get_int(r, 0, "generation"));
		json_put_base64(body, "wrap", wrap, wrap_len);
		json_end(body, '}');
	}
	json_end(body, ']');
}

void
record_pull(struct call *c)
{
	const char *have = c->in.text[FIELD_RECORD_HAVE];
	struct json_writer *body = &c->reply->body;
	uint8_t record_have[HASH_LEN];
	const uint8_t *blob;
	struct db_params p;
	struct db_result r;
	size_t len;

	if (have != NULL)
		(void)hex_decode(record_have, HASH_LEN, have, strlen(have));
	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	db_int(&p, c->in.number[FIELD_LOG_HAVE]);
	db_bytes(&p, have != NULL ? record_have : NULL, HASH_LEN);
	v2_number(c, &p, FIELD_RECORDS_FROM);
	v2_number(c, &p, FIELD_VERSION);
	if (v2_exec(c, RECORD_PULL, &p, "", 0, &r) != 0)
		goto out;
	json_begin(body, '{');
	json_put_int(body, "version", db_get_int(&r, 0, "version"));
	v2_put_true(body, "unchanged", db_get_bool(&r, 0, "unchanged"));
	v2_put_elements(body, "log", &r, "log");
	json_put_int(body, "log_count", db_get_int(&r, 0, "log_count"));
	v2_put_elements(body, "records", &r, "records");
	put_wrap(c, &r);
	if ((blob = db_get_bytes(&r, 0, "blob", &len)) != NULL)
		json_put_base64(body, "secrets", blob, len);
	v2_put_true(body, "more", db_get_bool(&r, 0, "more"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
record_poll(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	const uint8_t *hash;
	struct db_params p;
	struct db_result r;
	size_t len;

	v2_begin(c, &p);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	if (v2_exec(c, RECORD_POLL, &p, "", 0, &r) != 0)
		goto out;
	hash = db_get_bytes(&r, 0, "record_hash", &len);
	json_begin(body, '{');
	json_put_int(body, "version", db_get_int(&r, 0, "version"));
	v2_put_hex(body, "record_hash", hash, len);
	json_put_int(body, "log_count", db_get_int(&r, 0, "log_count"));
	json_put_text(body, "updated_at", db_get_text(&r, 0, "updated_at"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

void
record_heads(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p;
	struct db_result r;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	if (v2_exec(c, RECORD_HEADS, &p, "", 0, &r) != 0)
		goto out;
	json_begin(body, '{');
	v2_put_elements(body, "records", &r, "records");
	json_put_int(body, "log_count", db_get_int(&r, 0, "log_count"));
	json_end(body, '}');
out:
	db_result_free(&r);
}

/* One column of all rows. */
static void
put_column(struct json_writer *body, const char *name,
    const struct db_result *r, const char *column)
{
	const uint8_t *data;
	size_t len;

	json_put_name(body, name);
	json_begin(body, '[');
	for (int row = 0; row < db_rows(r); row++) {
		if (db_is_null(r, row, "version"))
			continue;
		data = db_get_bytes(r, row, column, &len);
		if (data != NULL)
			json_put_base64(body, NULL, data, len);
		else
			json_put_text(body, NULL, NULL);
	}
	json_end(body, ']');
}

void
record_list(struct call *c)
{
	struct json_writer *body = &c->reply->body;
	struct db_params p;
	struct db_result r;
	int last;

	v2_begin(c, &p);
	db_text(&p, c->req.remote);
	db_text(&p, c->in.text[FIELD_ENVIRONMENT]);
	db_int(&p, c->in.number[FIELD_FROM]);
	v2_number(c, &p, FIELD_TO);
	db_text(&p, c->in.number[FIELD_BLOBS] != 0 ? "true" : "false");
	if (v2_exec(c, RECORD_LIST, &p, "", 0, &r) != 0)
		goto out;
	last = db_rows(&r) - 1;
	json_begin(body, '{');
	put_column(body, "records", &r, "record");
	put_column(body, "secrets", &r, "blob");
	v2_put_true(body, "more",
	    !db_is_null(&r, last, "version") &&
		db_get_int(&r, last, "version") < db_get_int(&r, last, "last"));
	json_end(body, '}');
out:
	db_result_free(&r);
}
