/* SPDX-License-Identifier: MIT */
/*
 * heads.c: see heads.h.
 */
#include "config.h"

#include "heads.h"
#include "output.h"

void
heads_json(const struct vaultenv_heads *heads)
{
	printf("\"log\":{\"entry\":%lld,", (long long)heads->log.version);
	json_member("hash", heads->log.hash);
	printf("},\"environments\":[");
	for (size_t i = 0; i < heads->n; i++) {
		const struct vaultenv_head *head = &heads->at[i];

		printf("%s{", i > 0 ? "," : "");
		json_member("environment", head->environment);
		printf(",\"version\":%lld,", (long long)head->version);
		json_member("hash", head->hash);
		putchar('}');
	}
	putchar(']');
}
