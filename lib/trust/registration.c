/* SPDX-License-Identifier: MIT */
/*
 * registration.c: see registration.h. By the server when it comes, and by
 * whoever approves, days later. Must not know the log beyond its join keys.
 */
#include "config.h"

#include <string.h>

#include "trust/registration.h"
#include "wire/identity.h"
#include "wire/mac.h"

static bool
is_own_url(const struct register_now *now, const char *url)
{
	for (size_t i = 0; i < now->n_urls; i++)
		if (strcmp(now->urls[i], url) == 0)
			return true;
	return false;
}

static int
check_now(const struct registration *g, const struct register_now *now)
{
	if (!is_own_url(now, g->url))
		return CODE_REGISTER_URL;
	if (!request_time_is_near(g->at_ms, now->now_ms))
		return CODE_REGISTER_TIME;
	if (memcmp(g->request_id, now->request_id, REQUEST_ID_LEN) != 0)
		return CODE_REGISTER_REQUEST_KEY;
	return 0;
}

int
registration_check(const struct registration *g,
    const struct register_rules *rules, size_t *generation)
{
	char id[ID_LEN + 1];
	int r;

	if (strcmp(g->project, rules->project) != 0)
		return CODE_WRONG_PROJECT;
	if ((r = device_id_make(id, g->project, g->sign, g->box)) != 0)
		return r;
	if (strcmp(g->device, id) != 0)
		return CODE_REGISTER_DEVICE_ID;
	if ((r = box_key_check(g->box)) != 0)
		return r;
	if (rules->now != NULL && (r = check_now(g, rules->now)) != 0)
		return r;
	if (!statement_verify(&g->raw, 0, g->sign))
		return CODE_REGISTER_SIGNATURE;
	for (size_t i = rules->n_joins; i-- > 0;) {
		if (!statement_verify(&g->raw, 1, rules->joins[i]))
			continue;
		*generation = i;
		return i + 1 == rules->n_joins ? 0 : CODE_VAULT_KEY_REPLACED;
	}
	return CODE_REGISTER_JOIN;
}
