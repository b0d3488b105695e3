/* SPDX-License-Identifier: MIT */
/*
 * The two files that outlive a load: .vault-cache, the server's last blob word
 * for word, and ~/.vault/<project id>.state, which version of which environment
 * that was. v1's cache says neither, so without the second file nobody could
 * tell staging from production, or last year's blob from today's. Knows no key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json.h"
#include "disk/disk.h"

#define CACHE_NAME      ".vault-cache"
#define STATE_MAX       (1u << 20)
#define ROWS_MAX        1000
#define ROW_MEMBERS_MAX 16

struct row {
	const char *environment; /* borrowed from the state */
	int64_t version;
	char sha256[2 * HASH_LEN + 1];
};

struct state {
	struct blob text;
	struct json_object json; /* borrows from text; empty: nothing known */
};

int
cache_init(struct cache *c, const char *env_path, const char *device_path)
{
	const char *slash = strrchr(env_path, '/');
	const int folder_len = slash == NULL ? 0 : (int)(slash - env_path) + 1;

	if (asprintf(&c->path, "%.*s" CACHE_NAME, folder_len, env_path) < 0) {
		c->path = NULL;
		return VAULTENV_ERR_NOMEM;
	}
	if (device_path == NULL)
		return 0;
	if (asprintf(&c->state_path, "%.*s.state",
		(int)(strrchr(device_path, '.') - device_path),
		device_path) < 0) {
		c->state_path = NULL;
		return VAULTENV_ERR_NOMEM;
	}
	return 0;
}

void
cache_reset(struct cache *c)
{
	free(c->path);
	free(c->state_path);
	memset(c, 0, sizeof(*c));
}

/* A state that cannot be read, or makes no sense, is one that knows nothing. */
static void
state_read(struct state *s, const struct cache *c)
{
	memset(s, 0, sizeof(*s));
	blob_init(&s->text, STATE_MAX);
	if (c->state_path != NULL &&
	    store_read_private(c->state_path, STATE_MAX, &s->text, NULL) == 0)
		(void)json_object_parse(&s->json, (const char *)s->text.data,
		    s->text.len, ROWS_MAX);
}

static void
state_reset(struct state *s)
{
	json_object_reset(&s->json);
	blob_reset(&s->text);
}

static bool
state_row(const struct state *s, size_t i, struct row *row)
{
	const struct json_member *m = &s->json.members[i];
	struct json_object o;
	const char *hash;
	bool good = false;

	if (m->value.type != JSON_OBJECT ||
	    json_object_parse(
		&o, m->value.text, m->value.len, ROW_MEMBERS_MAX) != 0)
		return false;
	hash = json_find_text(&o, "sha256");
	if (hash != NULL && strlen(hash) == sizeof(row->sha256) - 1 &&
	    json_find_int(&o, "version", 1, &row->version)) {
		row->environment = m->name;
		memcpy(row->sha256, hash, sizeof(row->sha256));
		good = true;
	}
	json_object_reset(&o);
	return good;
}

static bool
state_find(const struct state *s, const char *environment, struct row *row)
{
	for (size_t i = 0; i < s->json.n_members; i++) {
		if (strcmp(s->json.members[i].name, environment) == 0)
			return state_row(s, i, row);
	}
	return false;
}

/* Fills in v->number, 0 if it is unknown. NO_SECRETS: see cache_read. */
static int
state_identify(
    const struct cache *c, struct version *v, struct vaultenv_error *err)
{
	struct state state;
	struct row row;
	int r = 0;

	state_read(&state, c);
	if (state_find(&state, c->environment, &row) &&
	    strcmp(row.sha256, v->sha256) == 0) {
		v->number = row.version;
		goto out;
	}
	for (size_t i = 0; i < state.json.n_members; i++) {
		if (!state_row(&state, i, &row) ||
		    strcmp(row.sha256, v->sha256) != 0)
			continue;
		r = err_set(err, VAULTENV_ERR_NO_SECRETS, NULL,
		    "%s holds the secrets of %s", c->path, row.environment);
		break;
	}
out:
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
	return state_identify(c, v, err);
}

int
cache_check_version(
    const struct cache *c, const struct version *v, struct vaultenv_error *err)
{
	char text[VAULTENV_ERROR_TEXT];
	struct state state;
	struct row row;
	int r = 0;

	state_read(&state, c);
	if (!state_find(&state, c->environment, &row))
		goto out;
	if (v->number < row.version) {
		r = err_set(err, VAULTENV_ERR_PROTOCOL, NULL,
		    "%s gave version %" PRId64
		    " of %s, but has given version %" PRId64
		    " before: it lost data, or old secrets are passed off as "
		    "new",
		    c->url, v->number, c->environment, row.version);
		err_hint(err,
		    "If the server was restored from a backup, remove %s",
		    c->state_path);
		goto out;
	}
	if (v->number > row.version || strcmp(v->sha256, row.sha256) == 0)
		goto out;
	snprintf(text, sizeof(text),
	    "Version %" PRId64 " of %s is not what it was: %s gave other "
	    "secrets under the same number before",
	    v->number, c->environment, c->url);
	notice_give(&c->notice, text);
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

static int
row_append(struct blob *out, const struct row *row)
{
	int r;

	if ((r = blob_append_str(out, out->len > 1 ? ",\n" : "")) != 0 ||
	    (r = json_append_string(
		 out, row->environment, strlen(row->environment))) != 0)
		return r;
	return blob_printf(out, ":{\"version\":%" PRId64 ",\"sha256\":\"%s\"}",
	    row->version, row->sha256);
}

/* Rows that make no sense are left out, and the first ones if there are too
 * many. */
static int
state_build(struct blob *out, const struct state *s, const struct row *ours)
{
	size_t i = s->json.n_members < ROWS_MAX
		       ? 0
		       : s->json.n_members - (ROWS_MAX - 1);
	struct row row;
	int r;

	if ((r = blob_append_str(out, "{")) != 0)
		return r;
	for (; i < s->json.n_members; i++) {
		if (!state_row(s, i, &row) ||
		    strcmp(row.environment, ours->environment) == 0)
			continue;
		if ((r = row_append(out, &row)) != 0)
			return r;
	}
	if ((r = row_append(out, ours)) != 0)
		return r;
	return blob_append_str(out, "}\n");
}

/* Services often have no home to write to: then there is no state. */
static bool
folder_make(const char *path)
{
	char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	bool there;

	there = folder != NULL && (mkdir(folder, 0700) == 0 || errno == EEXIST);
	free(folder);
	return there;
}

static int
state_store(const struct cache *c, struct row *ours, struct vaultenv_error *err)
{
	struct state state;
	struct blob text;
	struct row old;
	int r = 0;

	blob_init(&text, STATE_MAX);
	state_read(&state, c);
	if (state_find(&state, ours->environment, &old) &&
	    old.version == ours->version &&
	    strcmp(old.sha256, ours->sha256) == 0)
		goto out;
	if (!folder_make(c->state_path))
		goto out;
	if ((r = state_build(&text, &state, ours)) != 0) {
		err_general(err, r);
		goto out;
	}
	r = vaultenv_file_write(
	    c->state_path, (const char *)text.data, text.len, err);
out:
	state_reset(&state);
	blob_reset(&text);
	return r;
}

void
cache_write(const struct cache *c, const struct version *v)
{
	struct row ours = { c->environment, v->number, "" };
	struct vaultenv_error err;

	memcpy(ours.sha256, v->sha256, sizeof(ours.sha256));
	if (blob_store(c->path, &v->text, &err) != 0 ||
	    (c->state_path != NULL && state_store(c, &ours, &err) != 0))
		notice_give_error(&c->notice, &err);
}
