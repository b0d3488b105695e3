/* SPDX-License-Identifier: MIT */
/*
 * cmd-verify.c: every signature of a project, and whether somebody else was
 * shown the same.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heads.h"
#include "output.h"
#include "session.h"
#include "text.h"

/* What was found to be wrong. */
struct problems {
	const struct args *args;
	struct vaultenv_error *at; /* with --json */
	size_t n;
};

static void
found(void *arg, const struct vaultenv_error *err)
{
	struct problems *p = arg;
	struct vaultenv_error *grown;

	wait_end();
	if (!p->args->json) {
		error_show(err);
		return;
	}
	grown = reallocarray(p->at, p->n + 1, sizeof(*grown));
	if (grown == NULL)
		return;
	p->at = grown;
	p->at[p->n++] = *err;
}

static int
against_read(const char *path, struct text *text)
{
	struct vaultenv_error err;
	char *bytes = NULL;
	size_t len;

	if (path == NULL)
		return EXIT_DONE;
	if (strcmp(path, "-") == 0) {
		while (text_read(text, STDIN_FILENO) > 0 && !text->failed)
			continue;
	} else {
		if (vaultenv_file_read(path, &bytes, &len, &err) != 0)
			return session_fail(&err);
		text_add(text, bytes, len);
		vaultenv_text_free(&bytes, len);
	}
	if (!text->failed && text->len > 0)
		return EXIT_DONE;
	error_print("Give it what vault-env heads prints elsewhere",
	    "There is nothing to compare with in %s",
	    strcmp(path, "-") == 0 ? "standard input" : path);
	return EXIT_FAILED;
}

static void
verified_json(const struct vaultenv_client *client,
    const struct vaultenv_heads *heads, const struct problems *p)
{
	putchar('{');
	json_member("project_id", vaultenv_client_project_id(client));
	putchar(',');
	heads_json(heads);
	printf(",\"problems\":[");
	for (size_t i = 0; i < p->n; i++) {
		if (i > 0)
			putchar(',');
		error_json(stdout, &p->at[i]);
	}
	puts("]}");
}

static void
verified_tell(const struct args *args, const struct vaultenv_heads *heads)
{
	fwrite(heads->text, 1, heads->text_len, stdout);
	note_print(args, "%lld %s of the list of devices and %zu %s verified%s",
	    (long long)heads->log.version + 1,
	    heads->log.version == 0 ? "entry" : "entries", heads->n,
	    heads->n == 1 ? "environment" : "environments",
	    args->against == NULL ? "" : ", and the same elsewhere");
}

static int
verify(const struct args *args, struct vaultenv_client *client,
    const struct text *against)
{
	struct problems problems = { .args = args };
	struct vaultenv_verify_options options = { .found = found,
		.arg = &problems };
	struct vaultenv_heads *heads = NULL;
	struct vaultenv_error err;
	int code = EXIT_DONE, r;

	if (args->against != NULL) {
		options.against = against->bytes;
		options.against_len = against->len;
		options.against_name = strcmp(args->against, "-") == 0
					   ? "standard input"
					   : args->against;
	}
	wait_begin(args, "verifying every signature");
	r = vaultenv_project_verify(client, &options, &heads, &err);
	wait_end();
	if (heads == NULL)
		code = session_fail(&err);
	else if (r != 0)
		code = session_exit_code(r);
	if (heads != NULL && args->json)
		verified_json(client, heads, &problems);
	else if (r == 0)
		verified_tell(args, heads);
	vaultenv_heads_free(&heads);
	free(problems.at);
	return code;
}

static int
verify_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct text against = { 0 };
	int code;

	if ((code = session_open(args, &client)) == EXIT_DONE &&
	    (code = against_read(args->against, &against)) == EXIT_DONE)
		code = verify(args, client, &against);
	text_wipe(&against);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row verify_options[] = {
	{ "--against", "FILE", OPTION_TEXT, false, ARG(against),
	    "heads of another machine; -: standard input" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_verify = {
	.name = "verify",
	.summary = "Verify every signature of the project",
	.about =
	    "Reads the whole list of devices and every version's record of "
	    "each environment\nthat this device may read, and verifies all "
	    "signatures. Then prints where both\nstand, as heads does. With "
	    "--against FILE it also says whether FILE, from a\ncolleague, from "
	    "git or from a mirror, is of the same history.",
	.options = verify_options,
	.v2 = true,
	.run = verify_run,
};
