/* SPDX-License-Identifier: MIT */
/*
 * envfile.h: the lines of a .env file that are this program's own: VAULT_KEY
 * and VAULT_URL, the marker of an unfinished init, and keys it has replaced.
 */
#ifndef ENVFILE_H
#define ENVFILE_H

#include <stdbool.h>

#include <vaultenv.h>

#include "text.h"

/* No quotes in here: an open one in the file above would end at them. */
#define ENVFILE_MARKER   "# vault-env: init not finished, run it again"
#define ENVFILE_REPLACED "# replaced by vault-env init on "

/* IO for a link, a FIFO and the like, which cannot be edited. */
int envfile_read_to_edit(const char *path, struct vaultenv_envfile **file,
    struct vaultenv_error *err);
/* Standard input, to its end; it does not exist when nothing arrived. */
int
envfile_read_stdin(struct vaultenv_envfile **file, struct vaultenv_error *err);

bool envfile_exists(const struct vaultenv_envfile *file);
/* An init was not finished. */
bool envfile_is_marked(const struct vaultenv_envfile *file);
/* NULL when it is not there or empty. Borrowed. */
const char *envfile_get(const struct vaultenv_envfile *file, const char *name);

/*
 * Writes marker and key in one step, url too unless NULL; *file is then what
 * was written. old_key, if not NULL, stays in the file as a comment. Every
 * other assignment of the file is the same afterwards, or nothing is written.
 */
int envfile_begin(struct vaultenv_envfile **file, const char *key,
    const char *url, const char *old_key, struct vaultenv_error *err);

/* Removes the marker. url, unless NULL, takes the place of the one in the file.
 */
int envfile_finish(struct vaultenv_envfile **file, const char *url,
    struct vaultenv_error *err);

/* Appends to text what a pull must not lose: reserved names, own comments. */
int envfile_keep(const struct vaultenv_envfile *file, struct text *text,
    struct vaultenv_error *err);

/* vaultenv_file_write() that Ctrl-C does not cut in two. */
int envfile_store(const char *path, const char *bytes, size_t len,
    struct vaultenv_error *err);

#endif
