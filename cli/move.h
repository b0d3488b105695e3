/* SPDX-License-Identifier: MIT */
/*
 * move.h: the last step of moving a .env file's secrets into the vault.
 */
#ifndef MOVE_H
#define MOVE_H

#include <vaultenv.h>

#include "cmd.h"

/*
 * Pulls the version, and if each value of the file is in it, leaves only the
 * keys in the file. An exit code, error printed.
 */
int move_out(const struct args *args, struct vaultenv_client *client,
    const char *path, int64_t version);

#endif
