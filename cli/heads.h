/* SPDX-License-Identifier: MIT */
/*
 * heads.h: where the chains of a project stand, as JSON.
 */
#ifndef HEADS_H
#define HEADS_H

#include <vaultenv.h>

/* "log":{...},"environments":[...] of an object. */
void heads_json(const struct vaultenv_heads *heads);

#endif
