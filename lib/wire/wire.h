/* SPDX-License-Identifier: MIT */
/*
 * wire/: what client and server must agree on to the byte. Linked by both.
 */
#ifndef VAULTENV_WIRE_H
#define VAULTENV_WIRE_H

#include "crypto/crypto.h"
#include "wire/labels.h"

/* ---- sign.c: X-Vault-Signature, made and verified ---- */

/* out gets 82 characters and a NUL. time_ms must have 13 digits. */
int signature_make(char out[SIGNATURE_HEADER_LEN + 1],
    const uint8_t key[KEY_LEN], const void *body, size_t len, int64_t time_ms);
/* The exact 82-byte form or INVALID; says nothing about age or key. */
int signature_parse(
    const char *header, size_t len, int64_t *time_ms, uint8_t digest[MAC_LEN]);
/* True if digest is the MAC of body and time under key. Constant time. */
bool signature_verify(const uint8_t key[KEY_LEN], const void *body, size_t len,
    int64_t time_ms, const uint8_t digest[MAC_LEN]);

#endif /* VAULTENV_WIRE_H */
