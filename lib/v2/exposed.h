/* SPDX-License-Identifier: MIT */
/* exposed.h: what the two files about the secrets of removed devices share.
 */
#ifndef V2_EXPOSED_H
#define V2_EXPOSED_H

#include "v2/devices.h"

/* ---- exposed.c ---- */

/* A place for one more, all zeros; NULL: no memory. */
struct vaultenv_exposed_name *exposed_add(struct vaultenv_exposed *exposed);
/* 64 hex of what a value is: by a key that needs both factors, so the file
 * tells nobody else whether a guess is right. */
int exposed_mark(const struct vaultenv_client *client, const char *env,
    const struct vaultenv_pair *pair, char mark[2 * MAC_LEN + 1]);

#endif
