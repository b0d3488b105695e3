/* SPDX-License-Identifier: MIT */
/*
 * disk/: files, read and replaced whole: .env, .vault-cache and what is kept in
 * ~/.vault. Knows no key and no server.
 */
#ifndef VAULTENV_DISK_H
#define VAULTENV_DISK_H

#include <fcntl.h>
#include <sys/stat.h>

#include "crypto/crypto.h"
#include "env/env.h"

#define FILE_MAX ((size_t)16 << 20)

/* ---- store.c: files, and what else can be read as one ---- */

/* Never waits for a FIFO or a device, nor becomes a terminal's process. */
#define OPEN_SAFELY (O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/*
 * What .env may be, too: a FIFO, whose writer is waited for, or /dev/null. *st
 * tells which. NOT_FOUND, IO.
 */
int store_read_once(const char *path, struct blob *out, struct stat *st,
    struct vaultenv_error *err);
/* As vaultenv_file_read, but the file must be no symlink, the user's own (or
 * root's) and not readable by group or others: IO with a chmod hint. Trimmed.
 */
int store_read_private(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err);
/* The same for what others may read but not write. *st tells about it. */
int store_read_own(const char *path, size_t max, struct blob *out,
    struct stat *st, struct vaultenv_error *err);
/* As store_read_private, but every byte is kept. */
int store_read_kept(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err);
/* What comes with a project's files, whoever wrote it: every byte; no symlink.
 */
int store_read_shared(
    const char *path, size_t max, struct blob *out, struct vaultenv_error *err);
/* The path of name in the folder of another file, for free(). NULL: NOMEM. */
char *store_beside(const char *path, const char *name);
/* IO, with a sentence: "cannot <verb> <path>: it is a folder; …". */
int store_not_regular(const char *verb, const char *path, mode_t mode,
    struct vaultenv_error *err);

/* ---- replace.c: files, written ---- */

/* Makes the folder 0700 and the file 0600 by O_EXCL link, fsynced. EXISTS. */
int store_create_private(
    const char *path, const char *text, size_t len, struct vaultenv_error *err);

/* Fine if there is no such file; the folder is synced. IO. */
int store_remove(const char *path, struct vaultenv_error *err);

/* Makes the folder of path, 0700, if it can. False: there is none. */
bool store_make_folder(const char *path);

/* ---- envfile.c: see vaultenv.h; envfile-set.c: one variable of it ---- */

struct vaultenv_envfile {
	char *path;
	char *text; /* NULL: there is no such file */
	size_t len;
	struct vaultenv_list *list;
	struct vaultenv_envfile
	    *under;      /* the next layer; NULL: this is the last */
	bool is_regular; /* a file that can be read again */
	uid_t uid;       /* whose it is, and who else may write to it */
	mode_t mode;
};

/* The same file, known by another path. NOMEM. */
int envfile_copy(const struct vaultenv_envfile *file, const char *path,
    struct vaultenv_envfile **out, struct vaultenv_error *err);
/* The last assignment of name, as it is the one that counts. False: none. */
bool envfile_find(const char *text, size_t len, const char *name,
    struct dotenv_assignment *found);
/* Appends text with pair set in it. UNWRITABLE. */
int envfile_put(struct blob *out, const char *text, size_t len,
    const struct vaultenv_pair *pair, struct vaultenv_error *err);
/* UNWRITABLE, unless edited reads as want. what: is being set, for
 * sentences. */
int envfile_check(const char *path, const struct vaultenv_list *want,
    const struct blob *edited, const char *what, struct vaultenv_error *err);
/* "\r\n" if the first line of text ends so, else "\n". */
const char *envfile_line_break(const char *text, size_t len);
/* The sentence of r, INVALID being too large a file. Returns r. */
int envfile_no_room(int r, struct vaultenv_error *err);

/* ---- origin.c: the line that says what a .env file was made from ---- */

struct origin {
	const char *project_id;
	const char *environment;
	int64_t version;
};

/* The version that text says for of's project and environment. -1: none. */
int64_t origin_find(const char *text, size_t len, const struct origin *of);
/* Appends text with its line saying so; what it says of other environments of
 * this project stays. NOMEM, INVALID. */
int origin_put(
    struct blob *out, const char *text, size_t len, const struct origin *of);

/* ---- envfile-follow.c ---- */

/* Writes file anew with that origin and, unless secrets is NULL, with its
 * variables, but for reserved ones, being those. UNWRITABLE, IO. */
int envfile_follow(const struct vaultenv_envfile *file, const struct origin *of,
    const struct vaultenv_list *secrets, struct vaultenv_error *err);

/* ---- version.c ---- */

#define VERSION_MAX ((size_t)8 << 20) /* no reply is larger */

/* One version of an environment, as it travels and is kept, and opened. */
struct version {
	struct blob text;              /* base64 */
	char sha256[2 * HASH_LEN + 1]; /* of text; "": not asked for yet */
	int64_t number;                /* 0: not known */
	struct vaultenv_list *list;    /* NULL: not opened */
};

void version_init(struct version *v);
void version_reset(struct version *v);
/* Fills in sha256. CRYPTO. */
int version_hash(struct version *v);

/* ---- cache.c: .vault-cache, and of which version it is ---- */

struct cache {
	char *path;
	/* Borrowed: ~/.vault/<project id>.state, NULL without a home folder; of
	 * which environment, from which server. */
	const char *state_path;
	const char *environment;
	const char *url;
	struct notice notice;
};

/* Sets path, beside the .env file. NOMEM. */
int cache_init(struct cache *c, const char *env_path);
void cache_reset(struct cache *c);
/*
 * The cache, if it may be one of this environment. NOT_FOUND: there is none;
 * NO_SECRETS: it is known to hold another environment; IO. The sentence has no
 * full stop and no advice: load.c builds it into another. v, initialised, is
 * not opened; its number is 0 if another client wrote it.
 */
int cache_read(const struct cache *c, struct version *v, int64_t *age_s,
    struct vaultenv_error *err);
/* Never fails: what cannot be written is a notice. v is hashed, here and
 * below. */
void cache_write(const struct cache *c, const struct version *v);
/*
 * PROTOCOL: a version of this environment that is newer was here before, from
 * this server. The same version with other bytes is a notice. *known: the
 * newest that was seen; 0: none.
 */
int cache_check_version(const struct cache *c, const struct version *v,
    int64_t *known, struct vaultenv_error *err);

#endif /* VAULTENV_DISK_H */
