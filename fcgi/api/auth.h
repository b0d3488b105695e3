/* SPDX-License-Identifier: MIT */
/*
 * auth.h: is the request signed by its project? Called by the router only, so
 * that no handler can forget it.
 */
#ifndef VAULT_FCGI_API_AUTH_H
#define VAULT_FCGI_API_AUTH_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/*
 * 0, c->digest set; or -1 with the error in the reply: project unknown 404,
 * anything about the signature 401.
 */
int auth_check(struct call *c);

/*
 * Again, with the project's key as it is in the database now: that of before,
 * from memory, was not. As above, with the same digest.
 */
int auth_renew(struct call *c);

/* From 60 s in the future to 300 s in the past, both included. */
bool auth_time_is_fresh(int64_t time_ms, int64_t now_ms);

#endif
