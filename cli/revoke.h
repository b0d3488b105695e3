/* SPDX-License-Identifier: MIT */
/*
 * revoke.h: revoke-device in a project of protocol v2, and what removed devices
 * could read.
 */
#ifndef REVOKE_H
#define REVOKE_H

#include "members.h"

/* ---- revoke-v2.c ---- */

/* An exit code, error printed. */
int revoke_v2(const struct args *args, struct vaultenv_client *client);

/* ---- exposed.c ---- */

void exposed_table(const struct vaultenv_exposed *exposed);
/* [{"environment":…,"name":…,"first":…,"last":…},…] */
void exposed_json(const struct vaultenv_exposed *exposed);

#endif
