/* SPDX-License-Identifier: MIT */
/*
 * secrets.c: shows secrets and changes of them: as JSON, masked, by name. Must
 * not let a value through stdio, whose buffer nobody wipes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "output.h"
#include "secrets.h"
#include "session.h"

/* While the server is away. */
static int
mirror_try(const struct args *args, int r, struct fetched *out,
    struct vaultenv_error *err)
{
	const char *mirror = args->mirror != NULL
				 ? args->mirror
				 : session_variable("VAULT_MIRROR");
	char away[VAULTENV_ERROR_LINE];

	if (mirror == NULL ||
	    (r != VAULTENV_ERR_NETWORK && r != VAULTENV_ERR_SERVER))
		return r;
	vaultenv_error_line(err, away);
	warning_print("Remote fetch failed, using the mirror: %s", away);
	return vaultenv_secrets_mirror(
	    out->client, mirror, &out->list, &out->version, err);
}

int
secrets_fetch(const struct args *args, int64_t version, struct fetched *out)
{
	struct vaultenv_error err;
	int code, r;

	if (out->client == NULL) {
		if ((code = session_open(args, &out->client)) != EXIT_DONE)
			return code;
		out->environment = vaultenv_client_environment(out->client);
	}
	wait_begin(args, "pulling the secrets");
	r = vaultenv_secrets_pull(
	    out->client, version, &out->list, &out->version, &err);
	if (version == 0)
		r = mirror_try(args, r, out, &err);
	if (r != 0)
		vaultenv_environments_explain(out->client, &err);
	wait_end();
	return r == 0 ? EXIT_DONE : session_fail(&err);
}

void
fetched_free(struct fetched *f)
{
	vaultenv_list_free(&f->list);
	vaultenv_client_free(&f->client);
}

int
secrets_drop_reserved(struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;
	size_t i = 0;
	int r;

	while ((pair = vaultenv_list_at(list, i)) != NULL) {
		if (!vaultenv_name_is_reserved(pair->name)) {
			i++;
			continue;
		}
		warning_print("The secrets hold %s, which was left out: it is "
			      "never taken from the server",
		    pair->name);
		if ((r = vaultenv_list_delete(list, pair->name)) != 0)
			return r;
	}
	return 0;
}

bool
secrets_are_there(const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		if (!vaultenv_name_is_reserved(pair->name))
			return true;
	return false;
}

int
secrets_lack(
    const char *environment, const char *name, struct vaultenv_error *err)
{
	char hint[VAULTENV_ERROR_HINT];

	snprintf(
	    hint, sizeof(hint), "See: vault-env pull --env %s", environment);
	return vaultenv_error_set(err, VAULTENV_ERR_NOT_FOUND, hint,
	    "%s has no %s", environment, name);
}

int
secrets_mask(struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;
	int r;

	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		if (pair->value_len == 0)
			continue;
		r = vaultenv_list_set(list, pair->name, MASK, strlen(MASK));
		if (r != 0)
			return r;
	}
	return 0;
}

int
secrets_json(
    const char *environment, int64_t version, const struct vaultenv_list *list)
{
	struct text json = { 0 };
	int code;

	text_json_object(&json, list);
	if (json.failed) {
		error_print(NULL, "Out of memory, or more than 16 MiB");
		code = EXIT_FAILED;
		goto out;
	}
	putchar('{');
	json_member("environment", environment);
	printf(",\"version\":%lld,\"secrets\":", (long long)version);
	if ((code = out_secret(json.bytes, json.len)) == EXIT_DONE)
		puts("}");
out:
	text_wipe(&json);
	return code;
}

void
secrets_hidden_hint(const struct args *args, const char *other)
{
	if (!args->quiet)
		fprintf(stderr,
		    "vault-env: values are hidden%s: use --reveal to see "
		    "them%s\n",
		    other[0] != '\0' ? " on a terminal" : "", other);
}

void
change_mark(char mark)
{
	const char text[] = { mark, ' ', '\0' };

	out_text(text, mark == '+'   ? COLOUR_GREEN
		       : mark == '-' ? COLOUR_RED
				     : COLOUR_YELLOW);
}

void
change_show(const struct args *args, const struct vaultenv_change *change)
{
	if (args->json)
		return;
	change_mark(change->mark);
	out_text(change->name, COLOUR_NONE);
	putchar('\n');
}

void
changes_show(
    const struct args *args, const struct vaultenv_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		change_show(args, &changes[i]);
}

static void
changed_json(const char *environment, const struct vaultenv_changed *changed)
{
	char mark[2] = "";

	putchar('{');
	json_member("environment", environment);
	printf(",\"version\":%lld,\"pushed\":%s,\"changes\":[",
	    (long long)changed->version, changed->pushed ? "true" : "false");
	for (size_t i = 0; i < changed->n_changes; i++) {
		mark[0] = changed->changes[i].mark;
		printf("%s{", i > 0 ? "," : "");
		json_member("mark", mark);
		putchar(',');
		json_member("name", changed->changes[i].name);
		putchar('}');
	}
	puts("]}");
}

void
pushed_say(const struct args *args, const char *environment,
    const struct vaultenv_changed *changed)
{
	if (changed->new_environment)
		say(args, "Made a new environment: %s", environment);
	if (changed->pushed)
		say(args, "Pushed version %lld to %s",
		    (long long)changed->version, environment);
	else if (changed->n_changes == 0)
		say(args, "Nothing changed: %s is at version %lld", environment,
		    (long long)changed->version);
	else
		say(args, "Nothing was pushed: this was a dry run");
}

void
changed_tell(const struct args *args, const char *environment,
    const struct vaultenv_changed *changed)
{
	if (args->json) {
		changed_json(environment, changed);
		return;
	}
	if (!args->quiet || args->dry_run)
		changes_show(args, changed->changes, changed->n_changes);
	pushed_say(args, environment, changed);
}

void
text_json_object(struct text *text, const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;

	text_puts(text, "{");
	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++) {
		text_puts(text, i > 0 ? "," : "");
		text_json(text, pair->name, strlen(pair->name));
		text_puts(text, ":");
		text_json(text, pair->value, pair->value_len);
	}
	text_puts(text, "}");
}
