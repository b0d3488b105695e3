/* SPDX-License-Identifier: MIT */
/*
 * cache.c: the newest version for a program, by the server or by .vault-cache:
 * v1 signs nothing, so a version is held against what was seen before. What a
 * cache is for is load.c's to decide.
 */
#include "config.h"

#include <inttypes.h>

#include "v1/v1.h"

static int
cache_begin(struct cache *cache, const struct vaultenv_client *c)
{
	*cache = (struct cache){
		.environment = c->environment,
		.url = c->url,
		.notice = c->notice,
		.state_path = c->state_path,
	};
	return cache_init(cache, c->env_path);
}

/* Not behind what this program, or this machine, has seen. */
static int
seen_check(struct vaultenv_client *c, const struct cache *cache,
    const struct fetch *how, struct version *v, struct vaultenv_error *err)
{
	int64_t known;
	int r;

	if ((r = version_hash(v)) != 0)
		return err_general(err, r);
	if ((r = cache_check_version(cache, v, &known, err)) != 0)
		return r;
	if (v->number < how->seen)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "If it was restored from a backup, start this program "
		    "again",
		    "%s gave version %" PRId64 " of %s after version %" PRId64,
		    c->url, v->number, c->environment, how->seen);
	if (known < how->seen)
		known = how->seen;
	return v1_jump_check(c, known, v->number, err);
}

int
v1_fetch(struct vaultenv_client *c, const struct fetch *how, struct version *v,
    struct vaultenv_error *err)
{
	struct cache cache;
	int r;

	if ((r = cache_begin(&cache, c)) != 0)
		return err_general(err, r);
	if ((r = v1_pull(c, 0, false, v, err)) == 0 &&
	    (r = seen_check(c, &cache, how, v, err)) == 0 && !how->no_cache)
		cache_write(&cache, v);
	cache_reset(&cache);
	return r;
}

static int
too_old(const struct cache_use *use, int64_t age_s, struct vaultenv_error *err)
{
	char age[AGE_TEXT], limit[AGE_TEXT];

	age_text(age, age_s, false);
	age_text(limit, use->max_age_s, true);
	return err_set(err, VAULTENV_ERR_NOT_FOUND, NULL,
	    "It is %s old, older than %s (%s)", age, use->limit, limit);
}

int
v1_cached(struct vaultenv_client *c, const struct cache_use *use,
    struct version *v, int64_t *age_s, struct vaultenv_error *err)
{
	struct cache cache;
	int r;

	if ((r = cache_begin(&cache, c)) != 0)
		return err_general(err, r);
	if ((r = cache_read(&cache, v, age_s, err)) != 0) {
		if (r == VAULTENV_ERR_NOT_FOUND)
			err_set(err, r, NULL, "%s", "");
		goto out;
	}
	if (use->max_age_s >= 0 && *age_s > use->max_age_s)
		r = too_old(use, *age_s, err);
	else if (use->must_be_known && v->number == 0)
		r = err_set(err, VAULTENV_ERR_NOT_FOUND, NULL, "%s", "");
	else if ((r = v1_open(c, v, NULL)) != 0)
		err_set(err, r, NULL,
		    "%s is damaged, or of another VAULT_KEY or device",
		    cache.path);
out:
	cache_reset(&cache);
	return r;
}
