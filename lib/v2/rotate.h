/* SPDX-License-Identifier: MIT */
/* rotate.h: what the two files that replace VAULT_KEY share. */
#ifndef V2_ROTATE_H
#define V2_ROTATE_H

#include "v2/v2.h"

/* A secret: its owner keeps it in secmem. */
struct next_secret {
	uint8_t secret[KEY_LEN];
	bool is_there;    /* on disk */
	bool is_prepared; /* it was handed out */
};

/* ---- next.c ---- */

/* No file is no error. IO, INVALID. */
int next_read(const struct vaultenv_client *client, struct next_secret *next,
    struct vaultenv_error *err);
/* Over the file that is_there speaks of; else a new one: EXISTS. Synced. */
int next_write(const struct vaultenv_client *client,
    const struct next_secret *next, struct vaultenv_error *err);
/* Fine if there is none. */
int
next_remove(const struct vaultenv_client *client, struct vaultenv_error *err);

#endif
