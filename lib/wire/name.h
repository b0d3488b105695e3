/* SPDX-License-Identifier: MIT */
/*
 * name.h: names that client and server must judge alike.
 */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define ENV_LEN_MAX         64
#define DEVICE_NAME_LEN_MAX 128 /* and of a project */

/* An environment's: a letter or digit, then those and ". _ -" of ASCII. */
bool env_is_valid(const char *text, size_t len);
/* UTF-8, of any length, without controls, zero-width characters and marks of
 * direction: a name must not play with the terminal of who reads it. */
bool printable_is_valid(const char *text, size_t len);
/* Likewise, and none of base/hidden.c: what a v1 server takes. */
bool name_is_visible(const char *text, size_t len);

#endif
