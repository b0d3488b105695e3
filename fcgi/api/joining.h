/* SPDX-License-Identifier: MIT */
/*
 * joining.h: registrations: what a device brings with its request key.
 */
#ifndef VAULT_FCGI_API_JOINING_H
#define VAULT_FCGI_API_JOINING_H

#include "api/v2.h"
#include "wire/statement.h"

/* By the join keys of its project. 0, a code, or a status of the library. */
int joining_check(struct call *c, const struct registration *g,
    const uint8_t (*joins)[PUBLIC_KEY_LEN], size_t n_joins, size_t *generation);
void joining_refuse(struct call *c, int code);
/* The request key that the body brings, sealed for its device. 0 or negative.
 */
int joining_seal(
    struct call *c, const struct registration *g, uint8_t sealed[SEALED_LEN]);
/* Appends the join keys of a project, 32 bytes each, the newest last; some. 0,
 * or -1 with the refusal in the reply. */
int joining_keys(struct call *c, struct blob *joins);

#endif
