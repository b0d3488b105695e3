/* SPDX-License-Identifier: MIT */
/*
 * cmd-pull.c: the secrets of an environment, to stdout or a file. Shows values
 * on a terminal only when asked to; must not lose the key of the file that it
 * replaces.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envfile.h"
#include "output.h"
#include "secrets.h"
#include "session.h"

/* What the old file must not lose, and the secrets, with their version. */
static int
file_out(const struct args *args, const struct fetched *got, const char *text,
    size_t len, struct vaultenv_error *err)
{
	struct vaultenv_envfile *old = NULL, *file = NULL;
	struct text new = { 0 };
	int r;

	if ((r = vaultenv_envfile_read(args->output, &old, err)) != 0)
		return r;
	if ((r = envfile_keep(old, &new, err)) != 0)
		goto out;
	text_add(&new, text, len);
	if (new.failed) {
		r = vaultenv_error_set(err, VAULTENV_ERR_NOMEM, NULL, "%s",
		    vaultenv_strerror(VAULTENV_ERR_NOMEM));
		goto out;
	}
	if ((r = vaultenv_envfile_from(
		 args->output, -1, new.bytes, new.len, &file, err)) == 0)
		r = vaultenv_envfile_follow(
		    file, got->client, NULL, got->version, err);
out:
	text_wipe(&new);
	vaultenv_envfile_free(&file);
	vaultenv_envfile_free(&old);
	return r;
}

static int
dotenv_out(const struct args *args, const struct fetched *got)
{
	size_t len = 0, n = vaultenv_list_len(got->list);
	struct vaultenv_error err;
	char *text = NULL;
	int code = EXIT_DONE;

	if (vaultenv_dotenv_write(got->list, &text, &len, &err) != 0)
		return session_fail(&err);
	if (args->output == NULL)
		code = out_secret(text, len);
	else if (file_out(args, got, text, len, &err) != 0)
		code = session_fail(&err);
	else
		say(args, "Pulled %zu variable%s of %s, version %lld, into %s",
		    n, n == 1 ? "" : "s", got->environment,
		    (long long)got->version, args->output);
	vaultenv_text_free(&text, len);
	return code;
}

static int
pull_run(const struct args *args)
{
	struct fetched got = { 0 };
	bool mask =
	    args->output == NULL && !args->reveal && isatty(STDOUT_FILENO);
	int code;

	if (args->json && args->output != NULL) {
		error_print("See: vault-env pull --help",
		    "--json and --output do not go together");
		return EXIT_USAGE;
	}
	if ((code = secrets_fetch(args, args->version, &got)) != EXIT_DONE)
		goto out;
	if (secrets_drop_reserved(got.list) != 0 ||
	    (mask && secrets_mask(got.list) != 0)) {
		error_print(NULL, "Out of memory");
		code = EXIT_FAILED;
		goto out;
	}
	if (args->json)
		code = secrets_json(got.environment, got.version, got.list);
	else
		code = dotenv_out(args, &got);
	if (code == EXIT_DONE && mask)
		secrets_hidden_hint(args, ", or --output FILE to store them");
out:
	fetched_free(&got);
	return code;
}

static const struct option_row pull_options[] = {
	{ "--mirror", "URL", OPTION_TEXT, false, ARG(mirror),
	    "ask there if the server is away (or: $VAULT_MIRROR)" },
	{ "--output", "FILE", OPTION_TEXT, false, ARG(output),
	    "write to FILE instead of standard output" },
	{ "--reveal", NULL, OPTION_FLAG, false, ARG(reveal),
	    "show values on a terminal too" },
	{ "--version", "N", OPTION_VERSION, false, ARG(version),
	    "this version instead of the newest" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_pull = {
	.name = "pull",
	.summary = "Fetch and decrypt the secrets of an environment",
	.about = "Prints .env text; on a terminal the values are hidden. "
		 "--output replaces FILE as\na whole, for its owner only, but "
		 "keeps the reserved names that are in it, such\nas VAULT_KEY "
		 "and VAULT_URL.",
	.options = pull_options,
	.run = pull_run,
};
