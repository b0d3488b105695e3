/* SPDX-License-Identifier: MIT */
/*
 * bundle.c: what is known of a project as a file: an environment's newest
 * version for a mirror, or all that this machine holds for an operator who has
 * to restore. Nothing in it opens without both factors of a device.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

/* ---- one environment ---- */

struct publishing {
	struct vaultenv_client *client;
	const char *env;
	int64_t n_records;
	struct pages pages;
	struct wraps wraps; /* of the newest version's key */
	struct bundle bundle;
};

/* The newest n, up to the version that was opened: others may have pushed
 * since. */
static int
records_take(struct publishing *p, struct vaultenv_error *err)
{
	const struct held *h = &p->client->team->held;
	struct pin pin = { .version = h->record.version };
	const struct history_query query = {
		.env = p->env, .pin = &pin, .own = &pin
	};
	struct finding why = { .seq = 0 };
	struct records records = { .n = 0 };
	struct bundle *b = &p->bundle;
	int64_t from = h->record.version - p->n_records + 1;
	struct head head;
	int r;

	if (from < 1)
		from = 1;
	memcpy(pin.hash, h->record.raw.hash, HASH_LEN);
	if ((r = pages_records(p->client, p->env, from, &p->pages, err)) != 0)
		return r;
	blob_init(&records.bytes, SIZE_MAX);
	r = logfile_entries(&p->pages.records, &b->records, &b->n_records);
	if (r == 0 && b->n_records > (size_t)(pin.version - from + 1))
		b->n_records = (size_t)(pin.version - from + 1);
	if (r == 0 &&
	    (r = records_read(&records, b->records, b->n_records)) == 0)
		r = history_head(
		    &p->client->team->log, &records, &query, &head, &why);
	records_reset(&records);
	return r == 0 ? 0 : code_error(p->client, r, &why, p->env, NULL, err);
}

static int
wraps_take(struct publishing *p, struct vaultenv_error *err)
{
	const struct record *newest = &p->client->team->held.record;
	struct wraps *w = &p->wraps;
	size_t n = 0;
	int r;

	if ((r = team_wraps(p->client, p->env, true, w, err)) != 0)
		return r;
	for (size_t i = 0; i < w->n; i++)
		if (memcmp(w->at[i].key_id, newest->key_id, HASH_LEN) == 0)
			w->at[n++] = w->at[i];
	w->n = n;
	return 0;
}

static int
publish(struct publishing *p, struct blob *out, struct vaultenv_error *err)
{
	const struct team *t = p->client->team;
	struct bundle *b = &p->bundle;
	int r;

	if ((r = records_take(p, err)) != 0 || (r = wraps_take(p, err)) != 0)
		return r;
	b->project = (struct text){ t->project, ID_LEN };
	b->env = (struct text){ p->env, strlen(p->env) };
	b->wraps = p->wraps.at;
	b->n_wraps = p->wraps.n;
	b->secrets = (struct text){ (const char *)t->held.secrets.data,
		t->held.secrets.len };
	if ((r = logfile_entries(&t->lines, &b->log, &b->n_log)) == 0 &&
	    (r = bundle_write(out, b)) == 0)
		r = blob_append_str(out, "\n");
	return r == 0 ? 0 : err_general(err, r);
}

int
vaultenv_bundle_write(struct vaultenv_client *client, int64_t n_records,
    char **text, size_t *len, struct vaultenv_error *err)
{
	struct publishing p = { .client = client,
		.env = client->environment,
		.n_records = n_records };
	const struct pull newest = { .env = client->environment };
	struct opened o;
	struct blob out;
	int r;

	r = team_pull(client, &newest, &o, err);
	opened_reset(&o);
	if (r != 0)
		return r;
	blob_init(&out, BUNDLES_MAX);
	pages_init(&p.pages, client);
	if ((r = publish(&p, &out, err)) == 0)
		*text = blob_take(&out, len);
	free(p.bundle.log);
	free(p.bundle.records);
	wraps_reset(&p.wraps);
	pages_reset(&p.pages);
	blob_reset(&out);
	return r;
}

/* ---- all that is here ---- */

static int
log_put(const struct team *t, struct blob *out)
{
	struct bundle b = { .project = { t->project, ID_LEN } };
	int r;

	if ((r = logfile_entries(&t->lines, &b.log, &b.n_log)) == 0 &&
	    (r = bundle_write(out, &b)) == 0)
		r = blob_append_str(out, "\n");
	free(b.log);
	return r;
}

/* A cache that cannot be read is passed over: the others are worth as much. */
static int
cache_put(struct vaultenv_client *c, const char *env, struct blob *out)
{
	struct vaultenv_error why;
	struct cached cached;
	struct bundle b;
	int r;

	r = cached_read(c, env, &cached, &why);
	if (r == 0) {
		b = cached.bundle;
		b.n_log = 0;
		if ((r = bundle_write(out, &b)) == 0)
			r = blob_append_str(out, "\n");
		cached_reset(&cached);
		return r;
	}
	cached_reset(&cached);
	if (r > 0)
		code_error(c, r, NULL, env, NULL, &why);
	if (r != VAULTENV_ERR_NOT_FOUND)
		notice_give_error(&c->notice, &why);
	return 0;
}

int
vaultenv_bundle_all(struct vaultenv_client *client, char **text, size_t *len,
    struct vaultenv_error *err)
{
	const struct team *t;
	struct blob out;
	int r;

	if ((r = team_begin(client, err)) != 0)
		return r;
	t = client->team;
	if (t->log.n_steps == 0)
		return err_set(err, VAULTENV_ERR_NOT_FOUND,
		    "Run it on a machine that has read the project before",
		    "This machine holds nothing of project %s", t->project);
	blob_init(&out, BUNDLES_MAX);
	r = log_put(t, &out);
	for (size_t i = 0; r == 0 && i < t->pins.n_envs; i++)
		r = cache_put(client, t->pins.envs[i].env, &out);
	if (r == 0)
		*text = blob_take(&out, len);
	else
		err_general(err, r);
	blob_reset(&out);
	return r;
}
