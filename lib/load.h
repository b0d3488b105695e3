/* SPDX-License-Identifier: MIT */
/*
 * What load.c, age.c, cache.c, expand.c, secrets.c and watch.c share: one way to
 * get at secrets, for a program that loads once and one that keeps watching.
 * Only these files may include it.
 */
#ifndef VAULTENV_LOAD_H
#define VAULTENV_LOAD_H

#include "client.h"

/* ---- secrets.c: the blob as the server gave it ---- */

/* vaultenv_secrets_pull(); base64 NULL, or gets the blob's text. */
int secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version, struct blob *base64,
    struct vaultenv_error *err);
/* Opens such a text. version: for sentences. DECRYPT, PROTOCOL. */
int secrets_open(const struct vaultenv_client *client, const char *base64,
    size_t len, int64_t version, struct vaultenv_list **out,
    struct vaultenv_error *err);

/* ---- cache.c: .vault-cache and ~/.vault/<project id>.state ---- */

struct cache {
	char *path;
	char *state_path; /* NULL: no home folder */
};

struct cached {
	struct blob text; /* base64, trimmed */
	int64_t version;  /* 0: another client wrote it */
	int64_t age_s;
};

/* env_path: the .env file. NOMEM. */
int cache_init(struct cache *c, const char *env_path,
    const struct vaultenv_client *client);
void cache_reset(struct cache *c);
/*
 * The cache, if it may be one of this environment. NOT_FOUND: there is none;
 * NO_SECRETS: it is known to hold another environment; IO. The sentence has no
 * full stop and no advice: load.c builds it into another. Reset out->text in
 * any case.
 */
int cache_read(const struct cache *c, const char *environment,
    struct cached *out, struct vaultenv_error *err);
/* Never fails: what cannot be written is a notice to the client's user. */
void cache_write(const struct cache *c, const struct vaultenv_client *client,
    const struct blob *base64, int64_t version);
/*
 * PROTOCOL: a version of this environment that is newer was here before.
 * The same version with other bytes is a notice.
 */
int cache_check_version(const struct cache *c,
    const struct vaultenv_client *client, const struct blob *base64,
    int64_t version, struct vaultenv_error *err);

/* ---- expand.c ---- */

struct expand_scope {
	const struct vaultenv_list *names;
	const struct vaultenv_list *environment; /* NULL: the process's own */
	bool override;                           /* names first */
};

/* Appends text with its ${NAME} and ${NAME:-default} replaced. */
int expand_value(struct blob *out, const char *text, size_t len,
    const struct expand_scope *scope);

/* The notice of vaultenv_left_out_text(), if there is one to give. loaded may be
 * NULL; so may client, without which nothing is left out. */
void left_out_notify(const struct vaultenv_client *client,
    const struct vaultenv_loaded *loaded);

/* ---- age.c ---- */

#define AGE_TEXT 40

/* "90", "12h", "3d". INVALID with a sentence about `what`. */
int age_parse(const char *text, const char *what, int64_t *seconds,
    struct vaultenv_error *err);
/* "36 hours", "1 day". exact: a unit that leaves no rest. */
void age_text(char out[AGE_TEXT], int64_t seconds, bool exact);

/* ---- load.c ---- */

struct load_job {
	struct vaultenv_client *client; /* NULL: no key */
	char *path;
	struct cache cache;
	struct vaultenv_load_options options;
	int64_t max_age_s;        /* -1: no limit */
	const char *max_age_name; /* who set it */
	int64_t seen;             /* the newest version that was pulled */
	/* Borrowed, for expand; NULL: the process's own environment. */
	const struct vaultenv_list *environment;
};

/* NO_KEY: job is good for load_file() alone. Close it in any case. */
int load_job_open(struct load_job *job, const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_error *err);
void load_job_close(struct load_job *job);
/* The .env file alone, as SOURCE_FILE. */
int load_file(const struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err);
/* From the server, and into the cache. */
int load_pull(struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err);

/* ---- watch.c, for tests: a watch without its thread ---- */

int watch_new(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *known,
    const struct vaultenv_watch_options *watch, struct vaultenv_watch **out,
    struct vaultenv_error *err);
/* One poll with its callbacks. Returns what the poll did. */
int watch_poll(struct vaultenv_watch *w);
void watch_free(struct vaultenv_watch **watch);

#endif /* VAULTENV_LOAD_H */
