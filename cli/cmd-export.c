/* SPDX-License-Identifier: MIT */
/*
 * cmd-export.c: the secrets for another program to read. Shows values on a
 * terminal only when asked to.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envfile.h"
#include "export.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

static int
usage(const char *what)
{
	error_print("See: vault-env export --help", "%s", what);
	return EXIT_USAGE;
}

/* *format, if the options make sense together. */
static int
options_check(const struct args *args, const struct export_format **format)
{
	const char *name = args->format != NULL ? args->format : "env";
	bool k8s = strcmp(name, "k8s") == 0;
	char what[128];

	if ((*format = export_format_find(name)) == NULL) {
		snprintf(what, sizeof(what), "--format must be %s",
		    export_format_names);
		return usage(what);
	}
	if (k8s && args->name == NULL)
		return usage("--format k8s needs --name NAME");
	if (!k8s && args->name != NULL)
		return usage("--name is for --format k8s only");
	if (k8s && !export_k8s_name_is_valid(args->name))
		return usage("--name must be a DNS name: lower-case letters, "
			     "digits, '-' and '.'");
	if (args->json && strcmp(name, "json") != 0 && args->format != NULL)
		return usage("--json and another --format do not go together");
	if (args->json)
		*format = export_format_find("json");
	return EXIT_DONE;
}

static bool
has(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* With --only, drops all the others. A name that is not there is an error. */
static int
others_drop(const struct args *args, struct fetched *got)
{
	const struct vaultenv_pair *pair;
	struct vaultenv_error err;
	size_t i = 0;

	if (args->only[0] == NULL)
		return EXIT_DONE;
	for (size_t k = 0; args->only[k] != NULL; k++) {
		if (vaultenv_list_find(got->list, args->only[k]) != NULL)
			continue;
		secrets_lack(got->environment, args->only[k], &err);
		return session_fail(&err);
	}
	while ((pair = vaultenv_list_at(got->list, i)) != NULL) {
		if (has(args->only, pair->name)) {
			i++;
		} else if (vaultenv_list_delete(got->list, pair->name) != 0) {
			error_print(NULL, "Out of memory");
			return EXIT_FAILED;
		}
	}
	return EXIT_DONE;
}

/* What programs would run code for: as run and load leave it out. */
static int
runs_code_drop(const struct args *args, struct vaultenv_list *list)
{
	struct vaultenv_list *left_out = NULL;
	const struct vaultenv_pair *pair;
	char *text = NULL;
	size_t i = 0;
	int r;

	r = vaultenv_list_new(&left_out);
	while (r == 0 && (pair = vaultenv_list_at(list, i)) != NULL) {
		if (!vaultenv_name_runs_code(pair->name) ||
		    has(args->allow, pair->name))
			i++;
		else if ((r = vaultenv_list_set(left_out, pair->name, "", 0)) ==
			 0)
			r = vaultenv_list_delete(list, pair->name);
	}
	if (r == 0 && (text = vaultenv_left_out_text(left_out)) != NULL)
		warning_print("%s", text);
	free(text);
	vaultenv_list_free(&left_out);
	return r;
}

/* To the end of a file that is there: what others wrote into it stays. */
static int
file_append(const char *path, const struct text *text)
{
	const int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	size_t done = 0;
	ssize_t n = 0;
	bool failed = fd < 0;

	for (; !failed && done < text->len; done += (size_t)n)
		failed =
		    (n = write(fd, text->bytes + done, text->len - done)) <= 0;
	if (fd >= 0 && close(fd) != 0)
		failed = true;
	if (!failed)
		return EXIT_DONE;
	error_print(NULL, "Cannot append to %s: %s", path, strerror(errno));
	return EXIT_FAILED;
}

/* The masks first: from then on no log shows the values. */
static int
append_out(const struct args *args, const struct export_format *format,
    const struct vaultenv_list *list, const struct text *text)
{
	const char *path = args->output;
	struct text masks = { 0 };
	int code = EXIT_FAILED;

	if (path == NULL)
		path = session_variable(format->append_to);
	if (path == NULL) {
		error_print("Run it in a step of a workflow, or give --output",
		    "$%s is not set, which --format %s appends to",
		    format->append_to, format->name);
		return EXIT_USAGE;
	}
	export_masks(&masks, list);
	if (masks.failed)
		error_print(NULL, "Out of memory, or more than 16 MiB");
	else if ((code = out_secret(masks.bytes, masks.len)) == EXIT_DONE)
		code = file_append(path, text);
	text_wipe(&masks);
	return code;
}

static int
write_out(const struct args *args, const struct export_format *format,
    const struct vaultenv_list *list)
{
	struct vaultenv_error err;
	struct text text = { 0 };
	int code;

	if (format->write(&text, list, args->name, &err) != 0) {
		code = session_fail(&err);
	} else if (text.failed) {
		error_print(NULL, "Out of memory, or more than 16 MiB");
		code = EXIT_FAILED;
	} else if (format->append_to != NULL) {
		code = append_out(args, format, list, &text);
	} else if (args->output == NULL) {
		code = out_secret(text.bytes, text.len);
	} else if (envfile_store(args->output, text.bytes, text.len, &err) !=
		   0) {
		code = session_fail(&err);
	} else {
		code = EXIT_DONE;
		say(args, "Exported %zu variable%s into %s",
		    vaultenv_list_len(list),
		    vaultenv_list_len(list) == 1 ? "" : "s", args->output);
	}
	text_wipe(&text);
	return code;
}

static int
export_run(const struct args *args)
{
	const struct export_format *format = NULL;
	struct fetched got = { 0 };
	bool hide = !args->reveal && isatty(STDOUT_FILENO), mask;
	int code;

	if ((code = options_check(args, &format)) != EXIT_DONE)
		goto out;
	mask = hide && args->output == NULL && format->append_to == NULL;
	if (hide && format->append_to != NULL) {
		code = usage("--format github prints every value, for a runner "
			     "to hide it: on a terminal only with --reveal");
		goto out;
	}
	if ((code = secrets_fetch(args, 0, &got)) != EXIT_DONE ||
	    (code = others_drop(args, &got)) != EXIT_DONE)
		goto out;
	if (secrets_drop_reserved(got.list) != 0 ||
	    runs_code_drop(args, got.list) != 0 ||
	    (mask && secrets_mask(got.list) != 0)) {
		error_print(NULL, "Out of memory");
		code = EXIT_FAILED;
		goto out;
	}
	code = write_out(args, format, got.list);
	if (code == EXIT_DONE && mask)
		secrets_hidden_hint(args, ", or --output FILE to store them");
out:
	fetched_free(&got);
	return code;
}

static const struct option_row export_options[] = {
	{ "--format", "FORMAT", OPTION_TEXT, false, ARG(format),
	    "how to write them (default: env)" },
	{ "--only", "NAME", OPTION_LIST, false, ARG(only),
	    "export NAME alone; may be given several times" },
	{ "--name", "NAME", OPTION_TEXT, false, ARG(name),
	    "with k8s: the name of the Secret" },
	{ "--output", "FILE", OPTION_TEXT, false, ARG(output),
	    "write to FILE instead of standard output or $GITHUB_ENV" },
	{ "--reveal", NULL, OPTION_FLAG, false, ARG(reveal),
	    "show values on a terminal too" },
	{ "--allow", "NAME", OPTION_LIST, false, ARG(allow),
	    "keep NAME, by which programs run other code" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_export = {
	.name = "export",
	.summary = "Print the secrets for another program to read",
	.about =
	    "Formats: env, json and yaml; shell for eval or a shell's dot "
	    "command; docker for\ndocker run --env-file; k8s for kubectl "
	    "apply -f -; systemd for EnvironmentFile=;\ngithub for "
	    "$GITHUB_ENV in a step of GitHub Actions. What a format cannot "
	    "hold\nis an error that names it.",
	.options = export_options,
	.run = export_run,
};
