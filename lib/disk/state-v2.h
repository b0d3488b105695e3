/* SPDX-License-Identifier: MIT */
/*
 * disk/state-v2.h: what a client of protocol v2 keeps of a project. At home, in
 * ~/.vault, the log that it has verified and the pins of what it has seen;
 * beside .env, pins that are shared through git and a cache of each
 * environment. All is written whole, 0600. What the bytes mean is judged
 * elsewhere: by trust/, and the cache's by vault/.
 *
 * Functions that return codes return 0, an enum code, or a negative enum
 * vaultenv_status with *err filled in; for a code *err is left alone.
 */
#ifndef VAULTENV_STATE_V2_H
#define VAULTENV_STATE_V2_H

#include "disk/disk.h"
#include "trust/pins.h"

#define LOG_FILE_MAX   ((size_t)64 << 20)
#define CACHE_FILE_MAX (LOG_FILE_MAX + FILE_MAX)

/* Beside .env. */
#define SHARED_HEADS ".vault-heads"
#define CACHE_FOLDER ".vault-cache.d"

/* The paths of ~/.vault/<project id>.log and so on; all NULL: there is no home
 * folder, so nothing is known and nothing kept. */
struct project_files {
	char project[ID_LEN + 1];
	char *log;
	char *heads;
	char *lock;
};

/* state: the path of the project's .state, beside which they are; NULL without
 * a home. NOMEM. */
int project_files_init(
    struct project_files *files, const char *state, const char *project);
void project_files_reset(struct project_files *files);

/* ---- lock.c: one writer of a project's files at a time ---- */

/* Waits for other processes and threads, but not for ever: IO. *fd -1: there is
 * no home that can be written. */
int project_lock(
    const struct project_files *files, int *fd, struct vaultenv_error *err);
/* The same lock, by the path of a project's .state; NULL: no home. */
int state_lock(const char *path, int *fd, struct vaultenv_error *err);
/* -1 is fine. */
void project_unlock(int *fd);

/* ---- logfile.c: <project id>.log, an entry in base64 a line ---- */

/*
 * The log as it was verified before; no signature is looked at again. log is
 * initialised and empty, lines too, with a maximum of LOG_FILE_MAX. A file that
 * is not there, cut off, not this user's alone or no log leaves both empty, and
 * is read anew from the server, under the log's pin. NOMEM, CRYPTO.
 */
int logfile_read(
    const struct project_files *files, struct members *log, struct blob *lines);
/* Appends entries as lines. NOMEM, INVALID: too many. */
int
logfile_add(struct blob *lines, const struct text *entries, size_t n_entries);
/* The entries of lines, *n of them, borrowed; *entries is for free(). INVALID:
 * the last line has no end. */
int logfile_entries(
    const struct blob *lines, struct text **entries, size_t *n_entries);
/* Keeps a log, not empty; of heads_raise(), under the project's lock. Lines
 * that another process wrote meanwhile stay if they continue these. IO. */
int logfile_write(const struct project_files *files, const struct members *log,
    const struct blob *lines, struct vaultenv_error *err);

/* ---- heads.c: <project id>.heads, and .vault-heads ---- */

/*
 * The pins of this machine; none before the first use of a project. HEADS_FORM,
 * LOG_FORK, RECORD_FORK, or IO for a file that cannot be read or that others
 * can get at: it is never taken for absent. pins is empty before and, but for
 * where a fork is, after a failure.
 */
int heads_read(const struct project_files *files, struct pins *pins,
    struct vaultenv_error *err);

/* What a call has verified. */
struct chain {
	const struct members *log;     /* not empty */
	const struct blob *lines;      /* of it; NULL: they are kept */
	const char *env;               /* NULL: the log alone, so far */
	const struct records *records; /* of env, oldest first */
};

/*
 * Keeps the log, then raises the pins to the ends of the chain, never lowers
 * one: whatever dies, no pin is ahead of what is kept. *start_over: in the
 * meantime another process raised a pin to what is not on this chain; nothing
 * was written, and the call begins again with heads_read(). A pin that is
 * higher than the chain's end stays. Codes as heads_read().
 */
int heads_raise(const struct project_files *files, const struct chain *chain,
    bool *start_over, struct vaultenv_error *err);

/*
 * Adds to pins, those of heads_read(), what the .vault-heads beside .env says,
 * if there is one: the highest counts. *other: it is another project's and was
 * passed over. Such pins are for judging only: heads_raise() has no way to take
 * them. Codes as heads_read(); pins are then to be reset.
 */
int shared_heads_read(const char *env_path, const char *project,
    struct pins *pins, bool *other, struct vaultenv_error *err);
/* Raises a .vault-heads that is there to the pins seen; it keeps those that it
 * alone has. Codes and *other likewise; nothing was written then. */
int shared_heads_renew(const char *env_path, const char *project,
    const struct pins *seen, bool *other, struct vaultenv_error *err);

/*
 * For a user who accepts a loss: the pin of chain->env is the chain's end from
 * now on, lower than before or not; without records it goes. Codes as
 * heads_read().
 */
int heads_accept(const struct project_files *files, const struct chain *chain,
    struct vaultenv_error *err);
/* Removes the lines of that environment from .vault-heads that do not fit the
 * chain; dry: only counts them. HEADS_FORM: it is no such file. */
int shared_heads_accept(const char *env_path, const char *project,
    const struct chain *chain, bool dry, size_t *n_lines,
    struct vaultenv_error *err);

/* ---- cachedir.c: .vault-cache.d/<environment> beside .env ---- */

/* The file's bytes, every one. out has its maximum, CACHE_FILE_MAX. NOT_FOUND,
 * IO; INVALID: env is no name of a file. */
int cachedir_read(const char *env_path, const char *env, struct blob *out,
    struct vaultenv_error *err);
/* Makes the folder, for its owner alone and ignored by git. Codes likewise. */
int cachedir_write(const char *env_path, const char *env, const char *text,
    size_t len, struct vaultenv_error *err);
/* Removes that one, if it is there. Codes likewise. */
int cachedir_remove(
    const char *env_path, const char *env, struct vaultenv_error *err);
/* Removes the caches of all environments, and the folder. IO: something is
 * left. */
int cachedir_wipe(const char *env_path, struct vaultenv_error *err);

#endif /* VAULTENV_STATE_V2_H */
