/* SPDX-License-Identifier: MIT */
/*
 * cmd-heads.c: what this machine has seen of a project, for .vault-heads and
 * for others to compare with. Asks nobody.
 */
#include "config.h"

#include "heads.h"
#include "output.h"
#include "session.h"

static int
heads_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_heads *heads = NULL;
	struct vaultenv_error err;
	int code;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	if (vaultenv_project_heads(client, &heads, &err) != 0) {
		code = session_fail(&err);
	} else if (args->json) {
		putchar('{');
		json_member("project_id", vaultenv_client_project_id(client));
		putchar(',');
		heads_json(heads);
		puts("}");
	} else {
		fwrite(heads->text, 1, heads->text_len, stdout);
	}
out:
	vaultenv_heads_free(&heads);
	vaultenv_client_free(&client);
	return code;
}

const struct command command_heads = {
	.name = "heads",
	.summary = "Print what this machine has seen of the project",
	.about =
	    "Prints the newest entry of the list of devices and the newest "
	    "version of each\nenvironment that this machine has verified, "
	    "each with its hash. Kept as\n.vault-heads beside .env and "
	    "in git, no machine that has it can be shown less:\n"
	    "vault-env heads >.vault-heads",
	.v2 = true,
	.run = heads_run,
};
