/* SPDX-License-Identifier: MIT */
/*
 * loss.c: an environment of which the newest versions are lost: the server was
 * restored from a backup, and nobody has what came after. A person may say so,
 * for one environment and no further back than its last cut. Must not lower the
 * pin of the log: that is never lost while one machine lives.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

/* What the server has of the environment, from the last cut or version 1 on. */
struct found {
	struct pages pages;
	struct records records;
	struct pin seen; /* version 0: nothing */
};

static void
found_clear(struct found *f)
{
	pages_reset(&f->pages);
	records_reset(&f->records);
}

static void
found_reset(struct vaultenv_client *c, struct found *f)
{
	found_clear(f);
	/* Its pins are not what is on disk. */
	client_forget(c);
}

/* The pin is put aside: it is what may be lost. */
static int
begin(struct vaultenv_client *c, struct found *f, struct vaultenv_error *err)
{
	const struct pin none = { .version = 0 }, *pin;
	struct standing standing;
	struct team *t;
	int r;

	if ((r = team_begin_alone(c, err)) != 0)
		return r;
	t = c->team;
	if ((r = team_sync(c, err)) != 0 ||
	    (r = team_standing(c, c->environment, &standing, err)) != 0)
		return r;
	if ((pin = pins_find(&t->pins, c->environment)) != NULL)
		f->seen = *pin;
	r = pins_set(&t->pins, c->environment, &none);
	return r == 0 ? 0 : code_error(c, r, NULL, NULL, NULL, err);
}

/* Whoever was removed at the cut could be let in again below it. */
static int
below_cut(const struct vaultenv_client *c, struct vaultenv_error *err)
{
	return err_set(err, VAULTENV_ERR_FORBIDDEN,
	    "Push what you have under another name (--env)",
	    "Not even the version of %s that the last removal of a device or "
	    "key has named is there, so the environment cannot go on",
	    c->environment);
}

static int
fetch_once(
    struct vaultenv_client *c, struct found *f, struct vaultenv_error *err)
{
	const char *env = c->environment;
	const struct mark *cut = members_cut(&c->team->log, env);
	const struct history_query query = { .env = env };
	struct vaultenv_error why;
	struct finding finding = { .seq = 0 };
	struct head head;
	int r;

	found_clear(f);
	pages_init(&f->pages, c);
	r = pages_records(
	    c, env, cut == NULL ? 1 : cut->version, &f->pages, &why);
	if (r == VAULTENV_ERR_NO_SECRETS)
		return 0;
	/* The pin was put aside: by the cut. */
	if (r == VAULTENV_ERR_VERIFY &&
	    strcmp(why.reason, code_name(CODE_RECORD_MISSING)) == 0)
		return below_cut(c, err);
	if (r != 0)
		return err_copy(err, &why);
	if ((r = pages_read(&f->pages, &f->records)) != 0)
		return code_error(c, r, NULL, env, NULL, err);
	if (f->records.n == 0)
		return cut == NULL ? 0 : below_cut(c, err);
	r = history_head(&c->team->log, &f->records, &query, &head, &finding);
	if (r == CODE_RECORD_ROLLBACK)
		return below_cut(c, err);
	return r == 0 ? 0 : code_error(c, r, &finding, env, NULL, err);
}

static int
fetch(struct vaultenv_client *c, struct found *f, struct vaultenv_error *err)
{
	struct vaultenv_error why;
	int r, tries = 0;

	do {
		r = fetch_once(c, f, &why);
	} while (r != 0 && team_log_grew(c, &why, &tries));
	return r == 0 ? 0 : err_copy(err, &why);
}

static void
head_put(struct vaultenv_head *out, int64_t version, const uint8_t *hash)
{
	*out = (struct vaultenv_head){ .version = version };
	if (version > 0)
		hex_encode(out->hash, hash, HASH_LEN);
}

static int
look(struct vaultenv_client *c, struct found *f, struct vaultenv_loss *out,
    struct vaultenv_error *err)
{
	const struct chain chain = { .log = &c->team->log,
		.env = c->environment,
		.records = &f->records };
	const struct record *newest = NULL;
	int r;

	if (f->records.n > 0)
		newest = &f->records.at[f->records.n - 1];
	head_put(&out->seen, f->seen.version, f->seen.hash);
	head_put(&out->there, newest == NULL ? 0 : newest->version,
	    newest == NULL ? NULL : newest->raw.hash);
	r = shared_heads_accept(
	    c->env_path, c->project_id, &chain, true, &out->n_lines, err);
	out->is_lost =
	    out->n_lines > 0 ||
	    (f->seen.version > 0 && !pin_fits(&f->seen, &f->records));
	return r > 0 ? code_error(c, r, NULL, NULL, SHARED_HEADS, err) : r;
}

static int
find(struct vaultenv_client *c, struct found *f, struct vaultenv_loss *out,
    struct vaultenv_error *err)
{
	int r;

	if ((r = begin(c, f, err)) != 0 || (r = fetch(c, f, err)) != 0)
		return r;
	return look(c, f, out, err);
}

int
vaultenv_loss_look(struct vaultenv_client *c, struct vaultenv_loss *out,
    struct vaultenv_error *err)
{
	struct found f = { .seen.version = 0 };
	int r;

	r = find(c, &f, out, err);
	found_reset(c, &f);
	return r;
}

static int
accept(struct vaultenv_client *c, const struct records *records,
    struct vaultenv_error *err)
{
	const struct chain chain = {
		.log = &c->team->log, .env = c->environment, .records = records
	};
	size_t n;
	int r;

	if ((r = heads_accept(&c->team->files, &chain, err)) == 0)
		r = shared_heads_accept(
		    c->env_path, c->project_id, &chain, false, &n, err);
	return r > 0 ? code_error(c, r, NULL, NULL, c->team->files.heads, err)
		     : r;
}

int
vaultenv_loss_accept(struct vaultenv_client *c,
    const struct vaultenv_loss *seen, struct vaultenv_error *err)
{
	struct found f = { .seen.version = 0 };
	struct vaultenv_loss loss;
	int r;

	if ((r = find(c, &f, &loss, err)) != 0)
		goto out;
	if (loss.there.version != seen->there.version ||
	    strcmp(loss.there.hash, seen->there.hash) != 0) {
		r = err_set(err, VAULTENV_ERR_CONFLICT, "Look again",
		    "The server has another version of %s now (%lld) than the "
		    "one that was looked at (%lld)",
		    c->environment, (long long)loss.there.version,
		    (long long)seen->there.version);
		goto out;
	}
	r = accept(c, &f.records, err);
out:
	found_reset(c, &f);
	return r;
}
