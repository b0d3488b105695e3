/* SPDX-License-Identifier: MIT */
/*
 * cmd-audit.c: who asked the server for what, when, and from where.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "output.h"
#include "session.h"

#define OTHER_MAX 64

static void
audit_json(const struct vaultenv_audit *audit)
{
	printf("{\"rows\":[");
	for (size_t i = 0; i < audit->n; i++) {
		const struct vaultenv_audit_row *row = &audit->at[i];

		printf("%s{", i > 0 ? "," : "");
		json_member("at", row->at);
		putchar(',');
		json_member("action", row->action);
		putchar(',');
		json_member("outcome", row->outcome);
		putchar(',');
		json_member("device_id", row->device_id);
		putchar(',');
		json_member("device_name", row->device);
		putchar(',');
		json_member("environment", row->environment);
		if (row->version > 0)
			printf(",\"version\":%lld,", (long long)row->version);
		else
			printf(",\"version\":null,");
		json_member("address", row->address);
		putchar('}');
	}
	puts("]}");
}

/* "shop 3" */
static void
where_text(const struct vaultenv_audit_row *row, char out[OTHER_MAX + 32])
{
	out[0] = '\0';
	if (row->environment == NULL)
		return;
	snprintf(out, OTHER_MAX + 1, "%s", row->environment);
	if (row->version > 0)
		snprintf(
		    out + strlen(out), 24, " %lld", (long long)row->version);
}

static void
audit_table(const struct vaultenv_audit *audit)
{
	static const char *const heads[] = { "WHEN", "WHO", "ACTION", "WHERE",
		"OUTCOME", "FROM" };
	char when[WHEN_MAX], where[OTHER_MAX + 32];
	struct table table;

	table_init(&table, 6);
	for (size_t i = 0; i < 6; i++)
		table_add(&table, heads[i], COLOUR_DIM);
	for (size_t i = 0; i < audit->n; i++) {
		const struct vaultenv_audit_row *row = &audit->at[i];
		const bool is_done = strcmp(row->outcome, "done") == 0;
		const char *who = row->device != NULL      ? row->device
				  : row->device_id != NULL ? row->device_id
							   : "";

		when_text(row->at, when);
		where_text(row, where);
		table_add(&table, when, COLOUR_NONE);
		table_add(&table, who, COLOUR_NONE);
		table_add(&table, row->action, COLOUR_NONE);
		table_add(&table, where, COLOUR_NONE);
		table_add(
		    &table, row->outcome, is_done ? COLOUR_DIM : COLOUR_YELLOW);
		table_add(&table, row->address == NULL ? "" : row->address,
		    COLOUR_NONE);
	}
	table_print(&table);
	table_free(&table);
}

static int
audit_run(const struct args *args)
{
	const struct vaultenv_audit_options options = {
		.device_id = args->device,
		.environment = args->env,
		.since = args->since,
		.limit = (size_t)args->limit,
	};
	struct vaultenv_client *client = NULL;
	struct vaultenv_audit *audit = NULL;
	struct vaultenv_error err;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "reading the audit");
	r = vaultenv_audit_list(client, &options, &audit, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
	} else if (args->json) {
		audit_json(audit);
	} else if (audit->n == 0) {
		say(args, "The server has nothing to tell about that");
	} else {
		audit_table(audit);
		note_print(args,
		    "Who has read what is the server's word. What was changed "
		    "is signed: vault-env verify");
	}
out:
	vaultenv_audit_free(&audit);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row audit_options[] = {
	{ "--device", "ID", OPTION_TEXT, false, ARG(device),
	    "only what this device did" },
	{ "--since", "SPAN", OPTION_TEXT, false, ARG(since),
	    "only the last seconds, or 30m, 12h, 7d" },
	{ "--limit", "N", OPTION_VERSION, false, ARG(limit),
	    "how many rows (default: 100)" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_audit = {
	.name = "audit",
	.summary = "Show who asked the server for what, newest first",
	.about = "For an admin's device. Without --env it is all environments. "
		 "Who has read what\n"
		 "is the server's word; what was changed is signed, and verify "
		 "proves it.",
	.options = audit_options,
	.v2 = true,
	.run = audit_run,
};
