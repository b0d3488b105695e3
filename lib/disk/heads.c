/* SPDX-License-Identifier: MIT */
/*
 * heads.c: the pins on disk: ~/.vault/<project id>.heads, which binds what this
 * machine believes, and .vault-heads beside .env, by which machines tell each
 * other. Must not lower a pin, but for a user who accepts a loss, nor write
 * into the first what the second says.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk/state-v2.h"

#define HEADS_MAX ((size_t)4 << 20)

/*
 * True if there is no such file, nor a home that it could be in: services have
 * the home of somebody else, or none. Whatever else stands in the way is an
 * error.
 */
static bool
is_absent(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 &&
	       (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
}

/* A status gets its general sentence, a code is the caller's to explain. */
static int
judged(int r, struct vaultenv_error *err)
{
	return r < 0 ? err_general(err, r) : r;
}

/* text is left for comparison; empty: there is no file. */
static int
own_read(const struct project_files *files, struct pins *pins,
    struct blob *text, struct vaultenv_error *err)
{
	bool other;
	int r;

	if (files->heads == NULL || is_absent(files->heads))
		return 0;
	if ((r = store_read_kept(files->heads, HEADS_MAX, text, err)) != 0)
		return r;
	r = pins_read(pins, files->project, (const char *)text->data, text->len,
	    false, &other);
	if (r != 0) {
		const struct env_pin fork = pins->fork;

		pins_reset(pins);
		pins->fork = fork;
	}
	return judged(r, err);
}

int
heads_read(const struct project_files *files, struct pins *pins,
    struct vaultenv_error *err)
{
	struct blob text;
	int r;

	blob_init(&text, HEADS_MAX);
	r = own_read(files, pins, &text, err);
	blob_reset(&text);
	return r;
}

/* Writes pins unless the file has that text already: no sync of a disk at every
 * start. */
static int
store(const char *path, const char *project, const struct pins *pins,
    const struct blob *old, struct vaultenv_error *err)
{
	struct blob text;
	int r;

	blob_init(&text, HEADS_MAX);
	if ((r = pins_write(&text, project, pins)) != 0)
		err_general(err, r);
	else if (text.len != old->len ||
		 memcmp(text.data, old->data, text.len) != 0)
		r = vaultenv_file_write(
		    path, (const char *)text.data, text.len, err);
	blob_reset(&text);
	return r;
}

/* True for a version of the chain, and for one behind its end, of which the
 * chain says nothing. */
static bool
records_allow(const struct records *records, const struct pin *pin)
{
	const struct record *at = records->at;

	for (size_t i = 0; i < records->n; i++)
		if (at[i].version == pin->version)
			return memcmp(at[i].raw.hash, pin->hash, HASH_LEN) == 0;
	return records->n > 0 && pin->version > at[records->n - 1].version;
}

static bool
chain_allows(const struct chain *chain, const struct pins *pins)
{
	const struct pin *pin;

	if (pins_check_log(pins, chain->log) == CODE_LOG_FORK)
		return false;
	if (chain->env == NULL)
		return true;
	pin = pins_find(pins, chain->env);
	return pin == NULL || records_allow(chain->records, pin);
}

static struct pin
pin_at(int64_t version, const uint8_t hash[HASH_LEN])
{
	struct pin pin = { .version = version };

	memcpy(pin.hash, hash, HASH_LEN);
	return pin;
}

static int
raise_to_ends(struct pins *pins, const struct chain *chain)
{
	const size_t last = chain->log->n_steps - 1;
	const struct record *newest;
	struct pin pin = pin_at((int64_t)last, chain->log->steps[last].hash);
	int r;

	if ((r = pins_raise_log(pins, &pin)) != 0 || chain->env == NULL ||
	    chain->records->n == 0)
		return r;
	newest = &chain->records->at[chain->records->n - 1];
	pin = pin_at(newest->version, newest->raw.hash);
	return pins_raise(pins, chain->env, &pin);
}

int
heads_raise(const struct project_files *files, const struct chain *chain,
    bool *start_over, struct vaultenv_error *err)
{
	struct pins pins = { .n_envs = 0 };
	struct blob old;
	int fd, r;

	*start_over = false;
	if ((r = project_lock(files, &fd, err)) != 0 || fd < 0)
		return r;
	blob_init(&old, HEADS_MAX);
	if ((r = own_read(files, &pins, &old, err)) != 0)
		goto out;
	if (!chain_allows(chain, &pins)) {
		*start_over = true;
		goto out;
	}
	if (chain->lines != NULL &&
	    (r = logfile_write(files, chain->log, chain->lines, err)) != 0)
		goto out;
	if ((r = judged(raise_to_ends(&pins, chain), err)) == 0)
		r = store(files->heads, files->project, &pins, &old, err);
out:
	pins_reset(&pins);
	blob_reset(&old);
	project_unlock(&fd);
	return r;
}

/* *path: NULL, there is none. For free(). */
static int
shared_read(const char *env_path, const char *project, struct pins *pins,
    struct blob *text, char **path, bool *other, struct vaultenv_error *err)
{
	int r;

	*other = false;
	if ((*path = store_beside(env_path, SHARED_HEADS)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (is_absent(*path)) {
		free(*path);
		*path = NULL;
		return 0;
	}
	/* Who else may write it can raise pins, and so stop readers; taking the
	 * file away gains him no more than not having it. */
	if ((r = store_read_shared(*path, HEADS_MAX, text, err)) != 0)
		return r;
	/* As the shell leaves it for `vault-env heads >.vault-heads`. */
	if (text->len == 0)
		return 0;
	return judged(pins_read(pins, project, (const char *)text->data,
			  text->len, true, other),
	    err);
}

int
shared_heads_read(const char *env_path, const char *project, struct pins *pins,
    bool *other, struct vaultenv_error *err)
{
	struct blob text;
	char *path;
	int r;

	blob_init(&text, HEADS_MAX);
	r = shared_read(env_path, project, pins, &text, &path, other, err);
	blob_reset(&text);
	free(path);
	return r;
}

static int
raise_all(struct pins *pins, const struct pins *seen)
{
	int r = 0;

	if (seen->has_log)
		r = pins_raise_log(pins, &seen->log);
	for (size_t i = 0; r == 0 && i < seen->n_envs; i++)
		r = pins_raise(pins, seen->envs[i].env, &seen->envs[i].pin);
	return r;
}

int
shared_heads_renew(const char *env_path, const char *project,
    const struct pins *seen, bool *other, struct vaultenv_error *err)
{
	struct pins pins = { .n_envs = 0 };
	struct blob old;
	char *path;
	int r;

	blob_init(&old, HEADS_MAX);
	r = shared_read(env_path, project, &pins, &old, &path, other, err);
	if (r == 0 && path != NULL && !*other &&
	    (r = judged(raise_all(&pins, seen), err)) == 0)
		r = store(path, project, &pins, &old, err);
	pins_reset(&pins);
	blob_reset(&old);
	free(path);
	return r;
}

int
heads_accept(const struct project_files *files, const struct chain *chain,
    struct vaultenv_error *err)
{
	const struct records *records = chain->records;
	struct pins pins = { .n_envs = 0 };
	struct pin pin = { .version = 0 };
	struct blob old;
	int fd, r;

	if ((r = project_lock(files, &fd, err)) != 0 || fd < 0)
		return r;
	blob_init(&old, HEADS_MAX);
	if (records->n > 0)
		pin = pin_at(records->at[records->n - 1].version,
		    records->at[records->n - 1].raw.hash);
	if ((r = own_read(files, &pins, &old, err)) == 0 && pins.has_log &&
	    (r = judged(pins_set(&pins, chain->env, &pin), err)) == 0)
		r = store(files->heads, files->project, &pins, &old, err);
	pins_reset(&pins);
	blob_reset(&old);
	project_unlock(&fd);
	return r;
}

static size_t
count_lines(const struct blob *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

int
shared_heads_accept(const char *env_path, const char *project,
    const struct chain *chain, bool dry, size_t *n_lines,
    struct vaultenv_error *err)
{
	struct pins pins = { .n_envs = 0 };
	struct blob old, text;
	bool other;
	char *path;
	int r;

	*n_lines = 0;
	blob_init(&old, HEADS_MAX);
	blob_init(&text, HEADS_MAX);
	/* A line of another branch may be what is to be removed. */
	r = shared_read(env_path, project, &pins, &old, &path, &other, err);
	if (r == CODE_RECORD_FORK)
		r = 0;
	if (r != 0 || path == NULL || other)
		goto out;
	r = judged(pins_drop(&text, (const char *)old.data, old.len, chain->env,
		       chain->records),
	    err);
	*n_lines = count_lines(&old) - count_lines(&text);
	if (r == 0 && *n_lines > 0 && !dry)
		r = vaultenv_file_write(
		    path, (const char *)text.data, text.len, err);
out:
	pins_reset(&pins);
	blob_reset(&old);
	blob_reset(&text);
	free(path);
	return r;
}
