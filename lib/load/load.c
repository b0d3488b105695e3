/* SPDX-License-Identifier: MIT */
/*
 * load.c: config() for any program: the key, then the server, else the cache,
 * and over that the .env file's own variables; without a key the file alone.
 * Where the secrets come from, and how old they may be, is decided here alone.
 * Changes no environment.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

#define MAX_AGE_VARIABLE "VAULT_CACHE_MAX_AGE"
#define MIRROR_VARIABLE  "VAULT_MIRROR"
#define MISS_TEXT        (VAULTENV_ERROR_LINE + 4)

/* ---- how old a cache may be ---- */

static int
max_age_find(struct load_job *job, struct vaultenv_error *err)
{
	const char *text;
	size_t len;

	job->max_age_s = -1;
	job->max_age_name = "the limit given";
	if (job->options.cache_max_age_s < 0 || job->options.fresh_s < 0)
		return err_set(err, VAULTENV_ERR_INVALID, NULL,
		    "cache_max_age_s and fresh_s cannot be negative");
	if (job->options.no_cache)
		return 0;
	if (job->options.cache_max_age_s > 0) {
		job->max_age_s = job->options.cache_max_age_s;
		return 0;
	}
	if ((text = variable_get(MAX_AGE_VARIABLE, &len)) == NULL)
		return 0;
	job->max_age_name = MAX_AGE_VARIABLE;
	return age_parse(text, len, MAX_AGE_VARIABLE, &job->max_age_s, err);
}

/* ---- one load ---- */

/* The watch's thread reads it long after the caller's names have gone. */
static int
allowed_copy(struct load_job *job)
{
	const char *const *name = job->options.allow;
	int r = vaultenv_list_new(&job->allowed);

	for (; r == 0 && name != NULL && *name != NULL; name++)
		if (**name != '\0')
			r = vaultenv_list_set(job->allowed, *name, "", 0);
	return r;
}

/* Likewise. */
static int
mirror_copy(struct load_job *job)
{
	const char *mirror = job->options.mirror;
	size_t len = mirror == NULL ? 0 : strlen(mirror);

	if (mirror == NULL &&
	    (mirror = variable_get(MIRROR_VARIABLE, &len)) == NULL)
		return 0;
	job->mirror = strndup(mirror, len);
	return job->mirror == NULL ? VAULTENV_ERR_NOMEM : 0;
}

/* *file is borrowed: the one that the program has read, or ours. */
static int
file_open(struct load_job *job, const struct vaultenv_options *opts,
    struct vaultenv_error *err)
{
	int r;

	job->file = opts->file;
	if (job->file != NULL)
		return 0;
	if ((r = vaultenv_envfile_read(opts->path, &job->own_file, err)) == 0)
		job->file = job->own_file;
	return r;
}

int
load_job_open(struct load_job *job, const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_error *err)
{
	struct vaultenv_options mine = { .path = NULL };
	int r;

	memset(job, 0, sizeof(*job));
	if (opts != NULL)
		mine = *opts;
	if (load != NULL)
		job->options = *load;
	job->notice = (struct notice){ mine.notice, mine.notice_arg };
	if (allowed_copy(job) != 0 || mirror_copy(job) != 0)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = file_open(job, &mine, err)) != 0)
		return r;
	if (mine.no_key)
		return err_general(err, VAULTENV_ERR_NO_KEY);
	mine.file = job->file;
	if ((r = vaultenv_client_open(&mine, &job->client, err)) != 0)
		return r;
	return max_age_find(job, err);
}

/* What can be read only once stays as it was. */
static int
layer_refresh(const struct vaultenv_envfile *from,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	if (from->text != NULL && !from->is_regular)
		return envfile_copy(from, from->path, out, err);
	return vaultenv_envfile_read(from->path, out, err);
}

int
load_job_refresh(struct load_job *job, struct vaultenv_error *err)
{
	const struct vaultenv_envfile *from = job->file;
	struct vaultenv_envfile *file = NULL, *layer = NULL;
	int r;

	if ((r = layer_refresh(from, &file, err)) != 0)
		return r;
	while ((from = from->under) != NULL) {
		if ((r = layer_refresh(from, &layer, err)) != 0) {
			vaultenv_envfile_free(&file);
			return r;
		}
		vaultenv_envfile_lay(file, &layer);
	}
	vaultenv_envfile_free(&job->own_file);
	job->file = job->own_file = file;
	return 0;
}

/* For the watch that follows: nobody can read it again. */
static void
file_keep(struct load_job *job, struct vaultenv_loaded *loaded)
{
	if (job->own_file == NULL || job->own_file->is_regular ||
	    job->own_file->text == NULL)
		return;
	loaded->file = job->own_file;
	job->own_file = NULL;
}

void
load_job_close(struct load_job *job)
{
	vaultenv_client_free(&job->client);
	vaultenv_list_free(&job->allowed);
	free(job->mirror);
	job->mirror = NULL;
	vaultenv_envfile_free(&job->own_file);
	job->file = NULL;
}

int
load_file(const struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err)
{
	/* calloc's zero is VAULTENV_SOURCE_FILE, version 0. */
	return loaded_new(job, NULL, out, err);
}

int
load_pull(struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err)
{
	const struct fetch how = { job->seen, job->options.no_cache != 0 };
	struct vaultenv_loaded *loaded = NULL;
	struct version v;
	int r;

	version_init(&v);
	if ((r = job->client->protocol->fetch(job->client, &how, &v, err)) !=
		0 ||
	    (r = loaded_new(job, &v.list, &loaded, err)) != 0)
		goto out;
	job->seen = v.number;
	loaded->source = VAULTENV_SOURCE_SERVER;
	loaded->version = v.number;
	*out = loaded;
out:
	version_reset(&v);
	return r;
}

/* ---- the cache ---- */

struct found {
	struct version version; /* opened */
	int64_t age_s;
};

static int
cache_find(const struct load_job *job, const struct cache_use *use,
    struct found *out, struct vaultenv_error *err)
{
	struct vaultenv_client *c = job->client;
	int r;

	version_init(&out->version);
	r = c->protocol->cached(c, use, &out->version, &out->age_s, err);
	if (r != 0)
		version_reset(&out->version);
	return r;
}

/* What is wrong with the cache, in parentheses; "" if there is none. */
static void
miss_text(char miss[MISS_TEXT], const struct vaultenv_error *why)
{
	char line[VAULTENV_ERROR_LINE];

	*miss = '\0';
	vaultenv_error_line(why, line);
	if (strncmp(line, "It ", 3) == 0 || strncmp(line, "The ", 4) == 0)
		*line = (char)tolower(*line);
	if (*line != '\0')
		snprintf(miss, MISS_TEXT, " (%s)", line);
}

static int
cache_take(const struct load_job *job, struct found *found,
    struct vaultenv_loaded **out, struct vaultenv_error *err)
{
	int r;

	if ((r = loaded_new(job, &found->version.list, out, err)) == 0) {
		(*out)->source = VAULTENV_SOURCE_CACHE;
		(*out)->version = found->version.number;
		(*out)->cache_age_s = found->age_s;
	}
	version_reset(&found->version);
	return r;
}

/* What is wrong with the cache counts for more than that the server is away;
 * but whoever pushed it may have left since, together with VAULT_KEY: then a
 * new key is what is needed. */
static bool
cache_is_the_answer(int r, const struct vaultenv_error *away)
{
	return r == VAULTENV_ERR_DEVICE ||
	       (r == VAULTENV_ERR_VERIFY &&
		   strcmp(away->reason, "key_replaced") != 0);
}

static int
load_fallback(const struct load_job *job, const struct vaultenv_error *away,
    struct vaultenv_loaded **out, struct vaultenv_error *err)
{
	const struct cache_use use = { job->max_age_s, job->max_age_name,
		false };
	char age[AGE_TEXT], why[VAULTENV_ERROR_LINE];
	char text[VAULTENV_ERROR_LINE + AGE_TEXT + 64];
	struct vaultenv_error miss = { .code = VAULTENV_ERR_NOT_FOUND };
	struct vaultenv_error mirror = { .code = 0 };
	char in_parentheses[MISS_TEXT];
	struct found found;
	int r = VAULTENV_ERR_NOT_FOUND;

	if (job->mirror != NULL) {
		if ((r = load_mirror(job, away, out, &mirror)) == 0)
			return 0;
		if (r == VAULTENV_ERR_DEVICE || r == VAULTENV_ERR_VERIFY)
			return err_copy(err, &mirror);
	}
	if (!job->options.no_cache)
		r = cache_find(job, &use, &found, &miss);
	if (cache_is_the_answer(r, away))
		return err_copy(err, &miss);
	/* Too old a mirror is the answer, unless a cache is one. */
	if (r != 0 && mirror.code == VAULTENV_ERR_FORBIDDEN)
		return err_copy(err, &mirror);
	if (mirror.code != 0)
		notice_give_error(&job->client->notice, &mirror);
	if (r != 0) {
		miss_text(in_parentheses, &miss);
		err_set(err, away->code, away->hint,
		    "Failed to fetch secrets and no cache available%s: %s",
		    in_parentheses, away->text);
		if (err != NULL)
			memcpy(err->reason, away->reason, sizeof(err->reason));
		return away->code;
	}
	if ((r = cache_take(job, &found, out, err)) != 0)
		return r;
	age_text(age, (*out)->cache_age_s, false);
	vaultenv_error_line(away, why);
	snprintf(text, sizeof(text),
	    "Remote fetch failed, using cached secrets (%s old): %s", age, why);
	notice_give(&job->client->notice, text);
	return 0;
}

/* A cache that is young enough to spare the server the question. */
static bool
cache_is_fresh(const struct load_job *job, struct found *found)
{
	struct cache_use use = { job->options.fresh_s, "", true };

	if (use.max_age_s == 0 || job->options.no_cache)
		return false;
	if (job->max_age_s >= 0 && job->max_age_s < use.max_age_s)
		use.max_age_s = job->max_age_s;
	return cache_find(job, &use, found, NULL) == 0;
}

/* loaded: if r is 0. */
static int
load_end(struct load_job *job, int r, struct vaultenv_loaded *loaded)
{
	if (r == 0) {
		left_out_notify(job, loaded);
		file_keep(job, loaded);
	}
	load_job_close(job);
	return r;
}

/* The server is away; or it has proven that a new VAULT_KEY has to be put in
 * place, which stops no machine that has a cache. */
static bool
cache_may_serve(int r, const struct vaultenv_error *why)
{
	return r == VAULTENV_ERR_NETWORK || r == VAULTENV_ERR_SERVER ||
	       (r != 0 && strcmp(why->reason, "key_replaced") == 0);
}

int
vaultenv_load(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_loaded **out,
    struct vaultenv_error *err)
{
	struct found found;
	struct vaultenv_error why;
	struct load_job job;
	int r;

	r = load_job_open(&job, opts, load, &why);
	if (r == VAULTENV_ERR_NO_KEY) {
		r = load_file(&job, out, err);
	} else if (r != 0) {
		err_copy(err, &why);
	} else if (cache_is_fresh(&job, &found)) {
		r = cache_take(&job, &found, out, err);
	} else {
		r = load_pull(&job, out, &why);
		if (cache_may_serve(r, &why))
			r = load_fallback(&job, &why, out, err);
		else if (r != 0) {
			vaultenv_environments_explain(job.client, &why);
			err_copy(err, &why);
		}
	}
	return load_end(&job, r, r == 0 ? *out : NULL);
}

/* A code of protocol v2 has a sentence of its own. */
static void
cached_explain(
    int r, const struct vaultenv_error *why, struct vaultenv_error *err)
{
	char miss[MISS_TEXT];

	if (why->reason[0] != '\0') {
		err_copy(err, why);
		return;
	}
	miss_text(miss, why);
	err_set(err, r, "Load once with the server in reach",
	    "No cache available%s", miss);
}

int
vaultenv_load_cached(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_loaded **out,
    struct vaultenv_error *err)
{
	struct cache_use use = { 0, "", false };
	struct found found;
	struct vaultenv_error why;
	struct load_job job;
	int r;

	r = load_job_open(&job, opts, load, &why);
	if (r == VAULTENV_ERR_NO_KEY) {
		r = load_file(&job, out, err);
		goto out;
	}
	if (r != 0) {
		err_copy(err, &why);
		goto out;
	}
	if (job.options.no_cache) {
		r = err_set(err, VAULTENV_ERR_NOT_FOUND, NULL,
		    "Neither the cache nor the server may be used: nothing to "
		    "load from");
		goto out;
	}
	use.max_age_s = job.max_age_s;
	use.limit = job.max_age_name;
	if ((r = cache_find(&job, &use, &found, &why)) != 0) {
		cached_explain(r, &why, err);
		goto out;
	}
	r = cache_take(&job, &found, out, err);
out:
	return load_end(&job, r, r == 0 ? *out : NULL);
}

int
vaultenv_load_setenv(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_error *err)
{
	struct vaultenv_loaded *loaded = NULL;
	int r;

	if ((r = vaultenv_load(opts, load, &loaded, err)) == 0)
		r = vaultenv_list_setenv(
		    loaded->variables, load != NULL && load->override, err);
	vaultenv_loaded_free(&loaded);
	return r;
}
