/* SPDX-License-Identifier: MIT */
/*
 * lp.h: the two ways in which protocol v2 writes a thing down before it is
 * hashed, signed or derived from: lp(x), its length in 4 bytes, big-endian, and
 * x; and num(n), lp of n in 8 bytes, big-endian.
 */
#ifndef WIRE_LP_H
#define WIRE_LP_H

#include "base/json.h"

#define LP_LEN  4 /* bytes of a length */
#define NUM_LEN 8 /* bytes of a number */

int lp_append(struct blob *out, const void *data, size_t len);
int lp_append_text(struct blob *out, const char *text);
/* INVALID: negative, or above JSON_INT_MAX. */
int num_append(struct blob *out, int64_t n);
/* Big-endian. */
uint32_t lp_get32(const uint8_t p[4]);
uint64_t lp_get64(const uint8_t p[8]);

#endif
