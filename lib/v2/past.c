/* SPDX-License-Identifier: MIT */
/*
 * past.c: the versions that led to the newest, as far as they are kept: the
 * chain is verified as a whole, each record by its own signature, and opened by
 * this device's keys one by one.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define LOOKED_AT 1000 /* versions, for those that are no confirms */

static int
judge(struct vaultenv_client *c, const struct history_query *query,
    struct past *past, struct vaultenv_error *err)
{
	struct finding why = { .seq = 0 };
	struct head head;
	size_t n;
	int r;

	if ((r = logfile_entries(&past->pages.contents, &past->contents, &n)) ==
		0 &&
	    (r = pages_read(&past->pages, &past->records)) == 0)
		r = history_head(
		    &c->team->log, &past->records, query, &head, &why);
	return r == 0 ? 0 : code_error(c, r, &why, query->env, NULL, err);
}

/* pages_records() or pages_contents(). */
typedef int pages_function(struct vaultenv_client *c, const char *env,
    int64_t from, struct pages *p, struct vaultenv_error *err);

/* Up to the newest there is: it may be newer than what was verified. */
static int
read_once(struct vaultenv_client *c, const struct history_query *query,
    pages_function *ask, int64_t first, struct past *past,
    struct vaultenv_error *err)
{
	int r;

	past_reset(past);
	*past = (struct past){ .env = query->env };
	pages_init(&past->pages, c);
	r = ask(c, query->env, first, &past->pages, err);
	return r == 0 ? judge(c, query, past, err) : r;
}

/* From the first on, held against what was seen. */
static int
read_from(struct vaultenv_client *c, const struct history_query *query,
    pages_function *ask, int64_t first, struct past *past,
    struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r, tries = 0;

	do {
		r = read_once(c, query, ask, first, past, &why);
	} while (r != 0 && team_log_grew(c, &why, &tries));
	return r == 0 ? 0 : err_copy(err, &why);
}

/* From which version on there are n, up to the query's pin, that are no
 * confirms. */
static int
first_of(struct vaultenv_client *c, const struct history_query *query, size_t n,
    int64_t *first, struct vaultenv_error *err)
{
	const int64_t newest = query->pin->version;
	struct past past = { .env = query->env };
	size_t i;
	int r;

	*first = newest > LOOKED_AT ? newest - LOOKED_AT + 1 : 1;
	if (newest <= (int64_t)n)
		return 0;
	pages_init(&past.pages, c);
	r = read_from(c, query, pages_records, *first, &past, err);
	for (i = past.records.n; r == 0 && i > 0 && n > 0; i--)
		n -= past.records.at[i - 1].op != OP_CONFIRM;
	if (r == 0 && i < past.records.n)
		*first = past.records.at[i].version;
	past_reset(&past);
	return r;
}

/* With what this device opens their contents by. */
static int
read_past(struct vaultenv_client *c, const struct history_query *query,
    int64_t first, struct past *past, struct vaultenv_error *err)
{
	int r = read_from(c, query, pages_contents, first, past, err);

	return r == 0 ? team_wraps(c, query->env, false, &past->wraps, err) : r;
}

int
team_past_all(struct vaultenv_client *c, const char *env, struct past *past,
    struct vaultenv_error *err)
{
	const struct history_query query = pins_query(&c->team->pins, env);

	*past = (struct past){ .env = env };
	pages_init(&past->pages, c);
	return read_past(c, &query, 1, past, err);
}

/* By the newest, verified first: the pin may lie before those that are wanted.
 */
int
team_past(struct vaultenv_client *c, const char *env, size_t n_wanted,
    struct past *past, struct vaultenv_error *err)
{
	struct pin pin;
	const struct history_query query = {
		.env = env, .pin = &pin, .own = &pin
	};
	struct head_v2 *newest;
	int64_t first;
	int r;

	*past = (struct past){ .env = env };
	pages_init(&past->pages, c);
	if ((newest = malloc(sizeof(*newest))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = team_head(c, env, newest, NULL, err)) == 0) {
		pin.version = newest->head.version;
		memcpy(pin.hash, newest->head.hash, HASH_LEN);
		r = first_of(c, &query, n_wanted, &first, err);
	}
	if (r == 0)
		r = read_past(c, &query, first, past, err);
	free(newest);
	return r;
}

int
team_confirmed(struct vaultenv_client *c, const char *env, int64_t number,
    int64_t *out, struct vaultenv_error *err)
{
	const int64_t first = number > LOOKED_AT ? number - LOOKED_AT + 1 : 1;
	const struct history_query query = pins_query(&c->team->pins, env);
	struct past past = { .env = env };
	size_t i;
	int r;

	pages_init(&past.pages, c);
	if ((r = read_from(c, &query, pages_records, first, &past, err)) != 0)
		goto out;
	i = past.records.n;
	while (i > 0 && past.records.at[i - 1].version > number)
		i--;
	while (i > 0 && past.records.at[i - 1].op == OP_CONFIRM)
		i--;
	*out = i > 0 ? past.records.at[i - 1].version : number;
out:
	past_reset(&past);
	return r;
}

void
past_reset(struct past *past)
{
	pages_reset(&past->pages);
	records_reset(&past->records);
	free(past->contents);
	wraps_reset(&past->wraps);
}

static int
open_with(const struct past *past, const struct record *record,
    const struct blob *box, const uint8_t data_key[KEY_LEN], struct opened *o)
{
	const struct place place = { record->project, past->env };
	int code;

	code = content_open(
	    &o->plain, &place, record->version, data_key, box->data, box->len);
	if (code != 0)
		return code;
	return secrets_read(
	    &o->secrets, (const char *)o->plain.data, o->plain.len);
}

int
past_open(const struct vaultenv_client *c, const struct past *past, size_t i,
    struct opened *o)
{
	const struct record *record = &past->records.at[i];
	uint8_t hash[HASH_LEN];
	struct blob box;
	int code;

	*o = (struct opened){ .records.n = 0 };
	blob_init(&o->records.bytes, SIZE_MAX);
	blob_init(&o->plain, SIZE_MAX);
	blob_init(&box, SIZE_MAX);
	code = base64_decode(&box, past->contents[i].at, past->contents[i].len);
	if (code == VAULTENV_ERR_INVALID)
		code = CODE_BAD_FORM;
	if (code == 0 && (code = sha256(hash, box.data, box.len)) == 0 &&
	    memcmp(hash, record->blob, HASH_LEN) != 0)
		code = CODE_BLOB_HASH;
	if (code == 0)
		code = team_data_key(
		    c, past->env, &past->wraps, record->key_id, o->data_key);
	if (code == 0)
		code = open_with(past, record, &box, o->data_key, o);
	blob_reset(&box);
	return code;
}
