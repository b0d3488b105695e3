/* SPDX-License-Identifier: MIT */
/*
 * offline.c: a version from the cache alone: bound by its MAC, its age and all
 * that is known of the log by now.
 */
#include "config.h"

#include "v2/v2.h"

/* Why it is of no use at this time: cache_s is what the log allows. */
static void
tell_age(const struct cached *cached, const struct cache_use *use,
    int64_t cache_s, struct finding *why)
{
	why->at_ms = cached->at_ms;
	why->other_version = cache_s;
	why->limit = "this device's limit";
	if (use->max_age_s >= 0 && use->max_age_s < cache_s) {
		why->other_version = use->max_age_s;
		why->limit = use->limit;
	}
	if (cached->at_ms > clock_now_ms() + AHEAD_MAX_MS) {
		why->other_version = AHEAD_MAX_MS / 1000;
		why->limit = NULL;
	}
}

/* What this machine has of the log goes on from the cache's, or ends before. */
static int
open_cached(struct vaultenv_client *c, const struct cached *cached,
    const struct cache_use *use, struct opened *o, struct finding *why)
{
	struct team *t = c->team;
	const size_t known = t->log.n_steps;
	struct opening in;
	int r;

	team_opening(c, c->environment, &in);
	in.source = FROM_CACHE;
	in.log_from = 0;
	in.cached_at_ms = cached->at_ms;
	in.cache_max_age_s = use->max_age_s > 0 ? use->max_age_s : 0;
	r = bundle_open(&in, &t->log, &cached->bundle, o, why);
	if (r == 0 && cached->bundle.n_log > known)
		r = logfile_add(&t->lines, cached->bundle.log + known,
		    cached->bundle.n_log - known);
	if (r == CODE_CACHE_AGE)
		tell_age(cached, use, o->standing.grant->cache_s, why);
	return r;
}

/* Most of the time nobody did any harm: the last pull was before a colleague
 * left. */
static bool
is_outlived(int code, const struct finding *why)
{
	return code == CODE_RECORD_AUTHOR && why->version < why->other_version;
}

static int
refused(struct vaultenv_client *c, int code, const struct finding *why,
    struct vaultenv_error *err)
{
	code_error(c, code, why, c->environment, "The cache", err);
	if (is_outlived(code, why))
		err_hint(err, "Pull again: newer versions exist, and of those "
			      "before them none by a removed device is taken "
			      "from a cache");
	else if (code == CODE_LOG_SHORT)
		err_hint(err, "Pull again: the list that was seen is no longer "
			      "in ~/.vault");
	if (code == CODE_DEVICE_REVOKED)
		cached_forget(c);
	/* The log in hand may be half the cache's: it is read again. */
	members_reset(&c->team->log);
	blob_reset(&c->team->lines);
	return code_error(c, code, NULL, NULL, NULL, NULL);
}

static int
take(struct vaultenv_client *c, const struct cache_use *use,
    const struct cached *cached, struct version *v, int64_t *age_s,
    struct vaultenv_error *err)
{
	struct finding why;
	struct opened o;
	int r;

	r = open_cached(c, cached, use, &o, &why);
	if (r != 0) {
		r = refused(c, r, &why, err);
		goto out;
	}
	v->number = o.history.wanted->version;
	*age_s = (clock_now_ms() - cached->at_ms) / 1000;
	if (*age_s < 0)
		*age_s = 0;
	r = opened_list(&o, &v->list, err);
out:
	opened_reset(&o);
	return r;
}

int
v2_cached(struct vaultenv_client *c, const struct cache_use *use,
    struct version *v, int64_t *age_s, struct vaultenv_error *err)
{
	struct finding why = { .seq = 0 };
	struct cached cached;
	int r;

	if ((r = team_begin(c, err)) != 0)
		return r;
	r = cached_read(c, c->environment, &cached, err);
	if (r > 0)
		r = code_error(c, r, NULL, c->environment, NULL, err);
	/* Asked for one that is no older than now. */
	else if (r == 0 && use->max_age_s == 0) {
		tell_age(&cached, use, INT64_MAX, &why);
		r = code_error(
		    c, CODE_CACHE_AGE, &why, c->environment, NULL, err);
	} else if (r == 0)
		r = take(c, use, &cached, v, age_s, err);
	cached_reset(&cached);
	return r;
}
