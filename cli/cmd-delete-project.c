/* SPDX-License-Identifier: MIT */
/*
 * cmd-delete-project.c: a project, deleted for everybody. Asks for its id,
 * which is what every command calls it by: nobody types that by mistake.
 */
#include "config.h"

#include <string.h>

#include "output.h"
#include "session.h"

#define TYPED_MAX 64

static int
confirm(const struct args *args, const struct vaultenv_client *client)
{
	const char *id = vaultenv_client_project_id(client);
	const char *given = args->confirm;
	char typed[TYPED_MAX];

	if (given == NULL && !can_ask()) {
		error_print("See: vault-env delete-project --help",
		    "Nobody can be asked here: delete-project needs --confirm "
		    "with the id of the project, %s",
		    id);
		return EXIT_USAGE;
	}
	if (given == NULL &&
	    ask_line(typed, sizeof(typed),
		"This deletes project %s on %s for everybody and for ever: its "
		"secrets, their versions, its devices. Type its id to go on:",
		id, vaultenv_client_url(client)))
		given = typed;
	if (given != NULL && strcmp(given, id) == 0)
		return EXIT_DONE;
	error_print(
	    NULL, "That is not the id of project %s: nothing was deleted", id);
	return EXIT_REFUSED;
}

static int
delete_project_run(const struct args *args)
{
	struct vaultenv_client *client = NULL;
	struct vaultenv_error err;
	const char *id;
	int code, r;

	if ((code = session_open(args, &client)) != EXIT_DONE ||
	    (code = confirm(args, client)) != EXIT_DONE)
		goto out;
	id = vaultenv_client_project_id(client);
	wait_begin(args, "deleting the project");
	r = vaultenv_project_delete(client, &err);
	wait_end();
	if (r != 0) {
		code = session_fail(&err);
		goto out;
	}
	if (args->json) {
		putchar('{');
		json_member("project_id", id);
		puts(",\"deleted\":true}");
	}
	say(args, "Deleted project %s on %s", id, vaultenv_client_url(client));
	note_print(args,
	    "Its VAULT_KEY is of no more use: take it out of the .env "
	    "files. What machines have in "
	    "their caches serves until it is too old");
out:
	vaultenv_client_free(&client);
	return code;
}

static const struct option_row delete_project_options[] = {
	{ "--confirm", "ID", OPTION_TEXT, false, ARG(confirm),
	    "the project's id, instead of typing it on a terminal" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_delete_project = {
	.name = "delete-project",
	.summary = "Delete the project with all its secrets, for everybody",
	.about = "For an admin's device. The server forgets everything but the "
		 "project's id and\nwho did what; nothing brings it back.",
	.options = delete_project_options,
	.v2 = true,
	.run = delete_project_run,
};
