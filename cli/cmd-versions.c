/* SPDX-License-Identifier: MIT */
/*
 * cmd-versions.c: what was pushed when, newest first. Names only, no values.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "output.h"
#include "session.h"

#define CHANGED_SHOWN 8

/* What protocol 2 has beside. */
static void
signed_json(const struct vaultenv_version *v)
{
	putchar(',');
	json_member("author", v->author);
	putchar(',');
	json_member("author_id", v->author_id);
	if (v->rolled_back_to > 0)
		printf(
		    ",\"rolled_back_to\":%lld", (long long)v->rolled_back_to);
	putchar(',');
	json_member("note", v->note);
}

static void
versions_json(const char *environment, const struct vaultenv_versions *list)
{
	putchar('{');
	json_member("environment", environment);
	printf(",\"versions\":[");
	for (size_t i = 0; i < list->n; i++) {
		const struct vaultenv_version *v = &list->at[i];

		printf("%s{\"version\":%lld,", i > 0 ? "," : "",
		    (long long)v->version);
		json_member("created_at", v->created_at);
		printf(",\"changed_keys\":[");
		for (size_t k = 0; k < v->n_changed; k++) {
			if (k > 0)
				putchar(',');
			json_string(v->changed[k]);
		}
		putchar(']');
		if (v->author != NULL)
			signed_json(v);
		putchar('}');
	}
	puts("]}");
}

static void
changed_join(const struct vaultenv_version *v, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	if (v->note != NULL) {
		snprintf(out, size, "(%s)", v->note);
		return;
	}
	if (v->rolled_back_to > 0)
		len = (size_t)snprintf(out, size, "back to %lld%s",
		    (long long)v->rolled_back_to, v->n_changed > 0 ? ": " : "");
	for (size_t k = 0; k < v->n_changed && len < size; k++) {
		if (k == CHANGED_SHOWN) {
			snprintf(out + len, size - len, " and %zu more",
			    v->n_changed - k);
			return;
		}
		len += (size_t)snprintf(out + len, size - len, "%s%s",
		    k > 0 ? " " : "", v->changed[k]);
	}
}

static void
versions_table(const struct vaultenv_versions *list)
{
	const bool is_signed = list->at[0].author != NULL;
	char number[32], when[WHEN_MAX], changed[2400];
	struct table table;

	table_init(&table, is_signed ? 4 : 3);
	table_add(&table, "VERSION", COLOUR_DIM);
	table_add(&table, "PUSHED", COLOUR_DIM);
	if (is_signed)
		table_add(&table, "WHO", COLOUR_DIM);
	table_add(&table, "CHANGES", COLOUR_DIM);
	for (size_t i = 0; i < list->n; i++) {
		snprintf(number, sizeof(number), "%lld",
		    (long long)list->at[i].version);
		when_text(list->at[i].created_at, when);
		changed_join(&list->at[i], changed, sizeof(changed));
		table_add(&table, number, COLOUR_NONE);
		table_add(&table, when, COLOUR_NONE);
		if (is_signed)
			table_add(&table, list->at[i].author, COLOUR_NONE);
		table_add(&table, changed,
		    list->at[i].note != NULL ? COLOUR_DIM : COLOUR_NONE);
	}
	table_print(&table);
	table_free(&table);
}

static int
versions_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_versions *list = NULL;
	struct vaultenv_error err;
	const char *environment;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	environment = vaultenv_client_environment(client);
	wait_begin(args, "reading the versions");
	r = vaultenv_secrets_versions(client, &list, &err);
	if (r != 0)
		vaultenv_environments_explain(client, &err);
	wait_end();
	if (r != 0)
		code = session_fail(&err);
	else if (args->json)
		versions_json(environment, list);
	else if (list->n == 0)
		say(args, "Nothing has been pushed to %s yet", environment);
	else
		versions_table(list);
out:
	vaultenv_versions_free(&list);
	vaultenv_client_free(&client);
	return code;
}

const struct command command_versions = {
	.name = "versions",
	.summary = "List the versions of an environment, newest first",
	.about =
	    "A name stands behind what happened to it: + added, ~ changed, "
	    "- removed. The\nnewest 50 versions are listed. In a project of "
	    "protocol 2 each is verified and\ncompared with the one before; "
	    "WHO signed it, and a confirm that changes\nnothing is left out.",
	.run = versions_run,
};
