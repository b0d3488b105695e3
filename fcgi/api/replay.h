/* SPDX-License-Identifier: MIT */
/*
 * replay.h: which path a signature was first used on, for every signed call
 * of this process. A repeat on the same path passes: reads may repeat, and
 * writes answer from the database's own table, which is shared by all
 * processes. A repeat on another path is refused.
 */
#ifndef VAULT_FCGI_API_REPLAY_H
#define VAULT_FCGI_API_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/wire.h"

struct replay;

/* max: digests remembered in each of two generations. NULL: no memory. */
struct replay *replay_new(size_t max);
void replay_free(struct replay **r);

/* True: the digest is new or belongs to this route. now_ms: monotonic. Out of
 * memory is true as well: the table is a second fence, not the only one. */
bool replay_bind(struct replay *r, const uint8_t digest[MAC_LEN], uint8_t route,
    int64_t now_ms);

#endif
