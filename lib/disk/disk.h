/* SPDX-License-Identifier: MIT */
/*
 * disk/: files, read and replaced whole: .env, .vault-cache and what is kept in
 * ~/.vault. Knows no key and no server.
 */
#ifndef VAULTENV_DISK_H
#define VAULTENV_DISK_H

#include <sys/stat.h>

#include "env/env.h"

/* ---- store.c: files ---- */

/* As vaultenv_file_read, but the file must be no symlink, the user's own (or
 * root's) and not readable by group or others: IO with a chmod hint. Trimmed. */
int store_read_private(const char *path, size_t max, struct blob *out,
    struct vaultenv_error *err);
/* The same for what others may read but not write. *st tells about it. */
int store_read_own(const char *path, size_t max, struct blob *out,
    struct stat *st, struct vaultenv_error *err);
/* Makes the folder 0700 and the file 0600 by O_EXCL link, fsynced. EXISTS. */
int store_create_private(const char *path, const char *text, size_t len,
    struct vaultenv_error *err);

/* ---- envfile.c: one variable of a .env file ---- */

/* The last assignment of name, as it is the one that counts. False: none. */
bool envfile_find(const char *text, size_t len, const char *name,
    struct dotenv_assignment *found);

/* ---- cache.c: .vault-cache and ~/.vault/<project id>.state ---- */

struct cache {
	char *path;
	char *state_path; /* NULL: no home folder */
	/* Borrowed: of which environment, from which server. */
	const char *environment;
	const char *url;
	struct notice notice;
};

struct cached {
	struct blob text; /* base64, trimmed */
	int64_t version;  /* 0: another client wrote it */
	int64_t age_s;
};

/* Sets the paths. env_path: the .env file; device_path: that of the device
 * secret, or NULL. NOMEM. */
int cache_init(
    struct cache *c, const char *env_path, const char *device_path);
void cache_reset(struct cache *c);
/*
 * The cache, if it may be one of this environment. NOT_FOUND: there is none;
 * NO_SECRETS: it is known to hold another environment; IO. The sentence has no
 * full stop and no advice: load.c builds it into another. Reset out->text in
 * any case.
 */
int cache_read(const struct cache *c, struct cached *out,
    struct vaultenv_error *err);
/* Never fails: what cannot be written is a notice. */
void cache_write(
    const struct cache *c, const struct blob *base64, int64_t version);
/*
 * PROTOCOL: a version of this environment that is newer was here before.
 * The same version with other bytes is a notice.
 */
int cache_check_version(const struct cache *c, const struct blob *base64,
    int64_t version, struct vaultenv_error *err);

#endif /* VAULTENV_DISK_H */
