/* SPDX-License-Identifier: MIT */
/*
 * cmd-diff.c: how two versions, or two environments, differ. Shows names, and
 * values only when asked to.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "secrets.h"
#include "session.h"

struct side {
	struct vaultenv_client *client;
	const char *environment;
	int64_t version;
	struct vaultenv_list *list; /* NULL: before the first version */
};

struct diff {
	const struct args *args;
	struct side from;
	struct side to;
	struct vaultenv_change *changes;
	size_t n_changes;
};

static int
side_open(const struct args *args, const char *env, struct side *side)
{
	struct args own = *args;
	int code;

	own.env = env;
	if ((code = session_open(&own, &side->client)) == EXIT_DONE)
		side->environment = vaultenv_client_environment(side->client);
	return code;
}

static int
side_pull(const struct args *args, int64_t version, struct side *side)
{
	struct vaultenv_error err;
	int r;

	wait_begin(args, "pulling the secrets");
	r = vaultenv_secrets_pull(
	    side->client, version, &side->list, &side->version, &err);
	wait_end();
	if (r != 0)
		return session_fail(&err);
	if (secrets_drop_reserved(side->list) == 0)
		return EXIT_DONE;
	error_print("out of memory");
	return EXIT_FAILED;
}

/* Two environments: the newest of each. One: the version before the other. */
static int
sides_pull(struct diff *d)
{
	const struct args *args = d->args;
	bool two = args->first_env != NULL;
	int64_t from = args->from;
	int code;

	if ((code = side_open(args, two ? args->first_env : args->env,
		 &d->from)) != EXIT_DONE ||
	    (code = side_open(args, args->env, &d->to)) != EXIT_DONE ||
	    (code = side_pull(args, args->to, &d->to)) != EXIT_DONE)
		return code;
	if (!two && from == 0 && (from = d->to.version - 1) == 0)
		return EXIT_DONE;
	return side_pull(args, from, &d->from);
}

/* Quoted, so that a value is one line and steers no terminal. */
static void
value_add(const struct diff *d, struct text *text,
    const struct vaultenv_list *list, const char *name)
{
	const struct vaultenv_pair *pair = vaultenv_list_find(list, name);

	if (!d->args->reveal && pair->value_len > 0)
		text_puts(text, MASK);
	else
		text_json(text, pair->value, pair->value_len);
}

static int
text_out(struct text *text)
{
	int code = EXIT_FAILED;

	if (text->failed)
		error_print("out of memory");
	else
		code = out_secret(text->bytes, text->len);
	text_wipe(text);
	return code;
}

static int
lines_out(const struct diff *d)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < d->n_changes && code == EXIT_DONE; i++) {
		const char *name = d->changes[i].name;
		char mark = d->changes[i].mark;
		struct text values = { 0 };

		change_mark(mark);
		out_text(name, COLOUR_NONE);
		text_puts(&values, ": ");
		if (mark != '+')
			value_add(d, &values, d->from.list, name);
		if (mark == '~')
			text_puts(&values, " -> ");
		if (mark != '-')
			value_add(d, &values, d->to.list, name);
		text_puts(&values, "\n");
		code = text_out(&values);
	}
	return code;
}

static void
side_json(const char *name, const struct side *side)
{
	printf("\"%s\":{", name);
	json_member("environment", side->environment);
	printf(",\"version\":%lld},", (long long)side->version);
}

static int
json_out(const struct diff *d)
{
	struct text text = { 0 };

	putchar('{');
	side_json("from", &d->from);
	side_json("to", &d->to);
	text_puts(&text, "\"changes\":[");
	for (size_t i = 0; i < d->n_changes; i++) {
		const char *name = d->changes[i].name;
		char mark = d->changes[i].mark;

		text_puts(&text, i > 0 ? ",{\"mark\":\"" : "{\"mark\":\"");
		text_add(&text, &mark, 1);
		text_puts(&text, "\",\"name\":");
		text_json(&text, name, strlen(name));
		if (d->args->reveal && mark != '+') {
			text_puts(&text, ",\"before\":");
			value_add(d, &text, d->from.list, name);
		}
		if (d->args->reveal && mark != '-') {
			text_puts(&text, ",\"after\":");
			value_add(d, &text, d->to.list, name);
		}
		text_puts(&text, "}");
	}
	text_puts(&text, "]}\n");
	return text_out(&text);
}

static void
summary_say(const struct diff *d)
{
	char from[32], to[32];

	snprintf(
	    from, sizeof(from), "version %lld", (long long)d->from.version);
	if (d->from.version == 0)
		strcpy(from, "nothing");
	snprintf(to, sizeof(to), "version %lld", (long long)d->to.version);
	if (strcmp(d->from.environment, d->to.environment) == 0)
		say(d->args, "%s: %s to %s%s", d->to.environment, from, to,
		    d->n_changes == 0 ? ": no difference" : "");
	else
		say(d->args, "%s, %s, to %s, %s%s", d->from.environment, from,
		    d->to.environment, to,
		    d->n_changes == 0 ? ": no difference" : "");
}

static int
diff_run(const struct args *args)
{
	struct diff d = { .args = args };
	int code;

	if ((code = sides_pull(&d)) != EXIT_DONE)
		goto out;
	if (vaultenv_list_diff(
		d.from.list, d.to.list, &d.changes, &d.n_changes) != 0) {
		error_print("out of memory");
		code = EXIT_FAILED;
		goto out;
	}
	if (args->json) {
		code = json_out(&d);
		goto out;
	}
	summary_say(&d);
	code = lines_out(&d);
	if (code == EXIT_DONE && !args->reveal && d.n_changes > 0)
		secrets_hidden_hint(args, "");
out:
	free(d.changes);
	vaultenv_list_free(&d.from.list);
	vaultenv_list_free(&d.to.list);
	vaultenv_client_free(&d.from.client);
	vaultenv_client_free(&d.to.client);
	return code;
}

static const struct option_row diff_options[] = {
	{ "--from", "N", OPTION_VERSION, false, ARG(from),
	    "the old version (default: the one before the new)" },
	{ "--to", "N", OPTION_VERSION, false, ARG(to),
	    "the new version (default: the newest)" },
	{ "--reveal", NULL, OPTION_FLAG, false, ARG(reveal), "show values" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_diff = {
	.name = "diff",
	.summary = "Show how two versions or environments differ",
	.about =
	    "A line a name: + added, ~ changed, - removed. With --env twice "
	    "the newest\nversions of two environments are compared; --from "
	    "is then a version of the\nfirst, --to of the second.",
	.options = diff_options,
	.two_environments = true,
	.run = diff_run,
};
