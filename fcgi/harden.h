/* SPDX-License-Identifier: MIT */
/*
 * harden.h: no core dumps, no ptrace by other processes of the user.
 */
#ifndef VAULT_FCGI_HARDEN_H
#define VAULT_FCGI_HARDEN_H

#include "common/why.h"

/* Before any key is read. 0, or -1 with a sentence in why. */
int harden(char why[WHY_MAX]);

#endif
