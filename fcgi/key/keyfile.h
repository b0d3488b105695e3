/* SPDX-License-Identifier: MIT */
/*
 * keyfile.h: small secret files: the server key and the creation token.
 */
#ifndef VAULT_FCGI_KEY_KEYFILE_H
#define VAULT_FCGI_KEY_KEYFILE_H

#include <stddef.h>

#include "common/why.h"

/*
 * Reads a regular file of at most size - 1 bytes, 0600 or 0400 (0440 too in
 * $CREDENTIALS_DIRECTORY), owned by the user or root, no symlink. One newline
 * at its end is taken off. what names the setting in sentences. Returns the
 * length, or -1 with a sentence in why; out is wiped then.
 */
int keyfile_read(char *out, size_t size, const char *path, const char *what,
    char why[WHY_MAX]);

/* Makes path anew, 0600, fsynced with its folder. -1: errno says why. */
int keyfile_create(const char *path, const char *text, size_t len);
/* Locks the folder that path is in, until the descriptor is closed. -1: errno
 * is EWOULDBLOCK when another process has it. */
int keyfile_lock_folder(const char *path);
/* fsync of the folder that path is in. */
int keyfile_sync_folder(const char *path);

#endif
