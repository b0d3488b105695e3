/* SPDX-License-Identifier: MIT */
/*
 * cache.c: .vault-cache.d/<environment>: read and written as a bundle that
 * verifies by itself, under a MAC that binds its age.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define RENEW_AFTER_MS 60000
#define RECORDS_KEPT   100

int
cached_read(const struct vaultenv_client *c, const char *env,
    struct cached *out, struct vaultenv_error *err)
{
	struct opening in;
	struct text bundle;
	int r;

	*out = (struct cached){ .at_ms = 0 };
	blob_init(&out->text, CACHE_FILE_MAX);
	team_opening(c, env, &in);
	r = cachedir_read(c->env_path, env, &out->text, err);
	if (r != 0) {
		if (r == VAULTENV_ERR_NOT_FOUND || r == VAULTENV_ERR_INVALID)
			r = err_set(
			    err, VAULTENV_ERR_NOT_FOUND, NULL, "%s", "");
		return r;
	}
	r = cachefile_read(&in, (const char *)out->text.data, out->text.len,
	    &out->at_ms, &bundle);
	if (r == 0 && (r = bundle_read(&out->bundle, bundle.at, bundle.len)) ==
			  CODE_BAD_FORM)
		r = CODE_CACHE_FORM;
	if (r < 0)
		err_general(err, r);
	return r;
}

void
cached_reset(struct cached *cached)
{
	bundle_reset(&cached->bundle);
	blob_reset(&cached->text);
}

/* True if what was read is the same version, and young. */
static bool
is_young(
    const struct vaultenv_client *c, const struct cached *known, int64_t now_ms)
{
	const struct bundle *b = &known->bundle;
	struct records newest;
	bool same;

	if (b->n_records == 0 || now_ms - known->at_ms >= RENEW_AFTER_MS ||
	    now_ms < known->at_ms || b->n_log != c->team->log.n_steps ||
	    records_read(&newest, b->records + b->n_records - 1, 1) != 0)
		return false;
	same = memcmp(newest.at[0].raw.hash, c->team->held.record.raw.hash,
		   HASH_LEN) == 0;
	records_reset(&newest);
	return same;
}

static int
text_make(struct vaultenv_client *c, int64_t at_ms, struct blob *out)
{
	struct team *t = c->team;
	const struct held *h = &t->held;
	struct bundle b = {
		.project = { t->project, ID_LEN },
		.env = { h->record.env, strlen(h->record.env) },
		.wraps = &t->held.wrap,
		.n_wraps = 1,
		.secrets = { (const char *)h->secrets.data, h->secrets.len },
	};
	struct text *records = NULL;
	struct blob bundle;
	size_t n;
	int r;

	blob_init(&bundle, CACHE_FILE_MAX);
	if ((r = logfile_entries(&t->lines, &b.log, &b.n_log)) != 0 ||
	    (r = logfile_entries(&h->lines, &records, &n)) != 0)
		goto out;
	b.n_records = n < RECORDS_KEPT ? n : RECORDS_KEPT;
	b.records = records + (n - b.n_records);
	if ((r = bundle_write(&bundle, &b)) == 0)
		r = cachefile_write(out, team_key(t), &t->keys->device,
		    h->record.env, at_ms,
		    (struct text){ (const char *)bundle.data, bundle.len });
out:
	free(b.log);
	free(records);
	blob_reset(&bundle);
	return r;
}

void
cached_forget(const struct vaultenv_client *c)
{
	struct vaultenv_error err;

	if (cachedir_wipe(c->env_path, &err) != 0)
		notice_give_error(&c->notice, &err);
}

void
cached_write(struct vaultenv_client *c, const struct cached *known,
    int64_t at_ms, bool tells)
{
	const struct team *t = c->team;
	const struct member *self = members_find(&t->log, t->keys->device.id);
	const char *env = t->held.record.env;
	struct vaultenv_error err;
	struct blob text;
	int r;

	if (self == NULL || !t->held.is_there)
		return;
	/* Without leave to keep one, none is left lying about either. */
	if (member_now(self)->cache_s == 0) {
		if (cachedir_remove(c->env_path, env, &err) != 0)
			notice_give_error(&c->notice, &err);
		return;
	}
	if (known != NULL && is_young(c, known, at_ms))
		return;
	blob_init(&text, CACHE_FILE_MAX);
	if ((r = text_make(c, at_ms, &text)) != 0)
		err_set(&err, r, NULL, "Cannot write %s/%s: %s", CACHE_FOLDER,
		    env, vaultenv_strerror(r));
	else
		r = cachedir_write(
		    c->env_path, env, (const char *)text.data, text.len, &err);
	if (r != 0 && tells)
		notice_give_error(&c->notice, &err);
	blob_reset(&text);
}
