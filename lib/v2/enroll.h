/* SPDX-License-Identifier: MIT */
/* enroll.h: what the two files that enroll a device share. */
#ifndef V2_ENROLL_H
#define V2_ENROLL_H

#include "v2/devices.h"

/* A device that is being enrolled; in secmem. */
struct enrolment {
	char secret[VAULTENV_DEVICE_SECRET_LEN + 1];
	char name[DEVICE_NAME_LEN_MAX + 1];
	struct scope scope;
	bool no_history;
	struct device device; /* of secret */
	bool is_resumed;      /* the file was there */
};

/* ---- enrolfile.c ---- */

/*
 * What the file holds, if there is one; else it is written, with name, scope
 * and a new secret. *lock, for project_unlock(), keeps other processes off it.
 * EXISTS: another process has it. IO, INVALID.
 */
int enrolment_open(const struct vaultenv_client *client, struct enrolment *e,
    int *lock, struct vaultenv_error *err);
int enrolment_remove(
    const struct vaultenv_client *client, struct vaultenv_error *err);

#endif
