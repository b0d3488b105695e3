/* SPDX-License-Identifier: MIT */
/*
 * session.h: what every command that talks to a server does the same way:
 * find the file with the key, open the client, turn an error of the library
 * into a sentence and an exit code.
 */
#ifndef SESSION_H
#define SESSION_H

#include <vaultenv.h>

#include "cmd.h"

#define DEFAULT_FILE ".env"

/*
 * An environment variable from where its text begins; the library passes over
 * white space behind it, too. NULL: not set, or nothing but that.
 */
const char *session_variable(const char *name);

/* --file, else ".env". */
const char *session_file(const struct args *args);

/* The .env files of a command, each read once. */
struct session_files {
	struct vaultenv_envfile *file; /* --file, else ".env" */
	struct vaultenv_envfile *keys; /* ".env", where --file has no key */
	/* The one of them, or of their layers, that the key is in; NULL: it is
	 * in the environment, or nowhere. */
	const struct vaultenv_envfile *key_at;
};

/*
 * A file that is not there is no error here. If files has a file already, which
 * the user piped in, its key does not count. An exit code, error printed.
 * session_files_free() in any case.
 */
int session_files_read(const struct args *args, struct session_files *files);
void session_files_free(struct session_files *files);

/* Options from args; opts borrows files. */
void session_options(const struct args *args, const struct session_files *files,
    struct vaultenv_options *opts);

/* session_files_read() and session_options(), where --file must be there. */
int session_prepare(const struct args *args, struct session_files *files,
    struct vaultenv_options *opts);

/* session_prepare(), and opens the client. */
int session_open(const struct args *args, struct vaultenv_client **client);

/*
 * Before secrets are encrypted: there must be a device secret, and a key that a
 * file has brought to this machine must be the user's, who is asked unless
 * --yes. An exit code, error printed.
 */
int session_write_check(const struct args *args,
    const struct session_files *files, const struct vaultenv_client *client);

/* session_open() with that check. */
int
session_open_to_write(const struct args *args, struct vaultenv_client **client);

/*
 * --stale: a person has made sure that nothing newer exists. A job has nobody
 * to do so, unless it says that somebody did. An exit code, error printed.
 */
int session_stale_check(
    const struct args *args, const struct vaultenv_client *client);

/* The one table from the library's codes to exit codes. */
int session_exit_code(int status);

/* Prints err's sentence and returns its exit code. */
int session_fail(const struct vaultenv_error *err);

#endif
