/* SPDX-License-Identifier: MIT */
/*
 * mac.h: how requests of protocol v2 are authenticated, and the replies to
 * them.
 */
#ifndef VAULT_FCGI_API_MAC_H
#define VAULT_FCGI_API_MAC_H

#include "key/keycache.h"

struct call;

/* 0, or -1 with the refusal in the reply. Fills c->auth, digest and key, the
 * latter also if a check behind it fails. */
int mac_check(struct call *c);
/* The same for a call that brings its key. */
int mac_check_new(struct call *c);
/* X-Vault-Reply, of a reply that stays as it is. */
void mac_reply(struct call *c);
/* What c->key was found under, forgotten. */
void mac_forget(struct call *c);
/* Wipes c->key. */
void mac_reset(struct call *c);

#endif
