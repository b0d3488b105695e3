/* SPDX-License-Identifier: MIT */
/*
 * cmd-bundle.c: the newest version as a file for a mirror; or all that this
 * machine holds, for an operator who restores a server.
 */
#include "config.h"

#include <stdio.h>

#include "output.h"
#include "session.h"

#define RECORDS 100

static int
options_check(const struct args *args)
{
	if (!args->all || (args->records == 0 && args->env == NULL))
		return EXIT_DONE;
	error_print("See: vault-env bundle --help",
	    "--all and %s do not go together",
	    args->env != NULL ? "--env" : "--records");
	return EXIT_USAGE;
}

static int
bundle_put(const struct args *args, const struct vaultenv_client *client,
    const char *text, size_t len)
{
	struct vaultenv_error err;

	if (args->output == NULL) {
		fwrite(text, 1, len, stdout);
		return EXIT_DONE;
	}
	if (vaultenv_file_write(args->output, text, len, &err) != 0)
		return session_fail(&err);
	if (args->all)
		say(args, "Wrote what this machine holds of project %s to %s",
		    vaultenv_client_project_id(client), args->output);
	else
		say(args, "Wrote the newest version of %s to %s",
		    vaultenv_client_environment(client), args->output);
	return EXIT_DONE;
}

static int
bundle_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	char *text = NULL;
	size_t len = 0;
	int code, r;

	if ((code = options_check(args)) != EXIT_DONE ||
	    (code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "collecting what belongs to it");
	r = args->all ? vaultenv_bundle_all(client, &text, &len, &err)
		      : vaultenv_bundle_write(client,
			    args->records > 0 ? args->records : RECORDS, &text,
			    &len, &err);
	wait_end();
	code =
	    r != 0 ? session_fail(&err) : bundle_put(args, client, text, len);
out:
	vaultenv_text_free(&text, len);
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row bundle_options[] = {
	{ "--all", NULL, OPTION_FLAG, false, ARG(all),
	    "what this machine holds, for an operator who restores" },
	{ "--output", "FILE", OPTION_TEXT, false, ARG(output),
	    "write it there and not to standard output" },
	{ "--records", "N", OPTION_VERSION, false, ARG(records),
	    "how many versions it can be linked with (default: 100)" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_bundle = {
	.name = "bundle",
	.summary = "Write an environment as a file, for a mirror",
	.about = "For an admin's device. The file is put on any web server as\n"
		 "PROJECT/ENVIRONMENT.json, where --mirror finds it. It opens "
		 "only with VAULT_KEY\n"
		 "and device secret of a device of the project, but names "
		 "them. With --all, on any\n"
		 "machine and without the server, it is what the operator of a "
		 "server needs whose\n"
		 "backup is older than what the machine has seen.",
	.options = bundle_options,
	.v2 = true,
	.run = bundle_run,
};
