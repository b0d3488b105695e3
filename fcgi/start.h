/* SPDX-License-Identifier: MIT */
/*
 * start.h: from settings to a server that can answer.
 */
#ifndef VAULT_FCGI_START_H
#define VAULT_FCGI_START_H

#include "api/call.h"
#include "common/why.h"

/* Fills *s, reads key and token. 0, or -1 with a sentence in why. */
int server_open(struct server *s, const struct settings *settings,
    bool read_only, char why[WHY_MAX]);
void server_close(struct server *s);

#endif
