/* SPDX-License-Identifier: MIT */
/*
 * disk/state.h: what is remembered of a project between two runs.
 */
#ifndef VAULTENV_STATE_H
#define VAULTENV_STATE_H

#include "disk/disk.h"

struct state_row {
	char *server;
	char *environment;
	int64_t version;
	char sha256[2 * HASH_LEN + 1]; /* of its text */
};

struct state {
	char *server; /* the project's; NULL: not known yet */
	struct state_row *rows;
	size_t n_rows;
};

/* path NULL (no home folder), or no file: nothing is known. NOMEM. */
int state_read(struct state *s, const char *path);
void state_reset(struct state *s);
/* NULL: no version was seen. */
struct state_row *
state_find(const struct state *s, const char *server, const char *environment);
int state_set(struct state *s, const char *server, const char *environment,
    int64_t version, const char *sha256);
/* All versions that were seen there. */
void state_forget(struct state *s, const char *server);
int state_set_server(struct state *s, const char *server);
/*
 * Reads it, lets edit change it, and writes it, while no other process does.
 * Where there is no place for it, nothing is written, and that is no error.
 * edit: 0, or NOMEM.
 */
int state_change(const char *path, int (*edit)(struct state *s, void *arg),
    void *arg, struct vaultenv_error *err);

#endif /* VAULTENV_STATE_H */
