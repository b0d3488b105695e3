/* SPDX-License-Identifier: MIT */
/*
 * key.h: a VAULT_KEY that is shown, or put in the place of another. Must not
 * let one through stdio, whose buffer nobody wipes.
 */
#ifndef KEY_H
#define KEY_H

#include <vaultenv.h>

#include "session.h"

/* "NAME=key" on stdout, or the key alone if name is "". An exit code. */
int key_line(const char *name, const char *key);
/* "name":"key" on stdout. */
int key_json(const char *name, const char *key);

/* The .env file that VAULT_KEY is read from; NULL: it is in the environment. */
const char *key_path(const struct session_files *files);
/* Before a key is made that could not be written there. An exit code, error
 * printed. */
int key_path_check(const struct session_files *files);
/* Writes the key where the old one was, or prints it. */
int key_replace(const struct args *args, const struct session_files *files,
    const char *key);

#endif
