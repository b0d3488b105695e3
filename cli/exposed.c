/* SPDX-License-Identifier: MIT */
/*
 * exposed.c: names that a removed device could read, for people and as JSON.
 * Never a value.
 */
#include "config.h"

#include "revoke.h"

void
exposed_table(const struct vaultenv_exposed *exposed)
{
	struct table table;
	char versions[64];

	table_init(&table, 3);
	table_add(&table, "ENVIRONMENT", COLOUR_DIM);
	table_add(&table, "NAME", COLOUR_DIM);
	table_add(&table, "VERSIONS", COLOUR_DIM);
	for (size_t i = 0; i < exposed->n; i++) {
		const struct vaultenv_exposed_name *e = &exposed->at[i];

		table_add(&table, e->environment, COLOUR_NONE);
		table_add(&table, e->name, COLOUR_NONE);
		if (e->first == 0)
			snprintf(versions, sizeof(versions), "%lld",
			    (long long)e->last);
		else
			snprintf(versions, sizeof(versions), "%lld to %lld",
			    (long long)e->first, (long long)e->last);
		table_add(&table, versions, COLOUR_NONE);
	}
	table_print(&table);
	table_free(&table);
}

void
exposed_json(const struct vaultenv_exposed *exposed)
{
	putchar('[');
	for (size_t i = 0; i < exposed->n; i++) {
		const struct vaultenv_exposed_name *e = &exposed->at[i];

		printf("%s{", i > 0 ? "," : "");
		json_member("environment", e->environment);
		putchar(',');
		json_member("name", e->name);
		if (e->first != 0)
			printf(",\"first\":%lld", (long long)e->first);
		printf(",\"last\":%lld}", (long long)e->last);
	}
	putchar(']');
}
