/* SPDX-License-Identifier: MIT */
/* registration.h: whether a device that asks to join is what it says. */
#ifndef TRUST_REGISTRATION_H
#define TRUST_REGISTRATION_H

#include "wire/statement.h"

/* What the server knows when it judges a registration. */
struct register_rules {
	const char *project;
	const uint8_t (
	    *joins)[PUBLIC_KEY_LEN]; /* of the log, the newest last */
	size_t n_joins;
	/* NULL for whoever approves, days later: url, time and request id are
	 * then not looked at. */
	const struct register_now *now;
};

struct register_now {
	const char *const *urls; /* the server's own */
	size_t n_urls;
	int64_t now_ms;
	uint8_t request_id[REQUEST_ID_LEN]; /* of the key that was given */
};

/*
 * WRONG_PROJECT, REGISTER_DEVICE_ID, LOW_ORDER, REGISTER_URL, _TIME,
 * _REQUEST_KEY, _SIGNATURE, then VAULT_KEY_REPLACED (by an older join key) or
 * REGISTER_JOIN. *generation: the number of the join key that signed.
 */
int registration_check(const struct registration *g,
    const struct register_rules *rules, size_t *generation);

#endif
