/* SPDX-License-Identifier: MIT */
/*
 * edit.h: what set and delete share: one change to what is on the server, that
 * neither loses somebody else's change nor is lost.
 */
#ifndef EDIT_H
#define EDIT_H

#include <stddef.h>

#include "cmd.h"

/* Sets the name, or with value NULL deletes it. An exit code, error printed. */
int edit(const struct args *args, const char *name, const char *value,
    size_t value_len);

/* True for a name that .env text can hold; otherwise says why not. */
bool edit_name_check(const char *name);

#endif
