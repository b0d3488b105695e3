/* SPDX-License-Identifier: MIT */
/*
 * load/: what a program gets, once or for as long as it watches: the server's
 * secrets or the cache's, and over them the .env file's own variables.
 */
#ifndef VAULTENV_LOAD_H
#define VAULTENV_LOAD_H

#include "client/client.h"
#include "disk/disk.h"

/* ---- load.c ---- */

struct load_job {
	struct vaultenv_client *client; /* NULL: no key */
	/* The .env file: the program's, borrowed, or our own. */
	const struct vaultenv_envfile *file;
	struct vaultenv_envfile *own_file;
	struct vaultenv_load_options options;
	struct vaultenv_list *allowed; /* a copy of options.allow */
	struct notice notice;
	char *mirror;             /* NULL: none */
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
/* Reads the .env file again. */
int load_job_refresh(struct load_job *job, struct vaultenv_error *err);
/* The .env file alone, as SOURCE_FILE. */
int load_file(const struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err);
/* From the server, and into the cache. */
int load_pull(struct load_job *job, struct vaultenv_loaded **out,
    struct vaultenv_error *err);

/* ---- mirror.c ---- */

/* From job->mirror, with a notice why. */
int load_mirror(const struct load_job *job, const struct vaultenv_error *away,
    struct vaultenv_loaded **out, struct vaultenv_error *err);

/* ---- filter.c ---- */

enum verdict {
	VERDICT_TAKE,
	VERDICT_DROP,     /* without a word */
	VERDICT_LEAVE_OUT /* and tell */
};

typedef enum verdict filter_judge(const struct load_job *job, const char *name);

/* The vault may set neither how to get at it nor, unasked, what is run. */
filter_judge filter_vault;
/* Nor what is run a file, which may have come with a clone. */
filter_judge filter_file;
/* Replaces *list if it holds a name that is not to be taken. */
int filter_list(const struct load_job *job, filter_judge *judge,
    struct vaultenv_list **list, struct vaultenv_list *left_out);

/* ---- loaded.c ---- */

/* What the program sees: *secrets, which may be taken, and the file over them;
 * secrets NULL: the file alone. The source is for the caller to set. */
int loaded_new(const struct load_job *job, struct vaultenv_list **secrets,
    struct vaultenv_loaded **out, struct vaultenv_error *err);
/* The notice of vaultenv_left_out_text(), if there is one to give. */
void left_out_notify(
    const struct load_job *job, const struct vaultenv_loaded *loaded);

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
