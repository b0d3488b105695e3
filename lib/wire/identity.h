/* SPDX-License-Identifier: MIT */
/* identity.h: what a device is called: its id is the hash of its public keys.
 */
#ifndef WIRE_IDENTITY_H
#define WIRE_IDENTITY_H

#include "wire/statement.h"

/* A UUID of version 8 (RFC 9562) over project and keys; id gets a NUL. */
int device_id_make(char id[ID_LEN + 1], const char *project,
    const uint8_t sign[PUBLIC_KEY_LEN], const uint8_t box[PUBLIC_KEY_LEN]);
/* 0, or LOW_ORDER: a box key with which nothing can be wrapped. */
int box_key_check(const uint8_t box[PUBLIC_KEY_LEN]);

#endif
