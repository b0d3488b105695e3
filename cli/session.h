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

/* --file, else ".env". */
/*
 * An environment variable from where its text begins; the library passes over
 * white space behind it, too. NULL: not set, or nothing but that.
 */
const char *session_variable(const char *name);

const char *session_file(const struct args *args);

/* Options from args; path: the file that holds, or will hold, VAULT_KEY. */
void session_options(
    const struct args *args, const char *path, struct vaultenv_options *opts);

/*
 * Options for a client with the key found: it is looked for in --file if that
 * file has a VAULT_KEY line, else in ".env". An exit code, error printed.
 */
int session_prepare(const struct args *args, struct vaultenv_options *opts);

/* NOT_FOUND: there is no such file. */
int
session_file_has_key(const char *path, bool *has, struct vaultenv_error *err);

/* session_prepare(), and opens the client. */
int session_open(const struct args *args, struct vaultenv_client **client);

/* The one table from the library's codes to exit codes. */
int session_exit_code(int status);

/* Prints err's sentence and returns its exit code. */
int session_fail(const struct vaultenv_error *err);

#endif
