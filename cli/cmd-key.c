/* SPDX-License-Identifier: MIT */
/*
 * cmd-key.c: VAULT_KEY as it is handed out best: with the newest anchor, behind
 * which nobody can be led who has it.
 */
#include "config.h"

#include "key.h"
#include "output.h"
#include "session.h"

static int
key_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	char *key = NULL;
	size_t len = 0;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE)
		goto out;
	wait_begin(args, "reading the list of devices");
	r = vaultenv_key_newest(client, &key, &len, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("project_id", vaultenv_client_project_id(client));
		putchar(',');
		if ((code = key_json("vault_key", key)) == EXIT_DONE)
			puts("}");
		goto out;
	}
	if ((code = key_line("", key)) == EXIT_DONE)
		note_print(args, "The same key as before, with a newer anchor: "
				 "the first 104 characters are equal");
out:
	vaultenv_text_free(&key, len);
	vaultenv_client_free(&client);
	return code;
}

const struct command command_key = {
	.name = "key",
	.summary = "Print VAULT_KEY with the newest anchor",
	.about =
	    "A VAULT_KEY ends in its anchor: it proves to a new machine that "
	    "this is the true\nproject, as it was at that time or later. Hand "
	    "out the key with the newest one;\nthose with older ones stay "
	    "good.",
	.v2 = true,
	.run = key_run,
};
