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

struct diff {
	const struct args *args;
	struct fetched from; /* list NULL: before the first version */
	struct fetched to;
	struct vaultenv_change *changes;
	size_t n_changes;
};

static int
side_fetch(const struct args *args, int64_t version, struct fetched *side)
{
	int code;

	if ((code = secrets_fetch(args, version, side)) != EXIT_DONE)
		return code;
	if (secrets_drop_reserved(side->list) == 0)
		return EXIT_DONE;
	error_print(NULL, "Out of memory");
	return EXIT_FAILED;
}

/*
 * Two environments: the newest of each. One: the version before the other, by
 * the same session.
 */
static int
sides_fetch(struct diff *d)
{
	struct args first = *d->args;
	int64_t from = first.from;
	int code;

	if ((code = side_fetch(d->args, d->args->to, &d->to)) != EXIT_DONE)
		return code;
	if (first.first_env != NULL) {
		first.env = first.first_env;
		return side_fetch(&first, from, &d->from);
	}
	d->from.environment = d->to.environment;
	if (from == 0 && (from = d->to.version - 1) == 0)
		return EXIT_DONE;
	d->from.client = d->to.client;
	d->to.client = NULL;
	return side_fetch(&first, from, &d->from);
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
		error_print(NULL, "Out of memory");
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
side_json(const char *name, const struct fetched *side)
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

	if ((code = sides_fetch(&d)) != EXIT_DONE)
		goto out;
	if (vaultenv_list_diff(
		d.from.list, d.to.list, &d.changes, &d.n_changes) != 0) {
		error_print(NULL, "Out of memory");
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
	fetched_free(&d.from);
	fetched_free(&d.to);
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
	    "Each name that differs has a line: + added, ~ changed, - "
	    "removed. If --env is\ngiven twice, the newest versions of two "
	    "environments are compared; --from is\nthen a version of the "
	    "first, --to of the second.",
	.options = diff_options,
	.two_environments = true,
	.run = diff_run,
};
