/* SPDX-License-Identifier: MIT */
/*
 * git.h: keeps .env out of a git work tree's history.
 */
#ifndef GIT_H
#define GIT_H

#include "cmd.h"

/*
 * Inside a git work tree: adds the file's name and .vault-cache to the
 * .gitignore beside it, and warns if the file is tracked already. Says what
 * it did; a failure is a warning, since nothing depends on it.
 */
void git_protect(const struct args *args, const char *path);

/* Of the file that the key was taken from: warns if it is tracked. */
void git_key_warn(const char *path);

/* gitindex.c: is path, relative to the work tree root, in git's index? */
enum git_tracked { GIT_NOT_TRACKED, GIT_TRACKED, GIT_NOT_KNOWN };
enum git_tracked git_tracked(const char *root, const char *path);

/* The folder that path lies in, its symlinks resolved; for free(). */
char *folder_of(const char *path);

#endif
