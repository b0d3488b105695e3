/* SPDX-License-Identifier: MIT */
/*
 * upgrade.h: what upgrade and upgrade --finish share: the old project, the new
 * one, and how far an earlier run came.
 */
#ifndef UPGRADE_H
#define UPGRADE_H

#include "session.h"

struct moved {
	struct vaultenv_moving moving;
	bool taken;
	int64_t version; /* in the new project */
};

struct upgrade {
	const struct args *args;
	struct session_files files;
	struct vaultenv_client *old;         /* of protocol v1 */
	struct vaultenv_upgrade *state;      /* never NULL once open */
	struct vaultenv_environments *names; /* of the old project */
	struct moved *moved;                 /* by names */
	char new_id[VAULTENV_PROJECT_ID_LEN + 1];
};

/* Exit codes, errors printed. upgrade_close() in any case. */
int upgrade_open(struct upgrade *u);
void upgrade_close(struct upgrade *u);
/* This version of the old project was looked at. */
int upgrade_note(struct upgrade *u, const char *env, int64_t version);
/* Fills in new_id. */
void upgrade_new_id(struct upgrade *u);
/* A client of the new project. env NULL: the client's own. */
int upgrade_open_new(const struct upgrade *u, const char *env,
    struct vaultenv_client **client, struct vaultenv_error *err);

int upgrade_finish(struct upgrade *u);

#endif
