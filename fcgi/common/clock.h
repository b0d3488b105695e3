/* SPDX-License-Identifier: MIT */
/*
 * clock.h: wall time for signatures and logs, monotonic time for deadlines.
 */
#ifndef VAULT_FCGI_COMMON_CLOCK_H
#define VAULT_FCGI_COMMON_CLOCK_H

#include <stdint.h>

#define CLOCK_ISO_LEN 24 /* "2026-01-31T12:00:00.000Z" */

int64_t clock_unix_ms(void);
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);
/* ISO 8601 UTC, as every time on the wire. */
void clock_iso(char out[CLOCK_ISO_LEN + 1], int64_t unix_ms);

#endif
