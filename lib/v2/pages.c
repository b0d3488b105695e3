/* SPDX-License-Identifier: MIT */
/*
 * pages.c: replies of which one holds not all: log and records, put together
 * before any of it is judged. A server that never ends is stopped by its own
 * pages: each has to bring something new.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define RECORDS_MAX  ((size_t)64 << 20) /* of lines: 100,000 versions */
#define CONTENTS_MAX ((size_t)1 << 30)

void
pages_init(struct pages *p, const struct vaultenv_client *c)
{
	*p = (struct pages){ .log_from = c->team->log.n_steps };
	blob_init(&p->log, LOG_FILE_MAX);
	blob_init(&p->records, RECORDS_MAX);
	blob_init(&p->contents, CONTENTS_MAX);
	blob_init(&p->secrets, REPLY_MAX);
}

void
pages_reset(struct pages *p)
{
	blob_reset(&p->log);
	blob_reset(&p->records);
	blob_reset(&p->contents);
	blob_reset(&p->secrets);
	free(p->wraps);
	p->wraps = NULL;
}

/* True if lines ends with this one. */
static bool
ends_with(const struct blob *lines, struct text line)
{
	const size_t len = line.len + 1;

	return lines->len >= len &&
	       memcmp(lines->data + lines->len - len, line.at, line.len) == 0;
}

static int
wraps_keep(struct pages *p, struct bundle *b)
{
	free(p->wraps);
	p->wraps = b->wraps;
	p->n_wraps = b->n_wraps;
	b->wraps = NULL;
	b->n_wraps = 0;
	blob_reset(&p->secrets);
	return b->secrets.at == NULL
		   ? 0
		   : blob_append(&p->secrets, b->secrets.at, b->secrets.len);
}

/* The record that a page was asked from comes first again. */
static int
bundle_add(struct pages *p, struct bundle *b)
{
	const struct text *records = b->records;
	size_t n = b->n_records;
	int r;

	if (n > 0 && p->records.len > 0 && ends_with(&p->records, *records)) {
		records++;
		n--;
	}
	if (p->more && n == 0 && b->n_log == 0)
		return VAULTENV_ERR_PROTOCOL;
	if ((r = logfile_add(&p->log, b->log, b->n_log)) != 0 ||
	    (r = logfile_add(&p->records, records, n)) != 0)
		return r;
	return wraps_keep(p, b);
}

int
pages_add(struct pages *p, struct call *call, struct vaultenv_error *err)
{
	struct bundle b;
	int r;

	p->more = json_find_true(&call->reply, "more");
	p->unchanged = json_find_true(&call->reply, "unchanged");
	if (!json_find_int(&call->reply, "version", 0, &p->version))
		p->version = 0;
	if ((r = bundle_read_reply(&b, &call->reply)) != 0)
		return code_error(call->client, r, NULL, NULL, NULL, err);
	r = bundle_add(p, &b);
	bundle_reset(&b);
	if (r == VAULTENV_ERR_PROTOCOL || r == VAULTENV_ERR_INVALID)
		return v2_call_wrong(call, "more", err);
	return r == 0 ? 0 : err_general(err, r);
}

int64_t
pages_log_have(const struct pages *p)
{
	int64_t n = (int64_t)p->log_from;

	for (size_t i = 0; i < p->log.len; i++)
		n += p->log.data[i] == '\n';
	return n;
}

int
pages_read(const struct pages *p, struct records *out)
{
	struct text *texts = NULL;
	size_t n;
	int r;

	*out = (struct records){ .n = 0 };
	blob_init(&out->bytes, SIZE_MAX);
	if ((r = logfile_entries(&p->records, &texts, &n)) == 0)
		r = records_read(out, texts, n);
	free(texts);
	return r;
}

int
pages_last(const struct pages *p, int64_t *version)
{
	struct text *texts = NULL;
	struct records last;
	size_t n;
	int r;

	if ((r = logfile_entries(&p->records, &texts, &n)) != 0 || n == 0)
		goto out;
	if ((r = records_read(&last, texts + n - 1, 1)) == 0) {
		*version = last.at[0].version;
		records_reset(&last);
	}
out:
	free(texts);
	return r;
}

int
team_take_pages(struct vaultenv_client *c, const struct pages *p,
    struct vaultenv_error *err)
{
	struct text *entries = NULL;
	size_t n;
	int r;

	if ((r = logfile_entries(&p->log, &entries, &n)) != 0)
		err_general(err, r);
	else
		r = team_take_log(c, p->log_from, entries, n, err);
	free(entries);
	return r;
}

/* ---- secrets/records ---- */

static int
records_add(struct pages *p, struct call *call, struct vaultenv_error *err)
{
	struct text *contents;
	struct bundle b;
	size_t skip;
	int r;

	if ((r = bundle_read_records(&b, &contents, &call->reply)) != 0)
		return code_error(call->client, r, NULL, NULL, NULL, err);
	skip = b.n_records > 0 && p->records.len > 0 &&
	       ends_with(&p->records, *b.records);
	if (p->more && b.n_records == skip)
		r = VAULTENV_ERR_PROTOCOL;
	p->more = json_find_true(&call->reply, "more");
	if (r == 0 && (r = logfile_add(&p->records, b.records + skip,
			   b.n_records - skip)) == 0)
		r = logfile_add(
		    &p->contents, contents + skip, b.n_records - skip);
	free(contents);
	bundle_reset(&b);
	if (r == VAULTENV_ERR_PROTOCOL || r == VAULTENV_ERR_INVALID)
		return v2_call_wrong(call, "more", err);
	return r == 0 ? 0 : err_general(err, r);
}

static int
read_records(struct vaultenv_client *c, const char *env, int64_t from,
    bool with_contents, struct pages *p, struct vaultenv_error *err)
{
	struct call call;
	int r;

	do {
		v2_call_begin_environment(&call, c, "secrets/records", env);
		json_put_int(&call.body, "from", from);
		if (with_contents) {
			json_put_name(&call.body, "blobs");
			json_put_raw(&call.body, "true");
		}
		if ((r = v2_call_perform(&call, v2_nothing, NULL, err)) == 0 &&
		    (r = records_add(p, &call, err)) == 0 && p->more &&
		    (r = pages_last(p, &from)) != 0)
			code_error(c, r, NULL, env, NULL, err);
		/* A large content need not come twice. */
		from += with_contents;
		call_end(&call);
	} while (r == 0 && p->more);
	return r;
}

int
pages_records(struct vaultenv_client *c, const char *env, int64_t from,
    struct pages *p, struct vaultenv_error *err)
{
	return read_records(c, env, from, false, p, err);
}

int
pages_contents(struct vaultenv_client *c, const char *env, int64_t from,
    struct pages *p, struct vaultenv_error *err)
{
	return read_records(c, env, from, true, p, err);
}
