/* SPDX-License-Identifier: MIT */
/*
 * rows.c: see rows.h. Must not judge what it reads.
 */
#include "config.h"

#include <string.h>

#include "operator/rows.h"

/* Rows of a full page, by sql/functions/log_dump.sql and record_dump.sql. */
#define PAGE 1000

static int
fetch(struct rows *r)
{
	struct db_params p = { .n = 0 };

	db_result_free(&r->page);
	r->row = 0;
	db_text(&p, r->project);
	if (r->env != NULL)
		db_text(&p, r->env);
	db_int(&p, r->next);
	return session_exec(
	    r->session, r->env != NULL ? RECORD_DUMP : LOG_DUMP, &p, &r->page);
}

int
rows_next(struct rows *r, int64_t *number)
{
	const int had = r->page.pg == NULL ? PAGE : db_rows(&r->page);

	if (r->page.pg != NULL)
		r->row++;
	if (r->page.pg == NULL || (r->row == had && had == PAGE))
		if (fetch(r) != 0)
			return -1;
	if (r->row >= db_rows(&r->page))
		return 0;
	*number =
	    db_get_int(&r->page, r->row, r->env != NULL ? "version" : "seq");
	r->next = *number + 1;
	return 1;
}

void
rows_reset(struct rows *r)
{
	db_result_free(&r->page);
}

int
rows_entry(const struct rows *r, struct entry *e)
{
	size_t len;
	const uint8_t *data = db_get_bytes(&r->page, r->row, "entry", &len);

	return data == NULL ? CODE_BAD_FORM : entry_decode(e, data, len);
}

int
rows_record(const struct rows *r, struct record *record)
{
	size_t len;
	const uint8_t *data = db_get_bytes(&r->page, r->row, "record", &len);

	return data == NULL ? CODE_BAD_FORM : record_decode(record, data, len);
}

bool
rows_has_bytes(const struct db_result *r, int row, const char *name,
    const uint8_t *bytes, size_t len)
{
	size_t got_len;
	const uint8_t *got = db_get_bytes(r, row, name, &got_len);

	return got != NULL && got_len == len && memcmp(got, bytes, len) == 0;
}

static bool
has_uuid(const struct db_result *r, int row, const char *name, const char *id)
{
	char got[ID_LEN + 1];

	db_get_uuid(r, row, name, got);
	return strcmp(got, id) == 0;
}

bool
rows_fit_entry(const struct rows *rows, const struct entry *e)
{
	const struct db_result *r = &rows->page;
	const int row = rows->row;
	const char *device = e->kind == ENTRY_ROTATE ? "" : e->device;

	return rows_has_bytes(r, row, "entry", e->raw.bytes,
		   e->raw.len + 2 * SIGNATURE_LEN) &&
	       rows_has_bytes(r, row, "hash", e->raw.hash, HASH_LEN) &&
	       db_get_int(r, row, "kind") == e->kind &&
	       has_uuid(r, row, "device_id", device);
}

bool
rows_fit_record(const struct rows *rows, const struct record *record)
{
	const struct db_result *r = &rows->page;
	const int row = rows->row;

	return rows_has_bytes(r, row, "record", record->raw.bytes,
		   record->raw.len + SIGNATURE_LEN) &&
	       rows_has_bytes(r, row, "hash", record->raw.hash, HASH_LEN) &&
	       rows_has_bytes(r, row, "key_id", record->key_id, HASH_LEN) &&
	       db_get_int(r, row, "version") == record->version &&
	       db_get_int(r, row, "op") == record->op &&
	       db_get_int(r, row, "log_seq") == record->log_seq &&
	       has_uuid(r, row, "author", record->author);
}
