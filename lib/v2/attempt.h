/* SPDX-License-Identifier: MIT */
/* attempt.h: one attempt at a push, for push.c. */
#ifndef V2_ATTEMPT_H
#define V2_ATTEMPT_H

#include "v2/v2.h"

/* One attempt. */
struct attempt {
	struct vaultenv_client *client;
	const struct push *push;
	const struct record *before; /* NULL: the first version */
	struct record record;
	uint8_t *data_key; /* secmem */
	bool is_new_key;
	struct wraps wraps;        /* of a new key */
	struct blob blob;          /* encrypted */
	struct blob signed_record; /* base64 */
};

/* Encrypts and signs, by what a->before and the log say. */
int attempt_build(struct attempt *a, struct vaultenv_error *err);
/* *code: that the server refused it by. */
int attempt_send(struct attempt *a, int *code, struct vaultenv_error *err);
/* It is stored: the new version is what this machine has seen. What fails here
 * is but a notice. */
void attempt_keep(struct attempt *a);
void attempt_reset(struct attempt *a);

#endif
