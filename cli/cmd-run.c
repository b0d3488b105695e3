/* SPDX-License-Identifier: MIT */
/*
 * cmd-run.c: becomes a command that has the secrets in its environment. Prints
 * nothing on stdout, which is the command's.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envfile.h"
#include "launch.h"
#include "output.h"
#include "session.h"
#include "watchrun.h"

/* As every client of protocol v1 has it: the command shares our stderr. */
static void
notice_print(void *arg, const char *text)
{
	fprintf(stderr, "[vault-env] %s\n", text);
}

static int
become(const struct args *args, const struct vaultenv_list *variables)
{
	struct launch launch;
	struct vaultenv_error err;
	int error;

	if (launch_prepare(&launch, variables, args, &err) != 0)
		return session_fail(&err);
	error = launch_exec(&launch, args->command);
	error = launch_explain(&launch, args->command[0], error);
	launch_free(&launch);
	return error;
}

static int
run_run(const struct args *args)
{
	struct vaultenv_load_options load = {
		.override = args->override,
		.allow = args->allow,
		.fresh_s = args->cached_s,
		.mirror = args->mirror,
	};
	struct vaultenv_loaded *loaded = NULL;
	struct vaultenv_options opts;
	struct session_files files = { .file = NULL };
	struct vaultenv_error err;
	int code, r;

	if (args->watch && args->offline) {
		error_print("See: vault-env run --help",
		    "--watch and --offline do not go together");
		return EXIT_USAGE;
	}
	if ((code = session_prepare(args, &files, &opts)) != EXIT_DONE)
		goto out;
	opts.notice = notice_print;
	if (args->offline) {
		r = vaultenv_load_cached(&opts, &load, &loaded, &err);
	} else {
		wait_begin(args, "pulling the secrets");
		r = vaultenv_load(&opts, &load, &loaded, &err);
		wait_end();
	}
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (loaded->source == VAULTENV_SOURCE_FILE &&
	    !envfile_exists(files.file))
		note_print(args,
		    "No VAULT_KEY and no .env file here or in the folders "
		    "above: the command gets no secrets");
	if (args->watch && loaded->source != VAULTENV_SOURCE_FILE)
		code = watchrun(args, &opts, &load, loaded);
	else
		code = become(args, loaded->variables);
out:
	vaultenv_loaded_free(&loaded);
	session_files_free(&files);
	return code;
}

static const struct option_row run_options[] = {
	{ "--watch", NULL, OPTION_FLAG, false, ARG(watch),
	    "restart the command when a secret changes" },
	{ "--interval", "SECONDS", OPTION_SECONDS, false, ARG(interval_s),
	    "with --watch: how often to look (default: 30)" },
	{ "--grace", "SECONDS", OPTION_SECONDS, false, ARG(grace_s),
	    "with --watch: from SIGTERM to SIGKILL (default: 10)" },
	{ "--offline", NULL, OPTION_FLAG, false, ARG(offline),
	    "do not ask the server: use the cache" },
	{ "--cached", "SECONDS", OPTION_SECONDS, false, ARG(cached_s),
	    "use the cache if it is no older than this" },
	{ "--mirror", "URL", OPTION_TEXT, false, ARG(mirror),
	    "ask there if the server is away (or: $VAULT_MIRROR)" },
	{ "--override", NULL, OPTION_FLAG, false, ARG(override),
	    "replace variables that are set already" },
	{ "--no-keys", NULL, OPTION_FLAG, false, ARG(no_keys),
	    "keep VAULT_KEY and the other keys from the command" },
	{ "--allow", "NAME", OPTION_LIST, false, ARG(allow),
	    "keep NAME, by which programs run other code" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_run = {
	.name = "run",
	.summary = "Run a command with the secrets in its environment",
	.operand = "-- COMMAND [ARG]...",
	.about = "Variables that are set already win over the .env file, and "
		 "the file over the\nsecrets. Without a VAULT_KEY the command "
		 "is given the variables of the file\nalone. If the server is "
		 "away, the secrets come from the cache beside the file.",
	.options = run_options,
	.takes_command = true,
	.takes_layers = true,
	.run = run_run,
};
