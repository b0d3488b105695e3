/* SPDX-License-Identifier: MIT */
/*
 * init.h: what an init does whatever protocol its project speaks, and the two
 * ways to make one. Either can be cut off after every step, and goes on at the
 * next run. Must never lose a key, nor touch one that it did not make.
 */
#ifndef INIT_H
#define INIT_H

#include "device.h"

struct init {
	const struct args *args;
	const char *path;
	struct vaultenv_envfile *file;
	struct vaultenv_client *client;
	struct vaultenv_device *device;
	int lock;
	char *folder;
	bool created;
};

/* ---- cmd-init.c; exit codes, errors printed ---- */

int init_client_open(struct init *in, bool with_key);
/*
 * Makes the project known to the server by make, under --name or the folder's,
 * with the token of --token-file, and says so: make sets id, or returns a
 * status with err filled in.
 */
typedef int
init_make(struct vaultenv_client *client, const char *name, const char *token,
    char id[VAULTENV_PROJECT_ID_LEN + 1], struct vaultenv_error *err);
int init_project_create(
    struct init *in, init_make *make, char id[VAULTENV_PROJECT_ID_LEN + 1]);
/* *token is for vaultenv_text_free(); NULL without --token-file. */
int init_token_read(const struct args *args, char **token, size_t *len);
/* --name, or the folder's; NULL, having said why: that is no name. */
const char *init_project_name(const struct init *in);
/* VAULT_KEY and the marker, and maybe the URL, into .env: said. old_key may be
 * NULL. */
int init_key_store(struct init *in, const char *key, const char *old_key);
/* Once the server knows the key: this machine is its first device. */
int init_finish(struct init *in);

/* ---- init-v1.c, init-v2.c ---- */

int init_v1_start(struct init *in);
int init_v1_resume(struct init *in);
/* Of protocol 2 so far, but the server does not speak that. */
int init_v1_instead(struct init *in);
int init_v2_start(struct init *in);
int init_v2_resume(struct init *in);

#endif
