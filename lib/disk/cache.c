/* SPDX-License-Identifier: MIT */
/*
 * cache.c: .vault-cache, the server's last blob, word for word. v1's cache says
 * neither of which environment it is nor of which version; the state beside it
 * does, and without that nobody could tell staging from production, or last
 * year's blob from today's. Knows no key.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "disk/state.h"

#define CACHE_NAME ".vault-cache"

int
cache_init(struct cache *c, const char *env_path)
{
	c->path = store_beside(env_path, CACHE_NAME);
	return c->path != NULL ? 0 : VAULTENV_ERR_NOMEM;
}

void
cache_reset(struct cache *c)
{
	free(c->path);
	memset(c, 0, sizeof(*c));
}

/* Fills in v->number, 0 if it is unknown, by what any server has given: the
 * blob is one of this key all the same. NO_SECRETS: see cache_read. */
static int
identify(const struct cache *c, struct version *v, struct vaultenv_error *err)
{
	const struct state_row *row;
	struct state state;
	int r;

	if ((r = state_read(&state, c->state_path)) != 0)
		return err_general(err, r);
	for (size_t i = 0; i < state.n_rows; i++) {
		row = &state.rows[i];
		if (strcmp(row->sha256, v->sha256) != 0)
			continue;
		if (strcmp(row->environment, c->environment) == 0) {
			v->number = row->version;
			r = 0;
			break;
		}
		if (r == 0)
			r = err_set(err, VAULTENV_ERR_NO_SECRETS, NULL,
			    "%s holds the secrets of %s", c->path,
			    row->environment);
	}
	state_reset(&state);
	return r;
}

int
cache_read(const struct cache *c, struct version *v, int64_t *age_s,
    struct vaultenv_error *err)
{
	struct stat st;
	int r;

	r = store_read_own(c->path, VERSION_MAX, &v->text, &st, err);
	if (r != 0)
		return r;
	/* One from the future is new: some clock was off, or is. */
	*age_s = (int64_t)time(NULL) - (int64_t)st.st_mtime;
	if (*age_s < 0)
		*age_s = 0;
	if ((r = version_hash(v)) != 0)
		return err_general(err, r);
	return identify(c, v, err);
}

int
cache_check_version(const struct cache *c, const struct version *v,
    int64_t *known, struct vaultenv_error *err)
{
	char text[VAULTENV_ERROR_TEXT];
	const struct state_row *row;
	struct state state;
	int r;

	*known = 0;
	if ((r = state_read(&state, c->state_path)) != 0)
		return err_general(err, r);
	if ((row = state_find(&state, c->url, c->environment)) == NULL)
		goto out;
	*known = row->version;
	if (v->number < row->version) {
		r = err_set(err, VAULTENV_ERR_PROTOCOL, NULL,
		    "%s gave version %" PRId64
		    " of %s, but has given version %" PRId64
		    " before: it lost data, or old secrets are passed off as "
		    "new",
		    c->url, v->number, c->environment, row->version);
		err_hint(err,
		    "If the server was restored from a backup, run: vault-env "
		    "trust %s",
		    c->url);
	} else if (v->number == row->version &&
		   strcmp(v->sha256, row->sha256) != 0) {
		snprintf(text, sizeof(text),
		    "Version %" PRId64 " of %s is not what it was: %s gave "
		    "other secrets under the same number before",
		    v->number, c->environment, c->url);
		notice_give(&c->notice, text);
	}
out:
	state_reset(&state);
	return r;
}

/* The same blob again only becomes young: no sync of a disk at every start. */
static int
blob_store(
    const char *path, const struct blob *base64, struct vaultenv_error *err)
{
	struct blob old;
	struct stat st;
	bool same;

	blob_init(&old, VERSION_MAX);
	same = store_read_own(path, VERSION_MAX, &old, &st, NULL) == 0 &&
	       (st.st_mode & 07777) == 0600 && old.len == base64->len &&
	       memcmp(old.data, base64->data, old.len) == 0 &&
	       utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW) == 0;
	blob_reset(&old);
	return same ? 0
		    : vaultenv_file_write(
			  path, (const char *)base64->data, base64->len, err);
}

/* What was seen, for state_change(). */
struct sight {
	const struct cache *cache;
	const struct version *version;
};

static int
sight_set(struct state *state, void *arg)
{
	const struct sight *sight = arg;

	return state_set(state, sight->cache->url, sight->cache->environment,
	    sight->version->number, sight->version->sha256);
}

static int
state_store(
    const struct cache *c, const struct version *v, struct vaultenv_error *err)
{
	struct sight sight = { c, v };
	const struct state_row *row;
	struct state state;
	bool same;
	int r;

	if ((r = state_read(&state, c->state_path)) != 0)
		return err_general(err, r);
	row = state_find(&state, c->url, c->environment);
	same = row != NULL && row->version == v->number &&
	       strcmp(row->sha256, v->sha256) == 0;
	state_reset(&state);
	return same ? 0 : state_change(c->state_path, sight_set, &sight, err);
}

void
cache_write(const struct cache *c, const struct version *v)
{
	struct vaultenv_error err;

	if (blob_store(c->path, &v->text, &err) != 0 ||
	    state_store(c, v, &err) != 0)
		notice_give_error(&c->notice, &err);
}
